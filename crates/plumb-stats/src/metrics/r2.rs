//! The coefficient of determination: how much better than the mean of the same rows.

use super::{Direction, Metric, Plan, REGRESSION};
use crate::Outcome;

pub(super) const METRIC: Metric = Metric {
    name: "r2",
    direction: Direction::Up,
    tasks: REGRESSION,
    convention: "1 - squared residuals / squared deviations from the mean of these rows; undefined when the truth is constant",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    let Outcome::Numbers { truth, predicted } = *outcome else { return None };
    if !outcome.is_valid() {
        return None;
    }
    let (truth, squares): (Vec<f64>, Vec<f64>) =
        truth.iter().zip(predicted).map(|(t, p)| (*t, (t - p) * (t - p))).unzip();
    let rows = truth.len();
    Some(Plan::Weighted { rows, of: Box::new(move |weights| r2(&truth, &squares, weights)) })
}

/// Two passes, so that a large mean does not cancel the deviations.
fn r2(truth: &[f64], squares: &[f64], weights: &[u32]) -> Option<f64> {
    let mean = super::weighted_mean(truth, weights)?;
    let (mut residual, mut total) = (0.0, 0.0);
    for ((t, square), &w) in truth.iter().zip(squares).zip(weights) {
        residual += f64::from(w) * square;
        total += f64::from(w) * (t - mean) * (t - mean);
    }
    (total > 0.0).then(|| 1.0 - residual / total)
}
