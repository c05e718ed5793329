//! Effect sizes: how large a difference is, apart from how sure.

use crate::describe::{mean, variance};
use crate::tests::{ChiSquared, chi_squared, mann_whitney};

/// Cramer's V of a contingency table, from 0 (independent) to 1 (one determines the other); without bias correction.
/// `None` where [`chi_squared`] is.
pub fn cramers_v(table: &[Vec<f64>]) -> Option<f64> {
    chi_squared(table).map(|test| cramers_v_of(&test))
}

/// Cramer's V of a test already made.
pub fn cramers_v_of(test: &ChiSquared) -> f64 {
    (test.statistic / (test.total * (test.smaller_side - 1) as f64)).sqrt().min(1.0)
}

/// Cohen's d: the difference of means (first minus second) in pooled standard deviations. `None` below two values
/// or without spread.
pub fn cohens_d(first: &[f64], second: &[f64]) -> Option<f64> {
    let (n, m) = (first.len() as f64, second.len() as f64);
    let pooled = ((n - 1.0) * variance(first)? + (m - 1.0) * variance(second)?) / (n + m - 2.0);
    (pooled > 0.0).then_some((mean(first)? - mean(second)?) / pooled.sqrt())
}

/// Cliff's delta: the chance that the first is larger minus the chance that it is smaller, from -1 to 1.
pub fn cliffs_delta(first: &[f64], second: &[f64]) -> Option<f64> {
    mann_whitney(first, second).map(|test| 2.0 * test.superiority - 1.0)
}

/// Eta squared: the share of the variance of `values` that lies between groups (the correlation ratio squared).
/// `groups[i]` is the group of value `i`. `None` of a constant or of unequal lengths.
pub fn eta_squared(values: &[f64], groups: &[u32]) -> Option<f64> {
    let center = mean(values).filter(|_| values.len() == groups.len())?;
    let size = groups.iter().max().map_or(0, |&largest| largest as usize + 1);
    let mut sums = vec![(0.0, 0u64); size];
    for (value, &group) in values.iter().zip(groups) {
        let sum = &mut sums[group as usize];
        *sum = (sum.0 + (value - center), sum.1 + 1);
    }
    let between: f64 = sums.iter().filter(|(_, n)| *n > 0).map(|(sum, n)| sum * sum / *n as f64).sum();
    let total: f64 = values.iter().map(|x| (x - center) * (x - center)).sum();
    (total > 0.0).then(|| (between / total).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_the_scales() {
        assert_eq!(cramers_v(&[vec![5.0, 0.0], vec![0.0, 5.0]]), Some(1.0));
        assert_eq!(cramers_v(&[vec![5.0, 5.0], vec![5.0, 5.0]]), Some(0.0));
        assert_eq!(cliffs_delta(&[2.0, 3.0], &[0.0, 1.0]), Some(1.0));
        assert_eq!(eta_squared(&[1.0, 1.0, 4.0], &[0, 0, 2]), Some(1.0));
        assert_eq!(eta_squared(&[1.0, 1.0], &[0, 1]), None);
        assert_eq!(cohens_d(&[1.0, 1.0], &[1.0, 1.0]), None);
    }
}
