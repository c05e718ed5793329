//! What a metric is expected to be before any label is known, from the probabilities themselves.
//!
//! Where probabilities are calibrated, a row of probability p is right with chance p: the expectation needs no label (confidence-based
//! performance estimation; Garg et al. 2022, Białek et al. 2024). It holds as long as what the label depends on stays the same and
//! only which rows come changes; a change of how labels follow from rows cannot be seen so.

use plumb_ledger::Stream;
use rayon::prelude::*;

use crate::describe::quantile_of_sorted;
use crate::ranks::sorted;
use crate::{Metric, Outcome};

/// Parts that a row is shared out in among the classes at most. A million: a share is then off by less than 1e-6.
const PARTS: u64 = 1 << 20;
/// Parts of all rows together: the square of half of it is the largest product that an area forms, which must fit 64 bits.
const ALL_PARTS: u64 = 1 << 31;

/// An expectation with the spread that labels drawn by the same probabilities have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// The metric where each row counts for every class by its probability.
    pub value: f64,
    /// The lower end of the middle `level` of the metric of drawn labels.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The expected metric of rows of probabilities (`rows x classes`, each row summing to 1), and the middle `level` of `draws` draws of
/// labels. `None` for fewer than two classes, without rows, or where the metric is undefined. Costs a metric of `rows x classes` rows
/// for each draw.
pub fn expected(
    metric: &Metric,
    probabilities: &[f64],
    classes: usize,
    level: f64,
    draws: usize,
    stream: Stream,
) -> Option<Expected> {
    let rows = probabilities.len().checked_div(classes)?;
    if classes < 2 || rows == 0 || probabilities.len() != rows * classes {
        return None;
    }
    let truth: Vec<u32> = (0..rows).flat_map(|_| 0..classes as u32).collect();
    let repeated: Vec<f64> = probabilities
        .chunks_exact(classes)
        .flat_map(|row| std::iter::repeat_n(row, classes).flatten().copied())
        .collect();
    let plan = (metric.plan)(&Outcome::Classes { truth: &truth, probabilities: &repeated, classes })?;
    let parts = (ALL_PARTS / rows as u64).clamp(1, PARTS) as f64;
    let weights: Vec<u32> =
        probabilities.iter().map(|p| (p.clamp(0.0, 1.0) * parts).round() as u32).collect();
    let value = plan.weighted(&weights)?;
    let draw = |draw: usize| {
        let stream = stream.at(draw as u64);
        let mut drawn = vec![0; truth.len()];
        for (row, p) in probabilities.chunks_exact(classes).enumerate() {
            let class = class_at(p, stream.uniform(row as u64));
            drawn[row * classes + class] = 1;
        }
        plan.weighted(&drawn)
    };
    let values: Vec<Option<f64>> = (0..draws).into_par_iter().map(draw).collect();
    let values = sorted(&values.into_iter().flatten().collect::<Vec<_>>());
    let tail = 0.5 * (1.0 - level);
    let [low, high] = [tail, 1.0 - tail].map(|tail| quantile_of_sorted(&values, tail));
    (low.is_finite() && high.is_finite()).then_some(Expected { value, low, high })
}

/// The class in whose share of [0, 1) a number falls.
fn class_at(p: &[f64], mut at: f64) -> usize {
    for (class, share) in p.iter().enumerate() {
        if at < *share {
            return class;
        }
        at -= share;
    }
    p.len() - 1
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn the_expected_accuracy_is_the_mean_confidence() {
        let p = [0.9, 0.1, 0.2, 0.8, 0.4, 0.6];
        let of = |name| expected(crate::metric(name).unwrap(), &p, 2, 0.95, 200, Seed(0).stream("e"));
        let accuracy = of("accuracy").unwrap();
        assert!((accuracy.value - (0.9 + 0.8 + 0.6) / 3.0).abs() < 1e-6);
        assert!(accuracy.low <= accuracy.value && accuracy.value <= accuracy.high);
        assert_eq!(expected(crate::metric("mae").unwrap(), &p, 2, 0.95, 9, Seed(0).stream("e")), None);
        assert_eq!(expected(crate::metric("accuracy").unwrap(), &[], 2, 0.95, 9, Seed(0).stream("e")), None);
        assert_eq!(expected(crate::metric("accuracy").unwrap(), &p, 0, 0.95, 9, Seed(0).stream("e")), None);
    }
}
