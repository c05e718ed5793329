//! Why rows could not be prepared.

use plumb_ledger::{ExitCode, Explain};

use crate::tokens::TokenizerError;

/// A preparation that was not fitted or not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// No row to fit on.
    #[error("the train part has no row to fit the preparation on")]
    NoRows,
    /// No column that a model can take in.
    #[error("the table has no input column of kind number, category, time, image or text")]
    NoInputs,
    /// More than one column of pictures.
    #[error("columns `{first}` and `{second}` both hold pictures, a model takes in one")]
    TwoImages {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A column that the preparation was fitted on is not there.
    #[error("column `{name}` is missing; {near}")]
    MissingColumn {
        /// The column.
        name: String,
        /// What is there.
        near: String,
    },
    /// A column is of another kind than at the fit.
    #[error("column `{name}` is of kind {found}, the model was fitted on kind {expected}")]
    KindChanged {
        /// The column.
        name: String,
        /// Its kind now.
        found: &'static str,
        /// Its kind at the fit.
        expected: &'static str,
    },
    /// A row that is to be learned from has no label.
    #[error("row {row} has no label")]
    Unlabelled {
        /// The row, from 0.
        row: u32,
    },
    /// A label that the model has no output for.
    #[error("class `{class}` is not one that the model was fitted on")]
    UnknownClass {
        /// The class.
        class: String,
    },
    /// The target is of another task.
    #[error("the target is of task {found}, the model was fitted for {expected}")]
    TaskChanged {
        /// The task now.
        found: &'static str,
        /// The task at the fit.
        expected: &'static str,
    },
    /// A row number beyond the table.
    #[error("row {row} is beyond the table's {rows} rows")]
    NoSuchRow {
        /// The row.
        row: u32,
        /// Rows of the table or the target, whichever is fewer.
        rows: usize,
    },
    /// Texts cannot be split into tokens.
    #[error(transparent)]
    Texts(#[from] TokenizerError),
    /// The stored preparation is not one.
    #[error("the stored preparation is damaged ({0})")]
    Damaged(String),
    /// The stored preparation is of another version.
    #[error("the stored preparation has schema {0}, this version of plumb reads schema 1")]
    Schema(u32),
}

impl Explain for PrepareError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRows | Self::Unlabelled { .. } => "see `split.method`, `split.valid` and `split.test`",
            Self::NoInputs => "set the kind of a column by `data.kinds`",
            Self::TwoImages { .. } => "leave one out: `data.kinds.COLUMN = \"ignore\"`",
            Self::MissingColumn { .. } => "give the table the columns that the model was fitted on",
            Self::KindChanged { .. } => "set the kind of the column by `data.kinds`",
            Self::UnknownClass { .. } | Self::TaskChanged { .. } => "check `data.target`",
            Self::Schema(_) => "install the version of plumb that wrote it",
            Self::Texts(error) => return error.hint(),
            Self::NoSuchRow { .. } | Self::Damaged(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoSuchRow { .. } | Self::Damaged(_) | Self::Schema(_) => ExitCode::Failed,
            Self::Texts(error) => error.exit_code(),
            _ => ExitCode::Data,
        }
    }
}
