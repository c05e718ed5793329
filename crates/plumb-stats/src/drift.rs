//! How far two samples are apart: population stability index, Jensen-Shannon, Wasserstein.

use crate::describe::{mean, quantile_of_sorted};
use crate::ranks::sorted;

/// How numbers are binned for the population stability index. The index depends on it, so its name goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PsiBins {
    /// Bins with equal shares of the reference.
    Quantiles(usize),
    /// Bins of equal width over both samples.
    EqualWidth(usize),
}

impl PsiBins {
    /// The name to print beside the index.
    pub fn name(self) -> String {
        match self {
            Self::Quantiles(bins) => format!("psi, {bins} quantile bins of the reference"),
            Self::EqualWidth(bins) => format!("psi, {bins} bins of equal width"),
        }
    }

    /// The inner edges, ascending and distinct.
    fn edges(self, reference: &[f64], current: &[f64]) -> Vec<f64> {
        let mut edges: Vec<f64> = match self {
            Self::Quantiles(bins) => {
                let sorted = sorted(reference);
                (1..bins).map(|i| quantile_of_sorted(&sorted, i as f64 / bins as f64)).collect()
            }
            Self::EqualWidth(bins) => {
                let both = || reference.iter().chain(current).copied();
                let (low, high) =
                    (both().fold(f64::INFINITY, f64::min), both().fold(f64::NEG_INFINITY, f64::max));
                (1..bins).map(|i| low + (high - low) * i as f64 / bins as f64).collect()
            }
        };
        edges.dedup();
        edges
    }
}

/// What stands for an empty bin's share, so that its logarithm exists (Evidently's value).
pub const EMPTY_SHARE: f64 = 1e-4;

/// The population stability index of numbers: bins are (edge, edge], the outer ones open. `None` when a sample is
/// empty or holds a number that is not finite, or there are no bins.
pub fn psi(reference: &[f64], current: &[f64], bins: PsiBins) -> Option<f64> {
    let (PsiBins::Quantiles(count) | PsiBins::EqualWidth(count)) = bins;
    let unusable = |sample: &[f64]| sample.is_empty() || sample.iter().any(|x| !x.is_finite());
    if count == 0 || unusable(reference) || unusable(current) {
        return None;
    }
    let edges = bins.edges(reference, current);
    let count = |sample: &[f64]| {
        let mut counts = vec![0u64; edges.len() + 1];
        for x in sample {
            counts[edges.partition_point(|edge| edge < x)] += 1;
        }
        counts
    };
    psi_of_counts(&count(reference), &count(current))
}

/// The population stability index of counts by category, both in the same order. An empty share counts as
/// [`EMPTY_SHARE`]. `None` when lengths differ or a side is empty.
pub fn psi_of_counts(reference: &[u64], current: &[u64]) -> Option<f64> {
    let (p, q) = (shares(reference)?, shares(current)?);
    let term = |(p, q): (&f64, &f64)| {
        let (p, q) = (if *p > 0.0 { *p } else { EMPTY_SHARE }, if *q > 0.0 { *q } else { EMPTY_SHARE });
        (q - p) * (q / p).ln()
    };
    (p.len() == q.len()).then(|| p.iter().zip(&q).map(term).sum())
}

/// The Jensen-Shannon distance of counts by category, base 2, from 0 to 1: the root of the divergence, as
/// `scipy.spatial.distance.jensenshannon(base=2)`.
pub fn jensen_shannon(reference: &[u64], current: &[u64]) -> Option<f64> {
    let (p, q) = (shares(reference)?, shares(current)?);
    let against = |p: f64, middle: f64| if p > 0.0 { p * (p / middle).log2() } else { 0.0 };
    let term = |(p, q): (&f64, &f64)| {
        let middle = f64::midpoint(*p, *q);
        against(*p, middle) + against(*q, middle)
    };
    (p.len() == q.len()).then(|| (0.5 * p.iter().zip(&q).map(term).sum::<f64>()).max(0.0).sqrt())
}

fn shares(counts: &[u64]) -> Option<Vec<f64>> {
    let total: u64 = counts.iter().sum();
    (total > 0).then(|| counts.iter().map(|&count| count as f64 / total as f64).collect())
}

/// The first Wasserstein distance of two samples, in their unit: the area between the cumulative distributions.
/// `None` when a sample is empty or holds a number that is not finite.
pub fn wasserstein(first: &[f64], second: &[f64]) -> Option<f64> {
    let unusable = |sample: &[f64]| sample.is_empty() || sample.iter().any(|x| !x.is_finite());
    if unusable(first) || unusable(second) {
        return None;
    }
    let (a, b) = (sorted(first), sorted(second));
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    let mut at = a[0].min(b[0]);
    while i < a.len() || j < b.len() {
        let next = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        area += (next - at) * (i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs();
        at = next;
        i += usize::from(a.get(i).is_some_and(|x| *x <= at));
        j += usize::from(b.get(j).is_some_and(|x| *x <= at));
    }
    Some(area)
}

/// The first Wasserstein distance in standard deviations of the reference (population deviation, as Evidently normalises); in those of
/// both samples together where the reference is constant, and 0 where both are the same constant. `None` where [`wasserstein`] is.
pub fn wasserstein_in_deviations(reference: &[f64], current: &[f64]) -> Option<f64> {
    let distance = wasserstein(reference, current)?;
    let spread = |sample: &[f64]| {
        let center = mean(sample)?;
        mean(&sample.iter().map(|x| (x - center) * (x - center)).collect::<Vec<_>>()).map(f64::sqrt)
    };
    let deviation = match spread(reference)? {
        deviation if deviation > 0.0 => deviation,
        _ => spread(&[reference, current].concat())?,
    };
    Some(if deviation > 0.0 { distance / deviation } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_are_not_apart() {
        let sample = [3.0, 1.0, 2.0, 2.0];
        assert_eq!(psi(&sample, &sample, PsiBins::Quantiles(10)), Some(0.0));
        assert_eq!(wasserstein(&sample, &sample), Some(0.0));
        assert_eq!(jensen_shannon(&[1, 3], &[10, 30]), Some(0.0));
        assert_eq!(jensen_shannon(&[1, 0], &[0, 1]), Some(1.0));
        assert_eq!(wasserstein(&[0.0], &[2.5]), Some(2.5));
    }

    #[test]
    fn a_distance_in_deviations_has_no_unit() {
        let reference = [0.0, 10.0, 20.0];
        let found = wasserstein_in_deviations(&reference, &reference.map(|x| x + 5.0)).unwrap();
        assert!((found - 5.0 / (200.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(wasserstein_in_deviations(&[1.0, 1.0], &[1.0]), Some(0.0));
        assert_eq!(wasserstein_in_deviations(&[1.0, 1.0], &[3.0, 3.0]), Some(2.0));
    }

    #[test]
    fn nothing_is_undefined() {
        assert_eq!(psi(&[], &[1.0], PsiBins::EqualWidth(5)), None);
        assert_eq!(psi(&[1.0], &[f64::NAN], PsiBins::EqualWidth(5)), None);
        assert_eq!(psi_of_counts(&[1, 2], &[0, 0]), None);
        assert_eq!(wasserstein(&[1.0], &[]), None);
    }
}
