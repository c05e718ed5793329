//! Why training ended without a model.

use plumb_ledger::{ExitCode, Explain};

use crate::optim::OptimizerError;
use crate::parameters::ArraysError;

/// Why training ended without a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// A loss or a gradient is no finite number any more.
    #[error("the {what} of step {step} is not finite, first in `{layer}`")]
    NonFinite {
        /// `loss` or `gradient`.
        what: &'static str,
        /// The step, counted from 0.
        step: u64,
        /// The layer or parameter where it shows first.
        layer: String,
        /// The rows of the batch, as numbers of prepared training rows.
        rows: Vec<u32>,
    },
    /// There is nothing to learn from.
    #[error("no training rows with labels")]
    NoRows,
    /// A setting is outside its range.
    #[error("`{key}` is {value}, it must be {range}")]
    Setting {
        /// The job key.
        key: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// The metric is unknown.
    #[error("unknown metric `{0}`")]
    Metric(String),
    /// The checkpoint is of another run.
    #[error("the checkpoint was written with another {what}: `{found}`, now `{wanted}`")]
    OtherRun {
        /// What differs.
        what: String,
        /// In the checkpoint.
        found: String,
        /// Now.
        wanted: String,
    },
    /// The checkpoint cannot be read.
    #[error("damaged checkpoint: {0}")]
    Checkpoint(String),
    /// Whoever keeps checkpoints could not.
    #[error("the checkpoint was not saved: {0}")]
    NotSaved(String),
    /// Weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] ArraysError),
    /// The optimizer's settings or state.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
}

impl Explain for TrainError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NonFinite { .. } => "lower `train.lr`, set `train.clip_norm = 1.0`, or look at those rows",
            Self::NoRows => "lower `split.valid` and `split.test`, or give more data",
            Self::Setting { key, .. } => return Some(format!("change `{key}`")),
            Self::Metric(name) => {
                let known = plumb_stats::metrics::METRICS.iter().map(|metric| metric.name);
                let near = plumb_ledger::nearest::did_you_mean(name, known);
                return Some(format!("set `evaluate.primary`; {near}"));
            }
            Self::OtherRun { .. } => "resume with the job and the data of that run, or start a new one",
            Self::Checkpoint(_) => "start a new run: `plumb run` without `--resume`",
            Self::NotSaved(_) => "free space on the disk of the run folder, then `plumb run --resume`",
            Self::Weights(error) => return error.hint(),
            Self::Optimizer(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Setting { .. } | Self::Metric(_) | Self::OtherRun { .. } => ExitCode::Usage,
            Self::NoRows => ExitCode::Data,
            Self::NonFinite { .. } | Self::Checkpoint(_) | Self::NotSaved(_) => ExitCode::Failed,
            Self::Weights(error) => error.exit_code(),
            Self::Optimizer(error) => error.exit_code(),
        }
    }
}
