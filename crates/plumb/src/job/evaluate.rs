//! `[evaluate]`: how the result is measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Auto;

/// How the result is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EvaluateSection {
    /// The metric that chooses the best epoch and heads the report: `accuracy`, `auroc`, `log_loss`, `rmse` ...
    ///
    /// `auto` goes by the task and the class shares; the report says what it chose and why.
    pub(crate) primary: Auto<String>,
    /// Columns whose groups are compared: the `fairness.*` practices and `data.representation`.
    pub(crate) groups: Vec<String>,
    /// Columns by whose values results are listed, such as a source or a month: `evaluate.shift`.
    pub(crate) by: Vec<String>,
    /// In how many ways a picture is looked at to predict; the predictions are averaged (test-time augmentation).
    ///
    /// 1: as it is. 2 adds the mirrored picture where training mirrors, more shift it by two pixels. Each costs a prediction.
    #[schemars(range(min = 1, max = 6))]
    pub(crate) views: usize,
    /// How many bootstrap resamples stand behind each interval.
    ///
    /// 1000: the ends of a 95 % interval then vary by about 2 % of its width.
    #[schemars(range(min = 100, max = 100_000))]
    pub(crate) resamples: usize,
    /// How often the intervals hold the true value.
    #[schemars(extend("minimum" = 0.5, "exclusiveMaximum" = 1))]
    pub(crate) level: f64,
}

impl Default for EvaluateSection {
    fn default() -> Self {
        Self {
            primary: Auto::Auto,
            groups: Vec::new(),
            by: Vec::new(),
            views: 1,
            resamples: 1000,
            level: 0.95,
        }
    }
}
