//! The scale of a number: what is taken off, what it is multiplied with, what stands for a missing value.

use serde::{Deserialize, Serialize};

use super::Scaling;

/// A fitted scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Stands for a missing value: the median of train.
    pub fill: f64,
    /// Taken off.
    pub center: f64,
    /// Multiplied with afterwards; 0 for a column that is constant in train.
    pub factor: f64,
    /// Where the smooth clip bends, in scaled units; none for no clip.
    pub clip: Option<f64>,
}

/// RealMLP's bend.
const CLIP: f64 = 3.0;
/// Scaled values are held within this, so that their squares are finite in single precision.
const LIMIT: f64 = 1e15;

impl Scale {
    /// Fits on the finite ones of `values`, which it reorders. All missing: everything becomes 0.
    ///
    /// Quartiles are numpy's `linear` ones, found by selection: linear in the number of values.
    pub(crate) fn fit(scaling: Scaling, values: &mut Vec<f64>) -> Self {
        values.retain(|value| value.is_finite());
        if values.is_empty() {
            return Self { fill: 0.0, center: 0.0, factor: 0.0, clip: None };
        }
        let fill = quantile(values, 0.5);
        match scaling {
            Scaling::Robust => {
                let factor = robust_factor(values);
                Self { fill, center: fill, factor, clip: Some(CLIP) }
            }
            Scaling::Standard => {
                let (center, deviation) = mean_and_deviation(values);
                let factor = if deviation > 0.0 { deviation.recip().min(f64::MAX) } else { 0.0 };
                Self { fill, center, factor, clip: None }
            }
            Scaling::None => Self { fill, center: 0.0, factor: 1.0, clip: None },
        }
    }

    /// A value as the model takes it in; never NaN, never infinite.
    #[inline]
    pub fn apply(&self, value: Option<f64>) -> f32 {
        let offset = value.unwrap_or(self.fill) - self.center;
        // An infinite offset times a factor of 0 would be NaN.
        let scaled = (offset.clamp(f64::MIN, f64::MAX) * self.factor).clamp(-LIMIT, LIMIT);
        let clipped = match self.clip {
            Some(bend) => scaled / (1.0 + (scaled / bend).powi(2)).sqrt(),
            None => scaled,
        };
        clipped as f32
    }
}

/// One over the interquartile range; over half the range when that is 0; 0 when the column is constant.
fn robust_factor(values: &mut [f64]) -> f64 {
    let quartiles = quantile(values, 0.75) - quantile(values, 0.25);
    let range = || {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        0.5 * (high - low)
    };
    let width = if quartiles == 0.0 { range() } else { quartiles };
    // pytabkit adds 1e-30 so that a subnormal width does not give an infinite factor.
    if width == 0.0 { 0.0 } else { 1.0 / (width.min(f64::MAX) + 1e-30) }
}

/// numpy's `linear` quantile of values that are not empty and hold no NaN; reorders them.
pub(super) fn quantile(values: &mut [f64], q: f64) -> f64 {
    let position = q * (values.len() - 1) as f64;
    let (_, &mut low, above) = values.select_nth_unstable_by(position as usize, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    let share = position.fract();
    if share == 0.0 || high <= low {
        return low;
    }
    // numpy's order of operations, from the nearer end.
    let step = (high - low).min(f64::MAX);
    if share < 0.5 { low + step * share } else { high - step * (1.0 - share) }
}

/// Mean and population deviation; the sums are of terms divided first, so that huge values stay finite.
pub(crate) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return (0.0, 0.0);
    }
    let n = values.len() as f64;
    let mean = values.iter().map(|value| value / largest).sum::<f64>() / n;
    let variance = values.iter().map(|value| (value / largest - mean).powi(2)).sum::<f64>() / n;
    // Rounding leaves a constant column a deviation of some 1e-17 of its size.
    let deviation = if variance.sqrt() <= f64::EPSILON * 8.0 { 0.0 } else { variance.sqrt() };
    (mean * largest, deviation * largest)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact values are asked for")]
mod tests {
    use super::*;

    #[test]
    fn robust_falls_back_to_half_the_range_and_then_to_zero() {
        let fit = |values: &[f64]| Scale::fit(Scaling::Robust, &mut values.to_vec());
        assert_eq!(fit(&[1.0, 2.0, 3.0, 4.0, 5.0]).factor, 0.5);
        assert_eq!(fit(&[0.0, 0.0, 0.0, 0.0, 0.0, 8.0]).factor, 0.25, "the quartiles agree");
        assert_eq!(fit(&[7.0, 7.0]).factor, 0.0);
        assert_eq!(fit(&[7.0, 7.0]).apply(Some(9.0)), 0.0, "constant in train: zeroed for ever");
    }

    #[test]
    fn quantiles_are_numpys_linear_ones() {
        let values = [7.0, 1.0, 3.0, 9.5];
        assert_eq!(quantile(&mut values.to_vec(), 0.25), 2.5);
        assert_eq!(quantile(&mut values.to_vec(), 0.5), 5.0);
        assert_eq!(quantile(&mut values.to_vec(), 0.75), 7.625);
        assert_eq!(quantile(&mut [2.0], 0.75), 2.0);
    }

    #[test]
    fn extreme_values_stay_finite() {
        let extremes = [f64::MIN, -1e-310, 0.0, 1e-310, f64::MAX, f64::INFINITY, f64::NEG_INFINITY];
        for scaling in Scaling::ALL {
            for train in [&extremes[..], &extremes[1..4], &extremes[5..], &[]] {
                let scale = Scale::fit(scaling, &mut train.to_vec());
                for value in extremes.map(Some).into_iter().chain([None]) {
                    assert!(scale.apply(value).is_finite(), "{scaling:?} {scale:?} {value:?}");
                }
            }
        }
    }

    #[test]
    fn the_smooth_clip_bends_at_three() {
        let scale = Scale { fill: 0.0, center: 0.0, factor: 1.0, clip: Some(3.0) };
        assert_eq!(scale.apply(Some(1e300)), 3.0);
        assert!((f64::from(scale.apply(Some(3.0))) - 3.0 / 2f64.sqrt()).abs() < 1e-6);
    }

    /// Made by `oracles/prepare.py` with numpy and scikit-learn.
    #[test]
    fn scales_are_those_of_the_oracle() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/preparation.json")).unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let list = |name: &str| -> Vec<f64> {
                case[name].as_array().into_iter().flatten().map(|x| x.as_f64().unwrap()).collect()
            };
            let (train, values) = (list("train"), list("values"));
            for (q, expected) in [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().zip(list("quantiles")) {
                assert_eq!(quantile(&mut train.clone(), q), expected, "{} {q}", case["name"]);
            }
            for (scaling, name) in [(Scaling::Robust, "robust"), (Scaling::Standard, "standard")] {
                let scale = Scale::fit(scaling, &mut train.clone());
                for (&value, expected) in values.iter().zip(list(name)) {
                    let found = f64::from(scale.apply(Some(value)));
                    let close = (found - expected).abs() <= 1e-6 * expected.abs().max(1e-6);
                    assert!(close, "{} {name} {value}: {found} {expected}", case["name"]);
                }
            }
        }
    }
}
