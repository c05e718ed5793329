//! Conformal prediction: sets of classes, or ranges of numbers, that hold the truth as often as asked for.
//!
//! Split conformal: the threshold is an order statistic of scores on rows that the model was not fitted on (Vovk; Papadopoulos 2002).
//! The promise is about the average over rows like these, not about each class or group.

use serde::Serialize;
use statrs::function::gamma::ln_gamma;

use crate::Outcome;
use crate::ranks::sorted;
use crate::tests::wilson;

/// A level is taken to the millionth, so that the rank is whole-number arithmetic.
const MILLION: u64 = 1_000_000;

/// The rank (from 1) of the score that is the threshold for `rows` calibration rows: `ceil((rows + 1) * level)`. Beyond
/// `rows` there is no threshold: too few rows for that level.
pub fn rank(rows: usize, level: f64) -> Option<usize> {
    let level = (level.clamp(0.0, 1.0) * MILLION as f64).round() as u64;
    let rank = ((rows as u64 + 1).checked_mul(level)?).div_ceil(MILLION).max(1) as usize;
    (rank <= rows).then_some(rank)
}

/// The threshold of scores at a level; infinite where there are too few rows.
pub fn threshold(scores: &[f64], level: f64) -> f64 {
    rank(scores.len(), level).map_or(f64::INFINITY, |rank| sorted(scores)[rank - 1])
}

/// The score of each row: `1 - p(true class)` (least ambiguous sets, Sadinle, Lei, Wasserman 2019), or the absolute residual.
/// `None` of an invalid outcome.
pub fn scores(outcome: &Outcome<'_>) -> Option<Vec<f64>> {
    if !outcome.is_valid() {
        return None;
    }
    Some(match *outcome {
        Outcome::Classes { truth, probabilities, classes } => {
            let rows = probabilities.chunks_exact(classes).zip(truth);
            rows.map(|(row, &class)| 1.0 - row[class as usize]).collect()
        }
        Outcome::Numbers { truth, predicted } => {
            truth.iter().zip(predicted).map(|(truth, predicted)| (truth - predicted).abs()).collect()
        }
    })
}

/// Which classes are in the set of each row, row-major: those whose score is at most the threshold.
pub fn sets(probabilities: &[f64], threshold: f64) -> Vec<bool> {
    probabilities.iter().map(|p| 1.0 - p <= threshold).collect()
}

/// How sets or ranges did on rows that the threshold was not made from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The share that was asked for.
    pub level: f64,
    /// The threshold: of `1 - p`, or half the width of a range.
    pub threshold: f64,
    /// The share of rows whose set holds the truth.
    pub covered: f64,
    /// The lower end of Wilson's interval of that share, at 95 %.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The rows.
    pub rows: usize,
    /// Classes in a set on average; none for numbers.
    pub mean_size: Option<f64>,
    /// The share of rows with one class in their set; none for numbers.
    pub singletons: Option<f64>,
    /// The share of rows with an empty set; none for numbers.
    pub empty: Option<f64>,
}

/// Applies the threshold of calibration rows to other rows. `None` of an invalid outcome, of two tasks or numbers of classes,
/// and with too few calibration rows for the level.
pub fn coverage(calibration: &Outcome<'_>, judged: &Outcome<'_>, level: f64) -> Option<Coverage> {
    let same = match (calibration, judged) {
        (Outcome::Classes { classes: a, .. }, Outcome::Classes { classes: b, .. }) => a == b,
        (Outcome::Numbers { .. }, Outcome::Numbers { .. }) => true,
        _ => false,
    };
    if !same {
        return None;
    }
    let threshold = threshold(&scores(calibration)?, level);
    let held = scores(judged)?.iter().filter(|score| **score <= threshold).count();
    let rows = judged.rows();
    let share = |count: usize| count as f64 / rows as f64;
    let sizes: Option<Vec<usize>> = match *judged {
        Outcome::Classes { probabilities, classes, .. } => {
            let sets = sets(probabilities, threshold);
            Some(sets.chunks_exact(classes).map(|set| set.iter().filter(|inside| **inside).count()).collect())
        }
        Outcome::Numbers { .. } => None,
    };
    let of_size =
        |size: usize| sizes.as_ref().map(|sizes| share(sizes.iter().filter(|s| **s == size).count()));
    let (low, high) = wilson(held as u64, rows as u64, 0.95);
    threshold.is_finite().then(|| Coverage {
        level,
        threshold,
        covered: share(held),
        low,
        high,
        rows,
        mean_size: sizes.as_ref().map(|sizes| share(sizes.iter().sum())),
        singletons: of_size(1),
        empty: of_size(0),
    })
}

