//! Mean absolute error.

use super::{Direction, Metric, Plan, REGRESSION};
use crate::Outcome;

pub(super) const METRIC: Metric = Metric {
    name: "mae",
    direction: Direction::Down,
    tasks: REGRESSION,
    convention: "mean absolute residual, in units of the target",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::mean_of_residuals(outcome, f64::abs, |mean| mean)
}
