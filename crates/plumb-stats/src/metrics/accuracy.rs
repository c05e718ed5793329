//! Accuracy: the share of rows whose most probable class is the true one.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;

pub(super) const METRIC: Metric = Metric {
    name: "accuracy",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "share of rows whose most probable class is the true one; the first class among ties",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::confusion(outcome, accuracy)
}

fn accuracy(counts: &[u64], classes: usize) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    let hits: u64 = (0..classes).map(|class| counts[class * classes + class]).sum();
    (total > 0).then(|| hits as f64 / total as f64)
}