/// How likely sets from `calibration` rows hold the truth in `covered` of `rows` others or fewer, where all rows are exchangeable and no
/// two scores equal: both the threshold and the rows it is tried on are a draw. `None` where there is no threshold.
///
/// The distribution is the beta-binomial with `rank` and `calibration + 1 - rank` (Angelopoulos, Bates 2021, appendix C), as
/// `scipy.stats.betabinom.cdf`. One step for each row at most.
pub fn coverage_p(calibration: usize, rows: usize, covered: usize, level: f64) -> Option<f64> {
    let a = rank(calibration, level)? as f64;
    let (b, n) = (calibration as f64 + 1.0 - a, rows as f64);
    let beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let choose = |k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let covered = covered.min(rows);
    let k = covered as f64;
    let mut term = (choose(k) + beta(k + a, n - k + b) - beta(a, b)).exp();
    let mut sum = term;
    // Downwards: each count is more likely than the one below it by a known ratio.
    for at in (0..covered).rev() {
        let k = at as f64;
        term *= (k + 1.0) * (n - k - 1.0 + b) / ((n - k) * (k + a));
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    Some(sum.min(1.0))
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn the_rank_is_exact_where_floating_point_is_not() {
        assert_eq!(rank(19, 0.9), Some(18));
        assert_eq!(rank(9, 0.9), Some(9));
        assert_eq!(rank(8, 0.9), None);
        assert_eq!(rank(99, 0.7), Some(70), "100 * 0.7 is 70 and not 70.00000000000001");
        assert!(threshold(&[0.1, 0.2], 0.9).is_infinite());
    }

    #[test]
    fn the_promise_is_kept_on_average() {
        let stream = Seed(4).stream("conformal");
        let numbers = |at: u64| -> Vec<f64> { (0..2000).map(|i| stream.at(at).normal(i)).collect() };
        let (truth, zero) = (numbers(0), vec![0.0; 2000]);
        let other = numbers(1);
        let of = |truth| Outcome::Numbers { truth, predicted: &zero };
        let found = coverage(&of(&truth), &of(&other), 0.9).unwrap();
        assert!(found.low < 0.9 && found.high > 0.9, "{found:?}");
        assert!((found.threshold - 1.645).abs() < 0.1 && found.mean_size.is_none());
    }

    #[test]
    fn sets_are_counted_by_size() {
        let p = [0.9, 0.1, 0.5, 0.5, 0.2, 0.8];
        let of = |truth| Outcome::Classes { truth, probabilities: &p, classes: 2 };
        let found = coverage(&of(&[0, 0, 1]), &of(&[0, 1, 0]), 0.7).unwrap();
        assert!((found.threshold - 0.5).abs() < 1e-12);
        assert_eq!(
            (found.mean_size, found.singletons, found.empty),
            (Some(4.0 / 3.0), Some(2.0 / 3.0), Some(0.0))
        );
        assert!((found.covered - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(
            coverage(&of(&[0, 0, 1]), &Outcome::Numbers { truth: &[1.0], predicted: &[1.0] }, 0.9),
            None
        );
    }
}
