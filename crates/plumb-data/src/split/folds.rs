//! Cross-validation: k splits by the same method, each row tested once; and again, drawn anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Labels, Table, Target};

use super::method::{Bins, Pool, checked};
use super::{Part, Split, SplitConfig, SplitError, SplitMethod};

/// The `config.folds` splits of cross-validation, `config.repeats` times, one repeat after the other. In each split one
/// fold is test and valid is taken from the others. The first repeat is that of `config.repeats` = 1.
///
/// By time, folds move forward: the rows are cut into k + 1 blocks, and each but the first is tested by what
/// came before. A class with a single row stays in train throughout when the method is stratified.
pub fn folds(table: &Table, target: &Target, config: &SplitConfig) -> Result<Vec<Split>, SplitError> {
    let k = config.folds;
    if k < 2 {
        return Err(SplitError::Folds { folds: k });
    }
    let repeats = config.repeats.max(1);
    let (mut made, mut seen) = (Vec::new(), BTreeSet::new());
    for repeat in 0..repeats {
        let drawn = SplitConfig { seed: config.seed.derive(repeat as u64), ..config.clone() };
        let mut pool = Pool::new(table, target, &drawn)?;
        pool.redrawn = repeat > 0;
        let (splits, block_of) = once(table, &pool, &drawn)?;
        if !seen.insert(told_apart(&block_of)) {
            return Err(SplitError::SameFolds { repeats, again: repeat + 1 });
        }
        made.extend(splits);
    }
    Ok(made)
}

/// The splits of one repeat, and the block of each row of the pool.
fn once(table: &Table, pool: &Pool, config: &SplitConfig) -> Result<(Vec<Split>, Bins), SplitError> {
    let k = config.folds;
    let by_time = match pool.method() {
        SplitMethod::Column => return Err(SplitError::FoldsOfColumn),
        SplitMethod::Time if config.repeats > 1 => {
            return Err(SplitError::RepeatsOfTime { repeats: config.repeats });
        }
        method => method == SplitMethod::Time,
    };
    let blocks = k + usize::from(by_time);
    if pool.rows.len() < blocks {
        return Err(SplitError::TooFewRows { rows: pool.rows.len(), parts: blocks });
    }
    let mut block_of = pool.assign(&vec![1.0 / blocks as f64; blocks], false)?;
    let single = if pool.method() == SplitMethod::Stratified { single_rows(pool) } else { Vec::new() };
    // A block of its own, which no fold tests.
    for at in single {
        block_of[at] = Some(blocks);
    }
    let tested = (0..k).map(|fold| fold + usize::from(by_time));
    let splits =
        tested.map(|block| fold(table, pool, &block_of, block, by_time, config)).collect::<Result<_, _>>()?;
    Ok((splits, block_of))
}

/// The blocks numbered by their first row, so that the same parts under other numbers are the same.
fn told_apart(block_of: &[Option<usize>]) -> Bins {
    let mut numbers = BTreeMap::new();
    let mut number = |block: usize| {
        let next = numbers.len();
        *numbers.entry(block).or_insert(next)
    };
    block_of.iter().map(|block| block.map(&mut number)).collect()
}

/// The split that tests one block.
fn fold(
    table: &Table,
    pool: &Pool,
    block_of: &[Option<usize>],
    tested: usize,
    by_time: bool,
    config: &SplitConfig,
) -> Result<Split, SplitError> {
    let mut parts = vec![Part::Unused; table.rows()];
    let mut others = Vec::new();
    for (&row, block) in pool.rows.iter().zip(block_of) {
        match *block {
            Some(block) if block == tested => parts[row as usize] = Part::Test,
            Some(block) if !by_time || block < tested => others.push(row),
            _ => {}
        }
    }
    // The share of all rows that the job asks for, as a share of the rows that are not tested.
    let outside = others.len() as f64 / pool.rows.len().max(1) as f64;
    let valid = if by_time { config.valid } else { (config.valid / outside.max(f64::MIN_POSITIVE)).min(0.5) };
    let inner = pool.with_rows(others, 1 + tested as u64);
    for (&row, bin) in inner.rows.iter().zip(inner.assign(&[1.0 - valid, valid], true)?) {
        parts[row as usize] = bin.map_or(Part::Unused, |bin| Part::USED[bin]);
    }
    checked(parts, pool.target, &[1.0 - valid, valid, 1.0])
}

/// Positions of rows that are the only ones of their class.
fn single_rows(pool: &Pool) -> Vec<usize> {
    let Labels::Classes(_) = pool.target.labels else { return Vec::new() };
    let strata = super::stratified::strata(pool);
    strata.into_iter().filter(|members| members.len() == 1).flatten().collect()
}
