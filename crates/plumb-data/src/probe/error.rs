//! Why a probe could not be fitted.

use plumb_ledger::{ExitCode, Explain};

use crate::PredictError;

/// A probe that was not fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// No row has a label.
    #[error("no labelled row to fit a baseline on")]
    NoRows,
    /// Table and target are not of the same data.
    #[error("the table has {table} rows, the target {target}")]
    Lengths {
        /// Rows of the table.
        table: usize,
        /// Rows of the target.
        target: usize,
    },
    /// Fewer labelled rows than folds, or fewer than two folds.
    #[error("{rows} labelled rows cannot be parted into {folds} folds")]
    Folds {
        /// How many folds were asked for.
        folds: usize,
        /// How many labelled rows there are.
        rows: usize,
    },
    /// No text of the rows has a term that another one has.
    #[error("no two texts share a word")]
    NoTexts,
    /// A fitted probe could not predict.
    #[error(transparent)]
    Predict(#[from] PredictError),
}

impl Explain for ProbeError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoRows => Some("fill in the column named by `data.target`".to_owned()),
            Self::Folds { .. } => Some("add rows or lower `split.folds`".to_owned()),
            Self::Lengths { .. } | Self::NoTexts | Self::Predict(_) => None,
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoRows | Self::NoTexts | Self::Folds { .. } | Self::Predict(_) => ExitCode::Data,
            Self::Lengths { .. } => ExitCode::Failed,
        }
    }
}
