//! By time: train before valid before test, rows of one moment together.

use super::SplitError;
use super::method::{Bins, Pool};

/// Cuts the rows in the order of the column, at the boundary between moments nearest to the share. A row
/// without a time is unused.
pub(super) fn assign(pool: &Pool, shares: &[f64], _keep_first: bool) -> Result<Bins, SplitError> {
    let moments = moments(pool)?;
    let mut order: Vec<usize> = (0..moments.len()).filter(|&at| !moments[at].is_nan()).collect();
    order.sort_by(|&a, &b| moments[a].total_cmp(&moments[b]));
    // Where a new moment starts, the end included.
    let starts: Vec<usize> = (1..order.len())
        .filter(|&at| moments[order[at - 1]] < moments[order[at]])
        .chain([order.len()])
        .collect();
    let total: f64 = shares.iter().sum();
    let mut bins = vec![None; moments.len()];
    let (mut first, mut share) = (0, 0.0);
    for (bin, own) in shares.iter().enumerate() {
        share += own / total;
        let last = bin + 1 == shares.len();
        let end = if last { order.len() } else { nearest(&starts, share * order.len() as f64) };
        // A bin without a share takes nothing, one with a share begins after the one before.
        let end = if *own > 0.0 { end.max(first) } else { first };
        order[first..end].iter().for_each(|&at| bins[at] = Some(bin));
        first = end;
    }
    Ok(bins)
}

/// The start nearest to a position.
fn nearest(starts: &[usize], position: f64) -> usize {
    let after = starts.partition_point(|&start| (start as f64) < position);
    let candidates = starts[after.saturating_sub(1)..].iter().take(2);
    let distance = |start: usize| (start as f64 - position).abs();
    candidates.copied().min_by(|&a, &b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}

/// The time of each row of the pool as a number; NaN when it is missing. Milliseconds are exact to the year 287396.
fn moments(pool: &Pool) -> Result<Vec<f64>, SplitError> {
    let column = pool.named_column()?;
    column_moments(column, &pool.rows).ok_or_else(|| SplitError::NoTime { column: column.name.clone() })
}

/// The order in time of some rows; none when the column has neither times nor numbers.
pub(super) fn column_moments(column: &crate::Column, rows: &[u32]) -> Option<Vec<f64>> {
    let value = |row: u32| {
        let row = row as usize;
        if column.is_missing(row) {
            return Some(f64::NAN);
        }
        let time = column.times().map(|array| array.value(row) as f64);
        time.or_else(|| column.numbers().map(|array| array.value(row)))
    };
    rows.iter().map(|&row| value(row)).collect()
}
