//! `data.json`: what the columns of the table hold, as `plumb_data::audit::Profile` writes it.

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
    /// What `relation` measures: `auroc` or `explained-rank-variance`.
    pub(crate) relation_measure: Option<String>,
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
    /// How well it alone predicts the target.
    pub(crate) relation: Option<Number>,
    /// The values of a number or a time.
    pub(crate) numbers: Option<Numbers>,
    /// The most frequent values of a category, the most frequent first.
    pub(crate) levels: Vec<Level>,
}

/// The values of a number, or of a time in milliseconds since 1970.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Numbers {
    /// (level, value) from the minimum (level 0) to the maximum (level 1).
    pub(crate) quantiles: Vec<(f64, Number)>,
    /// Counts in equal steps.
    pub(crate) histogram: Vec<u64>,
}

impl Numbers {
    /// The quantile of that level, if it was written down and is finite.
    pub(crate) fn quantile(&self, level: f64) -> Option<f64> {
        let known = self.quantiles.iter().find(|(known, _)| (known - level).abs() < 1e-9);
        known.map(|(_, value)| value.0).filter(|value| value.is_finite())
    }
}

/// A value of a category.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Level {
    /// The value.
    pub(crate) level: String,
    /// In how many rows it stands.
    pub(crate) rows: u64,
}
