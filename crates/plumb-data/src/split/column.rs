//! As a column says: `train`, `valid` or `test`, whatever the case.

use plumb_ledger::nearest::did_you_mean;

use super::method::{Bins, Pool};
use super::{Part, SplitError, random, stratified};

/// Reads the parts off the column; a row without a value is unused. When no row says `valid`, its share is
/// taken from train as method `auto` would.
pub(super) fn assign(pool: &Pool, shares: &[f64], _keep_first: bool) -> Result<Bins, SplitError> {
    let column = pool.named_column()?.to_category();
    let Some(categories) = column.categories() else { return Ok(vec![None; pool.rows.len()]) };
    let mut bins: Bins = Vec::with_capacity(pool.rows.len());
    for &row in &pool.rows {
        let Some(text) = categories.text(row as usize).map(str::trim).filter(|text| !text.is_empty()) else {
            bins.push(None);
            continue;
        };
        let named = |part: &Part| text.eq_ignore_ascii_case(part.as_str());
        let bin = Part::USED.iter().position(named).ok_or_else(|| SplitError::UnknownPart {
            column: column.name.clone(),
            value: text.to_owned(),
            row,
            near: did_you_mean(text, Part::USED.map(Part::as_str)),
        })?;
        bins.push(Some(bin));
    }
    if !bins.contains(&Some(1)) && shares[1] > 0.0 {
        take_valid(pool, shares[1], &mut bins)?;
    }
    Ok(bins)
}

/// Makes a share of the train rows valid.
fn take_valid(pool: &Pool, share: f64, bins: &mut Bins) -> Result<(), SplitError> {
    let train: Vec<usize> = (0..bins.len()).filter(|&at| bins[at] == Some(0)).collect();
    let rows = train.iter().map(|&at| pool.rows[at]).collect();
    let method = if pool.target.task.is_classification() { stratified::assign } else { random::assign };
    let inner = method(&pool.with_rows(rows, 1), &[1.0 - share, share], true)?;
    for (at, bin) in train.into_iter().zip(inner) {
        bins[at] = bin;
    }
    Ok(())
}
