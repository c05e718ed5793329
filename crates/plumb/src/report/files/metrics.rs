//! `metrics.json`: what the model reached, beside its baselines.

use serde::Deserialize;

use super::lenient::{Number, Ordered};
use crate::report::format::percent;

/// Metrics by name.
pub(crate) type Scores = Ordered<Score>;

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Metrics {
    /// `binary`, `multiclass` or `regression`.
    pub(crate) task: String,
    /// The metric that decides.
    pub(crate) primary: String,
    /// Why it is that one.
    pub(crate) primary_reason: String,
    /// The names of the classes, in the order of the probabilities.
    pub(crate) classes: Vec<String>,
    /// The digest of the weights.
    pub(crate) weights_sha256: Option<String>,
    /// How sure the intervals are, a share.
    pub(crate) level: Number,
    /// On the valid part.
    pub(crate) valid: Scores,
    /// On the test part.
    pub(crate) test: Scores,
    /// On the judged part, by baseline.
    pub(crate) baselines: Ordered<Scores>,
    /// The primary metric on each fold.
    pub(crate) folds: Vec<Number>,
    /// What all folds say together.
    pub(crate) cross_validation: Option<CrossValidation>,
    /// The primary metric of each seed, the run's own first.
    pub(crate) seeds: Vec<Number>,
    /// Tables and curves of the judged part.
    pub(crate) details: Option<Details>,
}

impl Metrics {
    /// The part that verdicts rest on: test, or valid where there is no test part.
    pub(crate) fn judged(&self) -> (&'static str, &Scores) {
        if self.test.is_empty() { ("valid", &self.valid) } else { ("test", &self.test) }
    }

    /// `95 %`.
    pub(crate) fn level(&self) -> String {
        let level = if self.level.0.is_finite() { self.level.0 } else { 0.95 };
        percent(level)
    }
}

/// Mean and spread over all folds of all repeats.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CrossValidation {
    /// Scores that there are.
    pub(crate) scores: usize,
    /// How often the folds were drawn.
    pub(crate) repeats: usize,
    /// Their mean.
    pub(crate) mean: Number,
    /// The lower end of the mean's interval.
    pub(crate) low: Number,
    /// Its upper end.
    pub(crate) high: Number,
}

/// A metric with its interval.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Score {
    /// The metric.
    pub(crate) value: Number,
    /// The lower end of its interval.
    pub(crate) low: Number,
    /// The upper end.
    pub(crate) high: Number,
    /// Over how many rows.
    pub(crate) n: usize,
    /// How the interval was made.
    pub(crate) method: String,
}

impl Score {
    /// The interval, if both ends are finite.
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        (self.low.0.is_finite() && self.high.0.is_finite()).then_some((self.low.0, self.high.0))
    }
}

/// What stands behind the figures of the judged part.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Details {
    /// Counts by true class (rows) and predicted class (columns).
    pub(crate) confusion: Vec<Vec<u64>>,
    /// One entry for each class.
    pub(crate) per_class: Vec<PerClass>,
    /// One ROC curve for each class, or for the positive class alone.
    pub(crate) roc: Vec<RocCurve>,
    /// One precision-recall curve for each class, or for the positive class alone.
    pub(crate) precision_recall: Vec<PrecisionRecallCurve>,
    /// The bins of the reliability diagram.
    pub(crate) calibration: Vec<ReliabilityBin>,
    /// What is left over; none for classification.
    pub(crate) residuals: Option<Residuals>,
}

/// The figures of one class.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PerClass {
    /// The class.
    pub(crate) class: String,
    /// Of those predicted, the share that belongs to it.
    pub(crate) precision: Number,
    /// Of those that belong to it, the share that was predicted.
    pub(crate) recall: Number,
    /// The harmonic mean of the two.
    pub(crate) f1: Number,
    /// How many rows belong to it.
    pub(crate) support: u64,
}

/// `true_positive_rate[i]` at `false_positive_rate[i]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RocCurve {
    /// The class.
    pub(crate) class: String,
    /// Ascending.
    pub(crate) false_positive_rate: Vec<Number>,
    /// Ascending.
    pub(crate) true_positive_rate: Vec<Number>,
}

/// `precision[i]` at `recall[i]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PrecisionRecallCurve {
    /// The class.
    pub(crate) class: String,
    /// Ascending.
    pub(crate) recall: Vec<Number>,
    /// The precisions.
    pub(crate) precision: Vec<Number>,
}

/// Targets minus predictions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Residuals {
    /// Their mean.
    pub(crate) mean: Number,
    /// Their standard deviation.
    pub(crate) deviation: Number,
    /// Their skewness.
    pub(crate) skewness: Number,
    /// Their excess kurtosis.
    pub(crate) kurtosis: Number,
    /// Bins side by side.
    pub(crate) histogram: Vec<HistogramBin>,
}

/// How many residuals lie between two edges.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HistogramBin {
    /// The lower edge.
    pub(crate) low: Number,
    /// The upper edge.
    pub(crate) high: Number,
    /// How many.
    pub(crate) count: u64,
}

/// Predictions that were about equally sure.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReliabilityBin {
    /// The mean probability of the predicted class.
    pub(crate) mean_probability: Number,
    /// The share that was right.
    pub(crate) observed: Number,
    /// How many rows.
    pub(crate) count: u64,
}
