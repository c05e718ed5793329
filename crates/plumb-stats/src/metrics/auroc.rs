//! Area under the ROC curve: the chance that a positive row scores above a negative one.

use super::{CLASSIFICATION, Direction, Metric, Plan};
use crate::Outcome;
use crate::ranks::Ranked;

pub(super) const METRIC: Metric = Metric {
    name: "auroc",
    direction: Direction::Up,
    tasks: CLASSIFICATION,
    convention: "ties count one half; two classes: score of class 1; more: unweighted mean of one class against the rest, over the classes that occur",
    compute: |outcome| plan(outcome)?.value(),
    plan,
};

fn plan(outcome: &Outcome<'_>) -> Option<Plan> {
    Ranked::plan(outcome, auroc)
}

/// The Mann-Whitney form, exact in integers until the last division: twice the wins are at most half the square of
/// the number of rows, which fits 64 bits for as many rows as 32 bits can number.
pub(crate) fn auroc(ranked: &Ranked, weights: &[u32]) -> Option<f64> {
    let (mut negatives, mut positives, mut twice_wins) = (0u64, 0u64, 0u64);
    ranked.for_each_tie(weights, |hits, misses| {
        twice_wins += misses * (2 * positives + hits);
        positives += hits;
        negatives += misses;
    });
    let pairs = positives * negatives;
    (pairs > 0).then(|| twice_wins as f64 / (2.0 * pairs as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_one_half_and_one_class_is_undefined() {
        let value = |truth: &[u32], scores: &[f64]| {
            let probabilities: Vec<f64> = scores.iter().flat_map(|p| [1.0 - p, *p]).collect();
            (METRIC.compute)(&Outcome::Classes { truth, probabilities: &probabilities, classes: 2 })
        };
        assert_eq!(value(&[0, 1], &[0.2, 0.9]), Some(1.0));
        assert_eq!(value(&[0, 1], &[0.9, 0.2]), Some(0.0));
        assert_eq!(value(&[0, 1], &[0.5, 0.5]), Some(0.5));
        assert_eq!(value(&[1, 1], &[0.5, 0.6]), None);
    }
}
