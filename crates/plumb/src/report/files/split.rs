//! `split.json`: how the rows were divided.

use serde::Deserialize;

/// The split.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SplitSummary {
    /// How: `random`, `stratified`, `group`, `time`, `column`.
    pub(crate) method: String,
    /// The column that decided, for the methods that have one.
    pub(crate) column: Option<String>,
    /// How many folds; 0 without cross-validation.
    pub(crate) folds: usize,
    /// How often the folds were drawn.
    pub(crate) repeats: usize,
    /// The names of the classes; empty for regression.
    pub(crate) classes: Vec<String>,
    /// The parts that have rows.
    pub(crate) parts: Vec<PartSummary>,
    /// Who read the test part, in order.
    pub(crate) test_reads: Vec<String>,
}

/// One part of the split.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PartSummary {
    /// `train`, `valid`, `test` or `unused`.
    pub(crate) part: String,
    /// How many rows it has.
    pub(crate) rows: usize,
    /// How many of each class, in the order of the classes.
    pub(crate) classes: Vec<u64>,
}
