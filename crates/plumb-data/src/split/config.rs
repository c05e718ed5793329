//! The choices of the split: the job's `[split]` section, resolved.

use plumb_ledger::Seed;
use serde::{Deserialize, Serialize};

/// How rows are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitMethod {
    /// Stratified for classes, random for numbers.
    Auto,
    /// By chance.
    Random,
    /// By chance, each class by its share in every part; numbers by their tenths.
    Stratified,
    /// No value of a column in two parts.
    Group,
    /// The latest rows are test, those before valid.
    Time,
    /// A column says `train`, `valid` or `test`.
    Column,
}

impl SplitMethod {
    /// Every method, for error messages and the manual.
    pub const ALL: [Self; 6] =
        [Self::Auto, Self::Random, Self::Stratified, Self::Group, Self::Time, Self::Column];

    /// The word, as it stands in a job.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Random => "random",
            Self::Stratified => "stratified",
            Self::Group => "group",
            Self::Time => "time",
            Self::Column => "column",
        }
    }

    /// Whether `split.column` must be named.
    pub fn needs_column(self) -> bool {
        matches!(self, Self::Group | Self::Time | Self::Column)
    }
}

/// What to part, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitConfig {
    /// How rows are parted.
    pub method: SplitMethod,
    /// The column of the methods group, time and column.
    pub column: Option<String>,
    /// The share of the labelled rows that is chosen by.
    pub valid: f64,
    /// The share that is read once, at the end.
    pub test: f64,
    /// How many folds cross-validation has; 0 for none.
    pub folds: usize,
    /// How often the folds are drawn; 0 is 1.
    pub repeats: usize,
    /// The seed of the choice.
    pub seed: Seed,
}

impl SplitConfig {
    /// The shares of train, valid and test.
    pub(super) fn shares(&self) -> [f64; 3] {
        [1.0 - self.valid - self.test, self.valid, self.test]
    }
}
