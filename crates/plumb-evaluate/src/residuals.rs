//! What residuals look like: truth minus prediction.

use plumb_stats::describe;
use serde::Serialize;

use crate::scored::{Scored, Truth};

/// Counts of residuals in a bin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HistogramBin {
    /// Its lower edge.
    pub low: f64,
    /// Its upper edge.
    pub high: f64,
    /// How many residuals.
    pub count: u64,
}

/// A summary of residuals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Residuals {
    /// Their mean: positive means that predictions are too low.
    pub mean: f64,
    /// Their standard deviation; 0 of one row.
    pub deviation: f64,
    /// Their skewness; 0 of a constant.
    pub skewness: f64,
    /// Their excess kurtosis: 0 for a normal, more for heavy tails; 0 of a constant.
    pub kurtosis: f64,
    /// The quantiles at 0, 1, 5, 25, 50, 75, 95, 99 and 100 %.
    pub quantiles: Vec<f64>,
    /// Thirty bins of equal width between the 0.5 % and the 99.5 % quantile; what lies outside is in the end bins.
    pub histogram: Vec<HistogramBin>,
}

const QUANTILES: [f64; 9] = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];
const BINS: usize = 30;

impl Residuals {
    /// Summarises the residuals; none for classification.
    pub fn new(scored: &Scored) -> Option<Self> {
        let residuals = residuals(scored)?;
        let mut sorted = residuals.clone();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            mean: describe::mean(&residuals)?,
            deviation: describe::deviation(&residuals).unwrap_or(0.0),
            skewness: describe::skewness(&residuals).unwrap_or(0.0),
            kurtosis: describe::kurtosis(&residuals).unwrap_or(0.0),
            quantiles: QUANTILES.iter().map(|&q| describe::quantile_of_sorted(&sorted, q)).collect(),
            histogram: histogram(&sorted),
        })
    }
}

/// Truth minus prediction of each row; none for classification.
pub(crate) fn residuals(scored: &Scored) -> Option<Vec<f64>> {
    let Truth::Numbers(truth) = &scored.truth else { return None };
    (!truth.is_empty()).then(|| truth.iter().zip(&scored.predicted).map(|(t, p)| t - p).collect())
}

fn histogram(sorted: &[f64]) -> Vec<HistogramBin> {
    let low = describe::quantile_of_sorted(sorted, 0.005);
    let width = (describe::quantile_of_sorted(sorted, 0.995) - low) / BINS as f64;
    if width.is_nan() || width <= 0.0 {
        return vec![HistogramBin { low, high: low, count: sorted.len() as u64 }];
    }
    let edge = |bin: usize| low + width * bin as f64;
    let mut bins: Vec<HistogramBin> =
        (0..BINS).map(|bin| HistogramBin { low: edge(bin), high: edge(bin + 1), count: 0 }).collect();
    for x in sorted {
        let bin = (((x - low) / width).max(0.0) as usize).min(BINS - 1);
        bins[bin].count += 1;
    }
    bins
}
