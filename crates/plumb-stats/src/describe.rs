//! Describing a sample: location, spread, shape, and how two samples move together.

use crate::distributions::student_two_sided;
use crate::ranks::{mid_ranks, sorted};

/// The factor that makes the median absolute deviation estimate a normal's standard deviation: 1 / Phi^-1(3/4).
pub const MAD_TO_DEVIATION: f64 = 1.482_602_218_505_602;

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample variance (divided by n - 1, two passes); `None` below two values.
pub fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (values.len() > 1).then(|| squares / (values.len() - 1) as f64)
}

/// The sample standard deviation.
pub fn deviation(values: &[f64]) -> Option<f64> {
    variance(values).map(f64::sqrt)
}

/// A quantile by linear interpolation (numpy's `linear`, type 7 of Hyndman and Fan); `None` of nothing or when `q`
/// is outside [0, 1]. Sorts a copy.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    (!values.is_empty() && (0.0..=1.0).contains(&q)).then(|| quantile_of_sorted(&sorted(values), q))
}

/// [`quantile`] of values already sorted; NaN of nothing.
pub fn quantile_of_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = q.clamp(0.0, 1.0) * last as f64;
    if place.is_nan() {
        return f64::NAN;
    }
    let low = place.floor() as usize;
    let (from, to) = (sorted[low], sorted[(low + 1).min(last)]);
    let share = place - low as f64;
    // numpy interpolates from the nearer end; so do we, for the same last bit.
    if share >= 0.5 { to - (to - from) * (1.0 - share) } else { from + (to - from) * share }
}

/// The median; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The median absolute deviation from the median, not scaled.
pub fn mad(values: &[f64]) -> Option<f64> {
    let center = median(values)?;
    median(&values.iter().map(|x| (x - center).abs()).collect::<Vec<_>>())
}

/// How many robust standard deviations each value lies from the median: `(x - median) / (1.4826 MAD)`. `None` when
/// more than half of the values are equal, so that there is no spread to measure by.
pub fn robust_z(values: &[f64]) -> Option<Vec<f64>> {
    let (center, spread) = (median(values)?, MAD_TO_DEVIATION * mad(values)?);
    (spread > 0.0).then(|| values.iter().map(|x| (x - center) / spread).collect())
}

/// The sample skewness, biased (`scipy.stats.skew`); `None` of a constant.
pub fn skewness(values: &[f64]) -> Option<f64> {
    let (second, third) = (central_moment(values, 2)?, central_moment(values, 3)?);
    (second > 0.0).then(|| third / second.powf(1.5))
}

/// The excess kurtosis, biased (`scipy.stats.kurtosis`); 0 for a normal; `None` of a constant.
pub fn kurtosis(values: &[f64]) -> Option<f64> {
    let (second, fourth) = (central_moment(values, 2)?, central_moment(values, 4)?);
    (second > 0.0).then(|| fourth / (second * second) - 3.0)
}

fn central_moment(values: &[f64], power: i32) -> Option<f64> {
    let mean = mean(values)?;
    Some(values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / values.len() as f64)
}

/// A correlation and the two-sided p-value of none, from Student's t with n - 2 degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// From -1 to 1.
    pub coefficient: f64,
    /// The p-value.
    pub p: f64,
}

/// Pearson's correlation; `None` below three pairs or when a side is constant.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<Correlation> {
    if a.len() != b.len() || a.len() < 3 {
        return None;
    }
    let (mean_a, mean_b) = (mean(a)?, mean(b)?);
    let (mut cross, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        cross += x * y;
        square_a += x * x;
        square_b += y * y;
    }
    let scale = square_a.sqrt() * square_b.sqrt();
    if scale.is_nan() || scale <= 0.0 {
        return None;
    }
    let coefficient = (cross / scale).clamp(-1.0, 1.0);
    let degrees = (a.len() - 2) as f64;
    let t = coefficient * (degrees / ((1.0 - coefficient) * (1.0 + coefficient))).sqrt();
    Some(Correlation { coefficient, p: student_two_sided(t, degrees) })
}

/// Spearman's rank correlation, ties sharing their mean rank.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<Correlation> {
    pearson(&mid_ranks(a), &mid_ranks(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_constants_are_undefined() {
        assert_eq!((mean(&[]), median(&[]), mad(&[]), variance(&[1.0])), (None, None, None, None));
        assert_eq!((skewness(&[2.0; 3]), kurtosis(&[2.0; 3]), robust_z(&[2.0; 3])), (None, None, None));
        assert_eq!(pearson(&[1.0, 2.0, 3.0], &[1.0; 3]), None);
        assert_eq!(quantile(&[1.0], 1.5), None);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[4.0, 1.0, 2.0], 0.25), Some(1.5));
        assert_eq!(median(&[1.0, 2.0, 3.0, 10.0]), Some(2.5));
        assert_eq!(mad(&[1.0, 2.0, 3.0, 10.0]), Some(1.0));
    }
}
