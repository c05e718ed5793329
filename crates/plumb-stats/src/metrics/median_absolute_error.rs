//! Median absolute error: the size of a typical miss, deaf to outliers.

use super::{Direction, Metric, Plan, REGRESSION};
use crate::Outcome;
use crate::ranks::ascending;

pub(super) const METRIC: Metric = Metric {
    name: "median_absolute_error",
    direction: Direction::Down,
    tasks: REGRESSION,
    convention: "median absolute residual; the mean of the middle two for an even count",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    let Outcome::Numbers { truth, predicted } = *outcome else { return None };
    if !outcome.is_valid() {
        return None;
    }
    let errors: Vec<f64> = truth.iter().zip(predicted).map(|(t, p)| (t - p).abs()).collect();
    let order = ascending(&errors);
    let of = Box::new(move |weights: &[u32]| weighted_median(&errors, &order, weights));
    Some(Plan::Weighted { rows: truth.len(), of })
}

/// The median of values that count several times; `order` sorts them.
fn weighted_median(values: &[f64], order: &[u32], weights: &[u32]) -> Option<f64> {
    let total: u64 = weights.iter().map(|&w| u64::from(w)).sum();
    let last = total.checked_sub(1)?;
    let (low, high) = (last / 2, total / 2);
    let (mut seen, mut first) = (0u64, None);
    for &row in order {
        let (value, weight) = (values[row as usize], u64::from(weights[row as usize]));
        seen += weight;
        if first.is_none() && seen > low {
            first = Some(value);
        }
        if seen > high {
            return first.map(|first| f64::midpoint(first, value));
        }
    }
    None
}
