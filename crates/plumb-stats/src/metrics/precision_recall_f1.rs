//! Precision, recall and F1: of class 1 for two classes, the macro mean for more.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;
use crate::confusion::{ClassReport, per_class};

pub(super) const PRECISION: Metric = Metric {
    name: "precision",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "two classes: of class 1; more: unweighted mean over classes that occur in truth or prediction; 0 when nothing is predicted",
    compute: |outcome| precision(outcome)?.value(),
    plan: precision,
};

pub(super) const RECALL: Metric = Metric {
    name: "recall",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "two classes: of class 1; more: unweighted mean over classes that occur in truth or prediction; 0 when the class is absent",
    compute: |outcome| recall(outcome)?.value(),
    plan: recall,
};

pub(super) const F1: Metric = Metric {
    name: "f1",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "two classes: of class 1; more: unweighted mean of the classes' F1; 0 where precision and recall are both empty",
    compute: |outcome| f1(outcome)?.value(),
    plan: f1,
};

fn precision(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::confusion(outcome, |counts, classes| averaged(counts, classes, |class| class.precision))
}

fn recall(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::confusion(outcome, |counts, classes| averaged(counts, classes, |class| class.recall))
}

fn f1(outcome: &Outcome<'_>) -> Option<Plan> {
    Plan::confusion(outcome, |counts, classes| averaged(counts, classes, |class| class.f1))
}

fn averaged(counts: &[u64], classes: usize, of: fn(&ClassReport) -> f64) -> Option<f64> {
    let reports = per_class(counts, classes);
    if classes == 2 {
        return reports.get(1).map(of);
    }
    let present: Vec<f64> = reports.iter().filter(|c| c.support + c.predicted > 0).map(of).collect();
    (!present.is_empty()).then(|| present.iter().sum::<f64>() / present.len() as f64)
}
