//! By chance within each class: every part has each class by its share, to one row.

use crate::Labels;

use super::SplitError;
use super::apportion::apportion;
use super::method::{Bins, Pool};

/// Strata of a regression target: tenths of its rows, by label.
const TENTHS: usize = 10;

/// Deals each stratum out in random order. With `keep_first`, every stratum stands in the first bin.
#[expect(clippy::unnecessary_wraps, reason = "every method has this type, some fail")]
pub(super) fn assign(pool: &Pool, shares: &[f64], keep_first: bool) -> Result<Bins, SplitError> {
    let mut bins = vec![None; pool.rows.len()];
    let mut owed = vec![0.0; shares.len()];
    for (stratum, mut members) in strata(pool).into_iter().enumerate() {
        pool.stream.at(stratum as u64).shuffle(&mut members);
        let counts = apportion(members.len(), shares, &mut owed, keep_first);
        let mut members = members.into_iter();
        for (bin, count) in counts.into_iter().enumerate() {
            for at in members.by_ref().take(count) {
                bins[at] = Some(bin);
            }
        }
    }
    Ok(bins)
}

/// The positions in the pool of each class, or of each tenth of the labels; none is empty.
pub(super) fn strata(pool: &Pool) -> Vec<Vec<usize>> {
    let positions = 0..pool.rows.len();
    let mut strata = match &pool.target.labels {
        Labels::Classes(codes) => {
            let mut strata = vec![Vec::new(); pool.target.classes.len()];
            for at in positions {
                if let Some(code) = codes[pool.rows[at] as usize] {
                    strata[code as usize].push(at);
                }
            }
            strata
        }
        Labels::Numbers(numbers) => {
            let label = |at: usize| numbers[pool.rows[at] as usize].unwrap_or(f64::NAN);
            let mut order: Vec<usize> = positions.collect();
            order.sort_by(|&a, &b| label(a).total_cmp(&label(b)));
            order.chunks(order.len().div_ceil(TENTHS).max(1)).map(<[usize]>::to_vec).collect()
        }
    };
    strata.retain(|members| !members.is_empty());
    strata
}
