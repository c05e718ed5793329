//! `[split]`: which rows are train, valid and test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the rows are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SplitMethod {
    /// `stratified` for classes, `random` for numbers.
    #[default]
    Auto,
    /// Every row by chance.
    Random,
    /// By chance, each class keeping its share in every part.
    Stratified,
    /// Rows of one group stay together; `split.column` names the group.
    Group,
    /// The latest rows are the test part, those before them the valid part; `split.column` names the time.
    Time,
    /// `split.column` says `train`, `valid` or `test` for each row.
    Column,
}

/// Which rows are fitted on, chosen by and tested on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SplitSection {
    /// How the rows are parted.
    ///
    /// Use `group` when several rows come from one patient, user or device, and `time` when the model will
    /// predict the future: a random split of such data promises more than the model can keep.
    pub(crate) method: SplitMethod,
    /// The column that `method` goes by, for `group`, `time` and `column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    /// The share of the rows to choose by: the best epoch, the temperature.
    ///
    /// 0.15 leaves 0.7 to train on, the usual three-way split.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) valid: f64,
    /// The share of the rows that is read once, at the end.
    ///
    /// 0.15: of 2,000 rows 300, which gives an accuracy of 0.9 an interval of about 0.07.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) test: f64,
    /// How many folds of cross-validation to run beside the one split; 0 is none.
    ///
    /// Each row is tested once; the report says whether the single split agrees with the folds. It costs
    /// as many trainings as there are folds.
    #[schemars(range(min = 0, max = 100))]
    pub(crate) folds: usize,
    /// How often the folds are drawn, each time anew.
    ///
    /// One cross-validation depends on how the rows fell into folds; the mean of several depends on it less. It
    /// costs `split.folds` times as many trainings. Folds by time are not drawn and cannot be repeated.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) repeats: usize,
}

impl Default for SplitSection {
    fn default() -> Self {
        Self { method: SplitMethod::Auto, column: None, valid: 0.15, test: 0.15, folds: 0, repeats: 1 }
    }
}
