//! `data.json`: what the columns of the table hold.

use serde::Deserialize;

use super::lenient::Number;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    /// How many rows it has.
    pub(crate) rows: usize,
    /// The target column's name.
    pub(crate) target: Option<String>,
    /// The columns, in file order.
    pub(crate) columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: String,
    /// Its kind: `number`, `category`, ...
    pub(crate) kind: String,
    /// How many cells are missing.
    pub(crate) missing: usize,
    /// How many different values it has.
    pub(crate) distinct: Option<usize>,
    /// The smallest value.
    pub(crate) min: Option<Number>,
    /// The largest value.
    pub(crate) max: Option<Number>,
    /// The mean.
    pub(crate) mean: Option<Number>,
    /// The standard deviation.
    pub(crate) sd: Option<Number>,
    /// The median.
    pub(crate) median: Option<Number>,
    /// The spread of a number or a time.
    pub(crate) histogram: Option<Histogram>,
    /// The most frequent values of a category, the most frequent first.
    pub(crate) levels: Vec<Level>,
    /// The strength of its association with the target, from 0 to 1.
    pub(crate) association: Option<Number>,
}

/// Counts between edges.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Histogram {
    /// The edges, ascending, one more than counts.
    pub(crate) edges: Vec<Number>,
    /// The counts.
    pub(crate) counts: Vec<u64>,
}

/// A value of a category.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Level {
    /// The value.
    pub(crate) value: String,
    /// In how many rows it stands.
    pub(crate) count: u64,
}
