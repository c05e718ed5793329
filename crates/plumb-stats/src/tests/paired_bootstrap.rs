//! The paired bootstrap: is one model better than another on the same rows?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::describe::quantile_of_sorted;
use crate::metrics::Plan;
use crate::outcome::Owned;
use crate::ranks::{by_score, sorted};
use crate::resample::{draw_weights, multinomial};
use crate::{Bootstrap, Metric, Outcome};

/// A difference of two models on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// The metric of the first minus that of the second.
    pub difference: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end of its interval.
    pub high: f64,
    /// The two-sided p-value of no difference.
    pub p: f64,
}

/// The metric of `a` minus that of `b`, resampling rows of both together. The interval is the percentile one; the
/// p-value is `2 min(1 + #(d <= 0), 1 + #(d >= 0)) / (1 + resamples)`, never 0. Strata are not used. `None` when
/// the metric is undefined on either, on most resamples, or the rows are not the same.
pub fn paired_bootstrap(
    a: &Outcome<'_>,
    b: &Outcome<'_>,
    metric: &Metric,
    settings: &Bootstrap,
) -> Option<PairedDifference> {
    if !same_truth(a, b) || !b.is_valid() {
        return None;
    }
    let order = by_score(a);
    let plan = |outcome: &Outcome<'_>| match &order {
        Some(order) => (metric.plan)(&Owned::of_rows(outcome, order).outcome()),
        None => (metric.plan)(outcome),
    };
    let (plan_a, plan_b) = (plan(a)?, plan(b)?);
    let difference = plan_a.value()? - plan_b.value()?;
    let resample = resampler(&plan_a, &plan_b, settings);
    let gaps: Vec<Option<f64>> = (0..settings.resamples).into_par_iter().map(resample).collect();
    let gaps = sorted(&gaps.into_iter().flatten().collect::<Vec<_>>());
    if gaps.len() * 2 <= settings.resamples {
        return None;
    }
    let [low, high] = settings.tails().map(|tail| quantile_of_sorted(&gaps, tail));
    let not_above = gaps.iter().filter(|gap| **gap <= 0.0).count();
    let not_below = gaps.iter().filter(|gap| **gap >= 0.0).count();
    let p = (2.0 * (1 + not_above.min(not_below)) as f64 / (1 + gaps.len()) as f64).min(1.0);
    Some(PairedDifference { difference, low, high, p })
}

fn same_truth(a: &Outcome<'_>, b: &Outcome<'_>) -> bool {
    match (a, b) {
        (Outcome::Classes { truth: a, classes: n, .. }, Outcome::Classes { truth: b, classes: m, .. }) => {
            a == b && n == m
        }
        (Outcome::Numbers { truth: a, .. }, Outcome::Numbers { truth: b, .. }) => a == b,
        _ => false,
    }
}

type Resampler<'a> = Box<dyn Fn(usize) -> Option<f64> + Send + Sync + 'a>;

/// The difference of resample `r`. Two confusion matrices are drawn together from the counts of the pairs of codes
/// that occur, so their cost does not grow with the rows.
fn resampler<'a>(a: &'a Plan, b: &'a Plan, settings: &'a Bootstrap) -> Resampler<'a> {
    if let (Plan::Confusion { codes: a, classes, of }, Plan::Confusion { codes: b, .. }) = (a, b) {
        let mut pairs = std::collections::BTreeMap::<(u32, u32), u64>::new();
        for pair in a.iter().copied().zip(b.iter().copied()) {
            *pairs.entry(pair).or_default() += 1;
        }
        let (pairs, sizes): (Vec<_>, Vec<u64>) = pairs.into_iter().unzip();
        let rows = a.len() as u64;
        return Box::new(move |r| {
            let shares = multinomial(settings.stream(r).at(u64::MAX), rows, &sizes);
            let cells = classes * classes;
            let (mut first, mut second) = (vec![0; cells], vec![0; cells]);
            for (&(x, y), share) in pairs.iter().zip(shares) {
                first[x as usize] += share;
                second[y as usize] += share;
            }
            Some(of(&first, *classes)? - of(&second, *classes)?).filter(|gap| gap.is_finite())
        });
    }
    Box::new(move |r| {
        let weights = draw_weights(settings.stream(r), a.rows());
        Some(a.weighted(&weights)? - b.weighted(&weights)?)
    })
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    fn scores(rows: usize, noise: f64, purpose: &str) -> Vec<f64> {
        let stream = Seed(3).stream(purpose);
        let score =
            |i: usize| (0.25 + 0.5 * (i % 2) as f64 + noise * stream.normal(i as u64)).clamp(0.0, 1.0);
        (0..rows).map(score).flat_map(|p| [1.0 - p, p]).collect()
    }

    #[test]
    fn a_better_model_is_found_and_an_equal_one_is_not() {
        let rows = 600;
        let truth: Vec<u32> = (0..rows as u32).map(|i| i % 2).collect();
        let of = |probabilities| Outcome::Classes { truth: &truth, probabilities, classes: 2 };
        let (good, same, bad) = (scores(rows, 0.2, "a"), scores(rows, 0.2, "b"), scores(rows, 0.6, "c"));
        let settings = Bootstrap::new(Seed(1));
        for name in ["accuracy", "auroc", "log_loss"] {
            let metric = crate::metric(name).unwrap();
            let better = paired_bootstrap(&of(&good), &of(&bad), metric, &settings).unwrap();
            assert!(better.p < 0.01 && better.low * better.high > 0.0, "{name} {better:?}");
            let equal = paired_bootstrap(&of(&good), &of(&same), metric, &settings).unwrap();
            assert!(equal.p > 0.01, "{name} {equal:?}");
            let itself = paired_bootstrap(&of(&good), &of(&good), metric, &settings).unwrap();
            assert_eq!((itself.difference, itself.p), (0.0, 1.0));
        }
    }

    #[test]
    fn different_rows_are_refused() {
        let a = Outcome::Numbers { truth: &[1.0, 2.0], predicted: &[1.0, 2.0] };
        let b = Outcome::Numbers { truth: &[1.0, 3.0], predicted: &[1.0, 2.0] };
        let settings = Bootstrap::new(Seed(1));
        assert_eq!(paired_bootstrap(&a, &b, crate::metric("mae").unwrap(), &settings), None);
    }
}
