//! Log loss: the mean negative logarithm of the probability of the true class.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;

pub(super) const METRIC: Metric = Metric {
    name: "log_loss",
    direction: Direction::Down,
    tasks: CLASSIFICATION,
    convention: "mean -ln p(true class), natural logarithm, p held within [2.2e-16, 1 - 2.2e-16]",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::mean_of_classes(outcome, |truth, row| surprise(row[truth]))
}

/// `-ln p` with `p` kept off 0 and 1 by the machine epsilon, as scikit-learn does.
pub(crate) fn surprise(p: f64) -> f64 {
    -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}
