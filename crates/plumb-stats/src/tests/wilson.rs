//! Wilson's score interval of a share.

use crate::distributions::normal_quantile;

/// The interval of `successes` out of `trials` at a coverage such as 0.95, without continuity correction; the whole
/// [0, 1] when nothing was tried.
pub fn wilson(successes: u64, trials: u64, level: f64) -> (f64, f64) {
    if trials == 0 || successes > trials {
        return (0.0, 1.0);
    }
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let z = normal_quantile(0.5 + 0.5 * level);
    let scale = 1.0 + z * z / n;
    let center = (p + z * z / (2.0 * n)) / scale;
    let half = z / scale * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let low = if successes == 0 { 0.0 } else { (center - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (center + half).min(1.0) };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_stay_within_the_unit() {
        assert_eq!(wilson(0, 0, 0.95), (0.0, 1.0));
        let (none, all) = (wilson(0, 10, 0.95), wilson(10, 10, 0.95));
        assert_eq!((none.0, all.1), (0.0, 1.0));
        assert!((none.1 + all.0 - 1.0).abs() < 1e-15, "the two are mirror images");
    }
}
