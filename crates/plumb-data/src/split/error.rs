//! Why rows could not be parted.

use plumb_ledger::{ExitCode, Explain};

/// A split that was not made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// The shares leave nothing to train on, or are not shares.
    #[error("`split.valid` = {valid} and `split.test` = {test} leave no share for training")]
    Shares {
        /// The share of valid.
        valid: f64,
        /// The share of test.
        test: f64,
    },
    /// The target is of other rows than the table.
    #[error("the table has {table} rows, the target {target}")]
    Lengths {
        /// Rows of the table.
        table: usize,
        /// Rows of the target.
        target: usize,
    },
    /// Fewer rows than parts.
    #[error("{rows} labelled rows cannot be split into {parts} parts")]
    TooFewRows {
        /// Labelled rows that can be used.
        rows: usize,
        /// Parts or folds that each need a row.
        parts: usize,
    },
    /// Fewer groups than parts.
    #[error("column `{column}` has {groups} groups, {parts} parts need at least one each")]
    TooFewGroups {
        /// The column.
        column: String,
        /// Its groups.
        groups: usize,
        /// The parts.
        parts: usize,
    },
    /// The method needs a column and none is named.
    #[error("split method `{method}` needs a column")]
    ColumnNeeded {
        /// The method.
        method: &'static str,
    },
    /// There is no such column.
    #[error("split column `{column}` is not in the table; {near}")]
    UnknownColumn {
        /// The column.
        column: String,
        /// What is there.
        near: String,
    },
    /// The column's values have no order in time.
    #[error("split column `{column}` holds neither times nor numbers")]
    NoTime {
        /// The column.
        column: String,
    },
    /// The column names a part that there is none of.
    #[error("split column `{column}` has the value `{value}` in row {row}; {near}")]
    UnknownPart {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// The first row with it, from 0.
        row: u32,
        /// The part that may be meant.
        near: String,
    },
    /// A part got no row.
    #[error("no labelled row is left for the {part} part")]
    EmptyPart {
        /// The part.
        part: &'static str,
    },
    /// A class that nothing could learn.
    #[error("class `{class}` is in the {part} part but not in train")]
    ClassNotInTrain {
        /// The class.
        class: String,
        /// A part that has it.
        part: &'static str,
    },
    /// Fewer than two folds.
    #[error("`split.folds` = {folds} is no cross-validation")]
    Folds {
        /// How many folds were asked for.
        folds: usize,
    },
    /// A predefined split has no folds.
    #[error("split method `column` has one given split and no folds")]
    FoldsOfColumn,
    /// Folds by time are the same whenever they are made.
    #[error("split method `time` has one way to cut folds, and `split.repeats` = {repeats}")]
    RepeatsOfTime {
        /// How often the folds were to be drawn.
        repeats: usize,
    },
    /// A repeat that tests the same rows together as an earlier one, which would be trained for nothing.
    #[error("`split.repeats` = {repeats}: the rows fall into the same folds in repeat {again}")]
    SameFolds {
        /// How often the folds were to be drawn.
        repeats: usize,
        /// The repeat that brings nothing new, from 1.
        again: usize,
    },
}

impl Explain for SplitError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Shares { .. } => "lower `split.valid` or `split.test`; both are shares from 0 to below 1",
            Self::TooFewRows { .. } => "add labelled rows, or lower `split.folds`",
            Self::TooFewGroups { .. } => "name another `split.column`, or lower `split.folds`",
            Self::ColumnNeeded { .. } | Self::UnknownColumn { .. } => "set `split.column`",
            Self::NoTime { .. } => "set `split.column` to a column of times, or its kind by `data.kinds`",
            Self::UnknownPart { .. } => "the values of `split.column` are `train`, `valid`, `test` or empty",
            Self::EmptyPart { .. } => "change `split.valid`, `split.test` or `split.method`",
            Self::ClassNotInTrain { .. } => "use `split.method = \"stratified\"`, or drop or merge the class",
            Self::Folds { .. } => "set `split.folds` to 0, or to 2 or more",
            Self::FoldsOfColumn => "set `split.folds` to 0, or use another `split.method`",
            Self::RepeatsOfTime { .. } => {
                "set `split.repeats` to 1; more `split.folds` test more of the past"
            }
            Self::SameFolds { .. } => {
                "lower `split.repeats` or `split.folds`: there are too few rows or groups to draw from"
            }
            Self::Lengths { .. } => return None,
        };
        Some(hint.to_owned())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Lengths { .. } => ExitCode::Failed,
            Self::TooFewRows { .. }
            | Self::TooFewGroups { .. }
            | Self::UnknownPart { .. }
            | Self::EmptyPart { .. }
            | Self::ClassNotInTrain { .. }
            | Self::SameFolds { .. } => ExitCode::Data,
            _ => ExitCode::Usage,
        }
    }
}
