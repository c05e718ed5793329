//! The two-sample Kolmogorov-Smirnov test: do two samples come from one distribution?

use crate::distributions::kolmogorov_upper;
use crate::ranks::sorted;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KsTest {
    /// The largest distance between the two cumulative distributions.
    pub statistic: f64,
    /// The p-value.
    pub p: f64,
    /// `exact` (all orders counted) or `asymptotic` (Kolmogorov's limit, with m n / (m + n)).
    pub method: &'static str,
}

/// Up to this many cells of the path count the p-value is exact; it takes about a nanosecond a cell.
const EXACT_CELLS: usize = 1_000_000;

/// Compares two samples; `None` when one is empty or holds NaN. Sorts copies.
pub fn ks_two_sample(first: &[f64], second: &[f64]) -> Option<KsTest> {
    let unusable = |sample: &[f64]| sample.is_empty() || sample.iter().any(|x| x.is_nan());
    if unusable(first) || unusable(second) {
        return None;
    }
    let (a, b) = (sorted(first), sorted(second));
    let distance = distance(&a, &b);
    let (n, m) = (a.len(), b.len());
    let statistic = distance as f64 / (n as f64 * m as f64);
    if n.saturating_mul(m) <= EXACT_CELLS {
        return Some(KsTest { statistic, p: exact(n, m, distance), method: "exact" });
    }
    let effective = n as f64 * m as f64 / (n + m) as f64;
    let p = kolmogorov_upper(effective.sqrt() * statistic);
    Some(KsTest { statistic, p, method: "asymptotic" })
}

/// The largest |i m - j n| where i and j values of the samples are at or below a common point: the statistic times
/// n m, in integers.
fn distance(a: &[f64], b: &[f64]) -> u128 {
    let (mut i, mut j, mut largest) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        i += a[i..].iter().take_while(|&&x| x <= at).count();
        j += b[j..].iter().take_while(|&&x| x <= at).count();
        let here = i as u128 * b.len() as u128;
        largest = here.abs_diff(j as u128 * a.len() as u128).max(largest);
    }
    largest
}

/// The chance that a random order of both samples reaches the distance: a walk from (0, 0) to (n, m), the chance of
/// having been outside carried along. Only positive terms are added, so small p-values keep their digits.
fn exact(n: usize, m: usize, distance: u128) -> f64 {
    if distance == 0 {
        return 1.0;
    }
    let outside = |i: usize, j: usize| (i as u128 * m as u128).abs_diff(j as u128 * n as u128) >= distance;
    let mut row = vec![0.0; m + 1];
    for i in 0..=n {
        for j in 0..=m {
            let steps = (i + j) as f64;
            row[j] = match (i, j) {
                _ if outside(i, j) => 1.0,
                (0, 0) => 0.0,
                (0, _) => row[j - 1],
                (_, 0) => row[j],
                _ => (row[j] * i as f64 + row[j - 1] * j as f64) / steps,
            };
        }
    }
    row[m]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_the_scale() {
        let same = ks_two_sample(&[1.0, 2.0], &[2.0, 1.0]).unwrap();
        assert_eq!((same.statistic, same.p), (0.0, 1.0));
        let apart = ks_two_sample(&[1.0, 2.0], &[3.0, 4.0]).unwrap();
        assert_eq!((apart.statistic, apart.p), (1.0, 1.0 / 3.0), "2 of the 6 orders");
        assert_eq!(ks_two_sample(&[], &[1.0]), None);
        assert_eq!(ks_two_sample(&[f64::NAN], &[1.0]), None);
    }
}
