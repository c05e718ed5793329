//! Matthews' correlation coefficient, in its form for any number of classes (Gorodkin 2004).

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;
use crate::confusion::per_class;

pub(super) const METRIC: Metric = Metric {
    name: "mcc",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "Gorodkin's R_K; 0 when truth or prediction is constant",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::confusion(outcome, mcc)
}

fn mcc(counts: &[u64], classes: usize) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return None;
    }
    let total = total as f64;
    let hits: u64 = (0..classes).map(|class| counts[class * classes + class]).sum();
    let (mut cross, mut truth, mut predicted) = (0.0, 0.0, 0.0);
    for class in per_class(counts, classes) {
        let (t, p) = (class.support as f64, class.predicted as f64);
        cross += t * p;
        truth += t * t;
        predicted += p * p;
    }
    let scale = (total * total - truth) * (total * total - predicted);
    Some(if scale == 0.0 { 0.0 } else { (hits as f64 * total - cross) / scale.sqrt() })
}
