//! LIME: a linear model of what a model does near one input (Ribeiro, Singh, Guestrin 2016).

use crate::least_squares::{Cholesky, gram, moments};

/// The customary width of the kernel: `0.75 * sqrt(features)`.
pub fn kernel_width(features: usize) -> f64 {
    0.75 * (features as f64).sqrt()
}

/// How much a neighbour at a distance counts: `sqrt(exp(-d² / width²))`, as `lime` has it.
pub fn proximity(distance: f64, width: f64) -> f64 {
    (-distance * distance / (width * width)).exp().sqrt()
}

/// A linear model around an input.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalModel {
    /// Its constant.
    pub intercept: f64,
    /// Its coefficients, one a feature.
    pub coefficients: Vec<f64>,
    /// The weighted R² on the neighbours: how much of what the model does there is linear. None where the model is constant there.
    pub r2: Option<f64>,
}

/// Fits a ridge regression to a model's outputs `y` at neighbours (`rows x features`, row-major), each with its weight.
///
/// Convention: scikit-learn's `Ridge(alpha, fit_intercept=True)`, which `lime` uses with alpha 1: the constant is not
/// penalised. `None` when lengths disagree, there is no feature, or all weights are 0.
pub fn local_model(
    neighbours: &[f64],
    features: usize,
    weights: &[f64],
    y: &[f64],
    alpha: f64,
) -> Option<LocalModel> {
    let rows = y.len();
    if features == 0 || weights.len() != rows || rows.checked_mul(features) != Some(neighbours.len()) {
        return None;
    }
    let total: f64 = weights.iter().sum();
    if total.is_nan() || total <= 0.0 {
        return None;
    }
    let means: Vec<f64> =
        moments(neighbours, features, weights, &vec![1.0; rows]).iter().map(|m| m / total).collect();
    let mean_y = y.iter().zip(weights).map(|(y, w)| y * w).sum::<f64>() / total;
    let centred: Vec<f64> = neighbours
        .chunks_exact(features)
        .flat_map(|row| row.iter().zip(&means).map(|(x, mean)| x - mean))
        .collect();
    let centred_y: Vec<f64> = y.iter().map(|y| y - mean_y).collect();
    let factor = Cholesky::new(gram(&centred, features, weights, alpha), features)?;
    let coefficients = factor.solve(&moments(&centred, features, weights, &centred_y));
    let intercept = mean_y - coefficients.iter().zip(&means).map(|(c, mean)| c * mean).sum::<f64>();
    let r2 = r2(&centred, &coefficients, weights, &centred_y, mean_y);
    Some(LocalModel { intercept, coefficients, r2 })
}

fn r2(centred: &[f64], coefficients: &[f64], weights: &[f64], centred_y: &[f64], mean_y: f64) -> Option<f64> {
    let (mut left, mut all) = (0.0, 0.0);
    for ((row, y), weight) in centred.chunks_exact(coefficients.len()).zip(centred_y).zip(weights) {
        let fitted: f64 = row.iter().zip(coefficients).map(|(x, c)| x * c).sum();
        left += weight * (y - fitted).powi(2);
        all += weight * y * y;
    }
    // Deviations of the size of rounding are none.
    (all > (f64::EPSILON * mean_y).powi(2) * weights.iter().sum::<f64>()).then(|| 1.0 - left / all)
}

/// The features that `lime` keeps by `feature_selection="highest_weights"`: those with the largest `|coefficient * value|` of a
/// nearly unpenalised fit (alpha 0.01), where `values` are those of the input itself; the largest first.
pub fn strongest(model: &LocalModel, values: &[f64], keep: usize) -> Vec<usize> {
    let strength = |at: usize| (model.coefficients[at] * values.get(at).copied().unwrap_or(0.0)).abs();
    let mut order: Vec<usize> = (0..model.coefficients.len()).collect();
    order.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)));
    order.truncate(keep);
    order
}

impl LocalModel {
    /// The model's output at a point.
    pub fn at(&self, point: &[f64]) -> f64 {
        self.intercept + self.coefficients.iter().zip(point).map(|(c, x)| c * x).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_model_is_found_and_a_constant_has_no_r2() {
        let rows: Vec<f64> = (0..40).flat_map(|i| [f64::from(i % 7), f64::from(i % 3)]).collect();
        let y: Vec<f64> = rows.chunks(2).map(|row| 1.0 + 2.0 * row[0] - row[1]).collect();
        let weights: Vec<f64> = (0..40).map(|i| proximity(f64::from(i) / 10.0, kernel_width(2))).collect();
        let found = local_model(&rows, 2, &weights, &y, 1e-9).unwrap();
        assert!((found.at(&[3.0, 1.0]) - 6.0).abs() < 1e-6, "{found:?}");
        assert!(found.r2.unwrap() > 1.0 - 1e-9);
        assert_eq!(strongest(&found, &[1.0, 100.0], 1), [1]);
        let flat = local_model(&rows, 2, &weights, &[5.0; 40], 1.0).unwrap();
        assert!(flat.r2.is_none() && flat.coefficients.iter().all(|c| c.abs() < 1e-12), "{flat:?}");
        assert_eq!(local_model(&rows, 2, &[0.0; 40], &y, 1.0), None);
        assert_eq!(local_model(&[], 0, &[], &[], 1.0), None);
    }
}
