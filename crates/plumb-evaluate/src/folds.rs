//! The trainings of a cross-validation, and what they say together.

use plumb_stats::intervals::{corrected_interval, repeats};
use serde::Serialize;

/// The scores of a cross-validation, of one repeat or of several.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Folds<'a> {
    /// The primary metric of each fold, one repeat after the other; empty without cross-validation.
    pub scores: &'a [f64],
    /// How often the folds were drawn.
    pub repeats: usize,
    /// Rows that a fold tests for each row that it fits on, over all folds.
    pub tested_to_fitted: f64,
}

/// Mean and spread over all folds of all repeats.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldsSummary {
    /// Scores: folds times repeats, those left out whose metric is undefined.
    pub scores: usize,
    /// How often the folds were drawn.
    pub repeats: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
    /// The lower end of the mean's interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// How sure the interval is, a share.
    pub level: f64,
    /// How the interval was made.
    pub method: &'static str,
    /// Rows tested for each row fitted on.
    pub tested_to_fitted: f64,
}

impl Folds<'_> {
    /// Mean, deviation and the corrected interval of the mean; `None` below two scores.
    pub fn summary(&self, level: f64) -> Option<FoldsSummary> {
        let of = repeats(self.scores, level)?;
        let [low, high] = corrected_interval(self.scores, self.tested_to_fitted, level)?;
        Some(FoldsSummary {
            scores: of.count,
            repeats: self.repeats,
            mean: of.mean,
            deviation: of.deviation,
            low,
            high,
            level,
            method: "nadeau_bengio",
            tested_to_fitted: self.tested_to_fitted,
        })
    }
}
