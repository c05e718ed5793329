//! From which score on a row is called positive: chosen on some rows, to be used on others.

use serde::{Deserialize, Serialize};

use crate::ranks::Ranked;

/// What a threshold is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The harmonic mean of precision and recall.
    F1,
    /// True positive rate minus false positive rate (Youden 1950).
    Youden,
    /// The least cost of wrong calls.
    Cost {
        /// Of a negative row called positive.
        false_positive: f64,
        /// Of a positive row called negative.
        false_negative: f64,
    },
}

/// A threshold and what it reaches on the rows that it was chosen on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Rows with a score of at least this are called positive.
    pub value: f64,
    /// What the objective is there; of a cost its mean over rows.
    pub reached: f64,
}

impl Objective {
    /// The objective, more is better, from (true positives, false positives) of so many positives and negatives.
    fn of(self, hits: u64, misses: u64, positives: u64, negatives: u64) -> f64 {
        let [hits, misses, positives, negatives] = [hits, misses, positives, negatives].map(|n| n as f64);
        match self {
            Self::F1 => 2.0 * hits / (hits + misses + positives),
            Self::Youden => hits / positives - misses / negatives,
            Self::Cost { false_positive, false_negative } => {
                -(false_positive * misses + false_negative * (positives - hits)) / (positives + negatives)
            }
        }
    }
}

/// The best threshold; of equally good ones the highest. It stands halfway to the next lower score, so that a row just below a score
/// that was seen falls to the same side. `None` when a class is missing, lengths differ or a score is not finite. One sort, one pass.
pub fn choose(positive: &[bool], scores: &[f64], objective: Objective) -> Option<Threshold> {
    let positives = positive.iter().filter(|is| **is).count() as u64;
    let negatives = positive.len() as u64 - positives;
    if positive.len() != scores.len()
        || positives == 0
        || negatives == 0
        || scores.iter().any(|s| !s.is_finite())
    {
        return None;
    }
    let mut distinct = crate::ranks::sorted(scores);
    distinct.dedup();
    distinct.reverse();
    // Nobody at all may be the best call, where wrong positives are dear.
    let mut best = (0usize, objective.of(0, 0, positives, negatives));
    let (mut hits, mut misses, mut place) = (0, 0, 0usize);
    Ranked::new(scores, |row| positive[row]).for_each_tie(&vec![1; scores.len()], |h, m| {
        (hits, misses, place) = (hits + h, misses + m, place + 1);
        let reached = objective.of(hits, misses, positives, negatives);
        if reached > best.1 {
            best = (place, reached);
        }
    });
    let value = match (best.0.checked_sub(1), distinct.get(best.0)) {
        (None, _) => f64::INFINITY,
        (Some(last), None) => distinct[last],
        (Some(last), Some(next)) => f64::midpoint(distinct[last], *next),
    };
    let reached = if matches!(objective, Objective::Cost { .. }) { -best.1 } else { best.1 };
    Some(Threshold { value, reached })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COSTS: Objective = Objective::Cost { false_positive: 1.0, false_negative: 5.0 };

    #[test]
    fn a_clean_cut_is_found_and_dear_positives_are_not_called() {
        let (positive, scores) = ([false, false, true, true], [0.1, 0.4, 0.6, 0.9]);
        for objective in [Objective::F1, Objective::Youden] {
            assert_eq!(choose(&positive, &scores, objective), Some(Threshold { value: 0.5, reached: 1.0 }));
        }
        let dear = Objective::Cost { false_positive: 100.0, false_negative: 1.0 };
        let none = choose(&[true, false], &[0.1, 0.9], dear).unwrap();
        assert_eq!(none, Threshold { value: f64::INFINITY, reached: 0.5 });
        assert_eq!(choose(&[true], &[0.1], Objective::F1), None);
        assert_eq!(choose(&[true, false], &[0.1, f64::NAN], Objective::F1), None);
    }

    proptest! {
        #[test]
        fn no_other_threshold_is_better(rows in prop::collection::vec((any::<bool>(), 0u8..12), 2..40)) {
            let (positive, scores): (Vec<bool>, Vec<f64>) = rows.iter().map(|(p, s)| (*p, f64::from(*s))).unzip();
            let cost = |threshold: f64| {
                let wrong = positive.iter().zip(&scores).map(|(p, s)| match (p, *s >= threshold) {
                    (true, false) => 5.0,
                    (false, true) => 1.0,
                    _ => 0.0,
                });
                wrong.sum::<f64>() / positive.len() as f64
            };
            if let Some(chosen) = choose(&positive, &scores, COSTS) {
                prop_assert!((cost(chosen.value) - chosen.reached).abs() < 1e-12);
                prop_assert!((0..13).all(|at| cost(f64::from(at) - 0.5) >= chosen.reached - 1e-12));
            }
        }
    }
}
