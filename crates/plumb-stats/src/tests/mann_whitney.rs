//! The Mann-Whitney U test: does one sample tend to larger values?

use crate::distributions::normal_two_sided;
use crate::ranks::{ascending, for_each_run};

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// How many pairs have the first above the second, ties one half.
    pub u: f64,
    /// `u` over the number of pairs: the chance that a value of the first is the larger one.
    pub superiority: f64,
    /// The p-value by the normal approximation with tie and continuity correction
    /// (`scipy.stats.mannwhitneyu(method="asymptotic")`); 1 when all values are equal.
    pub p: f64,
}

/// Compares two samples; `None` when one is empty. NaN counts as the largest value.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Option<MannWhitney> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let pooled: Vec<f64> = first.iter().chain(second).copied().collect();
    let order = ascending(&pooled);
    let (mut rank_sum, mut ties) = (0.0, 0.0);
    for_each_run(&order, &pooled, |from, to| {
        let hits = order[from..to].iter().filter(|&&row| (row as usize) < first.len()).count();
        rank_sum += hits as f64 * f64::midpoint(from as f64 + 1.0, to as f64);
        let run = (to - from) as f64;
        ties += run * run * run - run;
    });
    let (n, m) = (first.len() as f64, second.len() as f64);
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let spread = (n * m / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)))).sqrt();
    let off = u.max(n * m - u) - n * m / 2.0 - 0.5;
    let p = if spread > 0.0 { normal_upper_twice(off / spread) } else { 1.0 };
    Some(MannWhitney { u, superiority: u / (n * m), p })
}

/// Twice the upper tail, at most 1: the continuity correction can push the statistic below 0.
fn normal_upper_twice(z: f64) -> f64 {
    if z <= 0.0 { 1.0 } else { normal_two_sided(z) }
}
