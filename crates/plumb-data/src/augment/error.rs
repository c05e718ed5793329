//! Why a policy of augmentation cannot be used.

use plumb_ledger::nearest::did_you_mean;
use plumb_ledger::{ExitCode, Explain};

use super::entry::BINS;
use super::operations::OPERATIONS;

/// A figure of a policy that is out of its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AugmentError {
    /// No probability.
    #[error("the probability of `{what}` is {value}, not between 0 and 1")]
    Probability {
        /// What is done with it.
        what: &'static str,
        /// The figure.
        value: f64,
    },
    /// A magnitude that the operation does not have, or none where there must be one.
    #[error("`{operation}` needs two magnitudes between {least} and {greatest} ({unit})")]
    Magnitude {
        /// The operation.
        operation: &'static str,
        /// The least magnitude.
        least: f64,
        /// The greatest.
        greatest: f64,
        /// What is counted.
        unit: &'static str,
    },
    /// A magnitude of an operation that is done or not.
    #[error("`{operation}` has no magnitude")]
    NoMagnitude {
        /// The operation.
        operation: &'static str,
    },
    /// No operation has this name.
    #[error("unknown operation `{0}`")]
    Unknown(String),
    /// A text that names no step.
    #[error("`{0}` is no step of an augmentation")]
    Form(String),
    /// A magnitude of RandAugment beyond its table.
    #[error("the magnitude {0} of `rand-augment` is beyond its table, which ends at {end}", end = BINS - 1)]
    Bin(usize),
}

impl AugmentError {
    pub(super) fn probability(what: &'static str, value: f64) -> Result<(), Self> {
        (0.0..=1.0).contains(&value).then_some(()).ok_or(Self::Probability { what, value })
    }
}

impl Explain for AugmentError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unknown(name) => {
                return Some(did_you_mean(name, OPERATIONS.iter().map(|operation| operation.name)));
            }
            Self::Form(_) => {
                "write `NAME`, `NAME=LEAST..GREATEST`, each with `@PROBABILITY` behind it or not"
            }
            Self::Probability { .. } => {
                "see the options and the probabilities of the augmentation in the job"
            }
            Self::Magnitude { .. } => "write the operation as `NAME=LEAST..GREATEST`",
            Self::NoMagnitude { .. } => "write the operation's name alone",
            Self::Bin(_) => "the paper's magnitude is 9",
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}
