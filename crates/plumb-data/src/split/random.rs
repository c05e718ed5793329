//! By chance: each part has its share of the rows, to one row.

use super::SplitError;
use super::apportion::{apportion, leave_none_empty};
use super::method::{Bins, Pool};

/// Deals the rows out in random order.
#[expect(clippy::unnecessary_wraps, reason = "every method has this type, some fail")]
pub(super) fn assign(pool: &Pool, shares: &[f64], _keep_first: bool) -> Result<Bins, SplitError> {
    let mut counts = apportion(pool.rows.len(), shares, &mut vec![0.0; shares.len()], false);
    leave_none_empty(&mut counts, shares);
    let mut bins = vec![None; pool.rows.len()];
    let mut order = pool.stream.permutation(pool.rows.len()).into_iter();
    for (bin, count) in counts.into_iter().enumerate() {
        for at in order.by_ref().take(count) {
            bins[at as usize] = Some(bin);
        }
    }
    Ok(bins)
}
