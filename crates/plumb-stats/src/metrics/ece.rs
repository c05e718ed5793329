//! Expected calibration error.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;
use crate::calibration::{BINS, bin_of, confidences};

pub(super) const METRIC: Metric = Metric {
    name: "ece",
    direction: Direction::Down,
    tasks: CLASSIFICATION,
    convention: "15 bins of equal width [low, high), the last one closed; two classes: p(class 1) against its frequency; more: the largest probability against accuracy; bins weighted by their rows",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    let (confidence, correct) = confidences(outcome)?;
    let bins: Vec<u8> = confidence.iter().map(|&p| bin_of(p, BINS) as u8).collect();
    let gaps: Vec<f64> = confidence.iter().zip(&correct).map(|(p, &c)| f64::from(u8::from(c)) - p).collect();
    Some(Plan::Weighted { rows: gaps.len(), of: Box::new(move |weights| ece(&bins, &gaps, weights)) })
}

/// The bins' weighted gaps: |sum of (correct - confidence)| over the rows of a bin, summed, over all rows.
fn ece(bins: &[u8], gaps: &[f64], weights: &[u32]) -> Option<f64> {
    let (mut sums, mut total) = ([0.0f64; BINS], 0u64);
    for ((&bin, gap), &w) in bins.iter().zip(gaps).zip(weights) {
        sums[usize::from(bin)] += f64::from(w) * gap;
        total += u64::from(w);
    }
    (total > 0).then(|| sums.iter().map(|sum| sum.abs()).sum::<f64>() / total as f64)
}
