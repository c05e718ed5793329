//! Why a report could not be drawn.

use plumb_ledger::{ExitCode, Explain};

/// Why a report could not be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// A file that every run has is not there.
    #[error("the run folder has no `{file}`")]
    Missing {
        /// Its name.
        file: &'static str,
    },
    /// A file is not what it should be.
    #[error("cannot read a file of the run ({source}): {file}")]
    Unreadable {
        /// What is wrong with it.
        source: serde_json::Error,
        /// Its name.
        file: &'static str,
    },
    /// A template is wrong: a fault of Plumb.
    #[error("cannot lay out the report ({0})")]
    Template(#[from] minijinja::Error),
}

impl Explain for ReportError {
    fn hint(&self) -> Option<String> {
        let rerun = "the run was stopped or changed by hand: finish it with `plumb run --resume DIR`";
        match self {
            Self::Missing { .. } | Self::Unreadable { .. } => Some(rerun.to_owned()),
            Self::Template(_) => None,
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Failed
    }
}
