//! Balanced accuracy: the mean recall of the classes that occur.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;
use crate::confusion::per_class;

pub(super) const METRIC: Metric = Metric {
    name: "balanced_accuracy",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "mean recall over the classes that occur in the truth, not adjusted for chance",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::confusion(outcome, balanced_accuracy)
}

fn balanced_accuracy(counts: &[u64], classes: usize) -> Option<f64> {
    let recalls: Vec<f64> =
        per_class(counts, classes).iter().filter(|c| c.support > 0).map(|c| c.recall).collect();
    (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
}
