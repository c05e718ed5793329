//! The distribution functions that tests and intervals need, from `statrs` where it is exact enough.

use statrs::function::erf::erfc_inv;
use statrs::function::{beta, gamma};

/// The complementary error function as an incomplete gamma function: `statrs::function::erf::erfc` is off by 5e-11.
fn erfc(x: f64) -> f64 {
    let tail = gamma::checked_gamma_ur(0.5, x * x).unwrap_or(if x == 0.0 { 1.0 } else { f64::NAN });
    if x < 0.0 { 2.0 - tail } else { tail }
}

/// P(Z <= z) of the standard normal.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// The z with P(Z <= z) = p, polished by one Newton step in the lower tail, where probabilities keep their digits.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p.is_nan() || p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 {
            f64::NEG_INFINITY
        } else if p >= 1.0 {
            f64::INFINITY
        } else {
            f64::NAN
        };
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let z = -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p);
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if density > 0.0 { z - (normal_cdf(z) - p) / density } else { z }
}

/// Two-sided p-value of a standard normal statistic.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2).min(1.0)
}

/// P(X >= x) of chi-squared with `degrees` of freedom.
pub(crate) fn chi_squared_upper(x: f64, degrees: f64) -> f64 {
    if x <= 0.0 { 1.0 } else { gamma::checked_gamma_ur(0.5 * degrees, 0.5 * x).unwrap_or(f64::NAN) }
}

/// P(X <= successes) of a binomial with `trials` and chance one half.
pub(crate) fn fair_binomial_cdf(successes: u64, trials: u64) -> f64 {
    if successes >= trials {
        return 1.0;
    }
    beta::checked_beta_reg((trials - successes) as f64, successes as f64 + 1.0, 0.5).unwrap_or(f64::NAN)
}

/// P(|T| >= t) of Student's t with `degrees` of freedom.
pub(crate) fn student_two_sided(t: f64, degrees: f64) -> f64 {
    if !t.is_finite() {
        return if t.is_nan() { f64::NAN } else { 0.0 };
    }
    beta::checked_beta_reg(0.5 * degrees, 0.5, degrees / (degrees + t * t)).unwrap_or(f64::NAN)
}

/// The t with P(|T| >= t) = p of Student's t, by bisection on the logarithm of t.
pub(crate) fn student_quantile_two_sided(p: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (-40.0f64, 40.0f64);
    while high - low > 1e-14 * (1.0 + low.abs()) {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if student_two_sided(middle.exp(), degrees) > p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high).exp()
}

/// P(K >= x) of Kolmogorov's limit distribution. Both of its series converge within a few terms on their side of 1.
pub(crate) fn kolmogorov_upper(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x <= 0.0 {
        return 1.0;
    }
    if x < 1.0 {
        let terms = (1..20).map(|k| (-(f64::from(2 * k - 1) * PI / x).powi(2) / 8.0).exp());
        return 1.0 - (2.0 * PI).sqrt() / x * terms.sum::<f64>();
    }
    let term = |k: i32| (-2.0 * (f64::from(k) * x).powi(2)).exp() * if k % 2 == 0 { -1.0 } else { 1.0 };
    (2.0 * (1..20).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_inverts_the_distribution() {
        for p in [1e-10, 0.001, 0.025, 0.3, 0.5, 0.975, 0.999_999] {
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-15 + 1e-13 * p, "{p}");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
        assert!((normal_quantile(1e-10) + 6.361_340_902_404_056).abs() < 1e-13);
        assert_eq!((normal_cdf(0.0), normal_quantile(0.5), normal_two_sided(0.0)), (0.5, 0.0, 1.0));
        assert!(normal_quantile(f64::NAN).is_nan());
    }

    #[test]
    fn both_series_of_kolmogorov_meet() {
        assert!((kolmogorov_upper(1.0 - 1e-12) - kolmogorov_upper(1.0)).abs() < 1e-11);
    }
}
