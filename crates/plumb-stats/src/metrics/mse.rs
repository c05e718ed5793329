//! Mean squared error and its root.

use super::{Direction, Metric, Plan, REGRESSION};
use crate::Outcome;

pub(super) const MSE: Metric = Metric {
    name: "mse",
    direction: Direction::Down,
    tasks: REGRESSION,
    convention: "mean squared residual, in squared units of the target",
    compute: |outcome| mse(outcome)?.value(),
    plan: mse,
};

pub(super) const RMSE: Metric = Metric {
    name: "rmse",
    direction: Direction::Down,
    tasks: REGRESSION,
    convention: "square root of the mean squared residual, in units of the target",
    compute: |outcome| rmse(outcome)?.value(),
    plan: rmse,
};

fn mse(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::mean_of_residuals(outcome, |residual| residual * residual, |mean| mean)
}

fn rmse(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::mean_of_residuals(outcome, |residual| residual * residual, f64::sqrt)
}
