//! Cohen's kappa: agreement beyond chance.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;
use crate::confusion::per_class;

pub(super) const METRIC: Metric = Metric {
    name: "kappa",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "Cohen's kappa, unweighted; undefined when chance agreement is 1",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::confusion(outcome, kappa)
}

fn kappa(counts: &[u64], classes: usize) -> Option<f64> {
    let total = counts.iter().sum::<u64>() as f64;
    let hits: u64 = (0..classes).map(|class| counts[class * classes + class]).sum();
    let chance: f64 =
        per_class(counts, classes).iter().map(|c| c.support as f64 * c.predicted as f64).sum::<f64>()
            / (total * total);
    (chance < 1.0).then(|| (hits as f64 / total - chance) / (1.0 - chance))
}
