//! `coslog4`: RealMLP's schedule (Holzmüller et al. 2024, <https://arxiv.org/abs/2407.04491>): four cycles,
//! each twice as long as the one before, each rising from 0 and ending at 0.

use std::f64::consts::TAU;

pub(super) fn factor(step: u64, total: u64) -> f64 {
    let share = step as f64 / total as f64;
    0.5 * (1.0 - (TAU * (1.0 + 15.0 * share).log2()).cos())
}
