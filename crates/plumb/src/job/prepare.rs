//! `[prepare]`: from a raw row to the model's input.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How numbers are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scaling {
    /// The preset's: `robust` for `realmlp`, else `standard`.
    #[default]
    Auto,
    /// Median and quartile range, then a smooth clip: outliers cannot dominate (RealMLP-TD).
    Robust,
    /// Mean 0 and deviation 1.
    Standard,
    /// As they are. `preflight.normalised` will object.
    None,
}

/// What is fitted on the train rows and travels with the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PrepareSection {
    /// How numbers are scaled, fitted on the train rows alone.
    pub(crate) scaling: Scaling,
    /// Categories with up to this many values become one indicator each; those with more are embedded.
    ///
    /// 8, as in RealMLP-TD, whose limit of 9 counts the missing value.
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) one_hot_max: usize,
    /// Values of a category seen less often than this in train share one bucket, `rare`.
    ///
    /// 1: every value seen keeps its own place.
    #[schemars(range(min = 1))]
    pub(crate) rare: usize,
}

impl Default for PrepareSection {
    fn default() -> Self {
        Self { scaling: Scaling::Auto, one_hot_max: 8, rare: 1 }
    }
}
