//! Brier score: the mean squared error of the probabilities.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;

pub(super) const METRIC: Metric = Metric {
    name: "brier",
    direction: Direction::Down,
    tasks: CLASSIFICATION,
    convention: "two classes: mean (p(class 1) - y)^2, from 0 to 1; more: squared errors summed over classes, from 0 to 2",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::mean_of_classes(outcome, |truth, row| match row {
        [_, positive] => (positive - truth as f64).powi(2),
        _ => row.iter().enumerate().map(|(class, p)| (p - f64::from(u8::from(class == truth))).powi(2)).sum(),
    })
}
