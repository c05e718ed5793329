//! `flat_cos`: constant for half the run, then half a cosine to 0; RealMLP's schedule for dropout and decay.

use super::half_cosine;

pub(super) fn factor(step: u64, total: u64) -> f64 {
    half_cosine((2.0 * step as f64 / total as f64 - 1.0).max(0.0))
}
