//! How many values may lie beyond the extremes of a sample from the same distribution?

use statrs::function::gamma::ln_gamma;

/// The chance that `outside` or more of `rows` new values lie below the smallest or above the largest of `reference` values, where
/// all come from one continuous distribution, whichever: a beta-binomial of 2 and `reference - 1` (the tolerance interval of
/// Wilks 1941). With ties the chance is smaller. `None` below two reference values. As many steps as `outside`.
pub fn beyond_extremes(reference: usize, rows: usize, outside: usize) -> Option<f64> {
    if reference < 2 || outside > rows {
        return None;
    }
    let (n, a, b) = (rows as f64, 2.0, reference as f64 - 1.0);
    let ln_beta = |x: f64, y: f64| ln_gamma(x) + ln_gamma(y) - ln_gamma(x + y);
    let chance = |k: f64| {
        let choose = -ln_beta(n - k + 1.0, k + 1.0) - (n + 1.0).ln();
        (choose + ln_beta(k + a, n - k + b) - ln_beta(a, b)).exp()
    };
    // The tail that is asked for, summed from its small end, so that small chances keep their digits.
    let tail: f64 = (outside..=rows).rev().map(|k| chance(k as f64)).sum();
    Some(tail.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_value_lies_outside_as_often_as_ranks_say() {
        // The new value is the smallest or the largest of all with chance 2 / (n + 1).
        assert!((beyond_extremes(99, 1, 1).unwrap() - 0.02).abs() < 1e-9);
        assert!((beyond_extremes(99, 50, 0).unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(beyond_extremes(1, 5, 1), None);
        assert_eq!(beyond_extremes(10, 5, 6), None);
    }
}
