//! `preflight.json`: what was measured before the training began.

use serde::Deserialize;

use super::lenient::Number;

/// Measurements before training.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Preflight {
    /// The learning rate range test, when it was made.
    pub(crate) rate_finder: Option<RateFinder>,
    /// The metric of the learning curve.
    pub(crate) metric: String,
    /// What boosted trees reach on growing shares of the train rows.
    pub(crate) learning_curve: Vec<CurvePoint>,
}

/// A point of the learning curve.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CurvePoint {
    /// Rows fitted on.
    pub(crate) rows: Number,
    /// The score on these rows.
    pub(crate) train: Number,
    /// The score on the valid rows.
    pub(crate) valid: Number,
}

/// The learning rate range test: `losses[i]` was seen at `rates[i]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RateFinder {
    /// The rates, ascending.
    pub(crate) rates: Vec<Number>,
    /// The smoothed losses.
    pub(crate) losses: Vec<Number>,
    /// The rate it suggests, if the curve has a usable fall.
    pub(crate) suggestion: Option<Number>,
}
