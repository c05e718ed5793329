//! Area under the precision-recall curve, as average precision.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;
use crate::ranks::Ranked;

pub(super) const METRIC: Metric = Metric {
    name: "auprc",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "average precision: precision at each threshold weighted by the recall it adds, no interpolation; two classes: class 1; more: unweighted mean of one class against the rest, over the classes that occur",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Ranked::plan(outcome, average_precision)
}

pub(crate) fn average_precision(ranked: &Ranked, weights: &[u32]) -> Option<f64> {
    let (mut positives, mut retrieved, mut area) = (0u64, 0u64, 0.0);
    ranked.for_each_tie(weights, |hits, misses| {
        positives += hits;
        retrieved += hits + misses;
        if hits > 0 {
            area += hits as f64 * positives as f64 / retrieved as f64;
        }
    });
    // Where every row is positive the curve says nothing.
    (positives > 0 && retrieved > positives).then(|| area / positives as f64)
}
