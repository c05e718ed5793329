//! Whole groups to parts: sizes and class shares as near to the wanted ones as groups allow.

use crate::Labels;

use super::SplitError;
use super::method::{Bins, Pool};

/// The rows of a group and how many of each class it has.
struct Group {
    members: Vec<usize>,
    classes: Vec<(usize, f64)>,
}

/// Puts groups, largest first, where rows of their classes are most wanted. A row without a group is unused.
pub(super) fn assign(pool: &Pool, shares: &[f64], _keep_first: bool) -> Result<Bins, SplitError> {
    let mut groups = groups(pool)?;
    pool.stream.shuffle(&mut groups);
    // Groups of different sizes have one order and would fall alike again; those of about one size have many.
    let size = |rows: usize| if pool.redrawn { rows.ilog2() as usize } else { rows };
    groups.sort_by_key(|group| std::cmp::Reverse(size(group.members.len())));
    let open = shares.iter().filter(|&&share| share > 0.0).count();
    if groups.len() < open {
        let column = pool.column.map(|column| column.name.clone()).unwrap_or_default();
        return Err(SplitError::TooFewGroups { column, groups: groups.len(), parts: open });
    }
    let totals = class_totals(&groups, pool.target.classes.len());
    // What each bin still wants of each class; the last entry is of rows whatever their class.
    let mut wanted: Vec<Vec<f64>> =
        shares.iter().map(|share| totals.iter().map(|total| share * total).collect()).collect();
    let mut empty: Vec<bool> = shares.iter().map(|&share| share > 0.0).collect();
    let mut bins = vec![None; pool.rows.len()];
    for (turn, group) in groups.iter().enumerate() {
        let left = groups.len() - turn;
        let must_fill = empty.iter().filter(|&&empty| empty).count() >= left;
        let legal = |bin: &usize| shares[*bin] > 0.0 && (!must_fill || empty[*bin]);
        let cost = |bin: usize| cost(group, &wanted[bin], &totals);
        let best = (0..shares.len()).filter(legal).min_by(|&a, &b| cost(a).total_cmp(&cost(b)));
        let Some(bin) = best else { continue };
        empty[bin] = false;
        group.classes.iter().for_each(|&(class, count)| wanted[bin][class] -= count);
        group.members.iter().for_each(|&at| bins[at] = Some(bin));
    }
    Ok(bins)
}

/// How much the squared shortfalls of a bin grow, each class by its own size, when it takes the group.
fn cost(group: &Group, wanted: &[f64], totals: &[f64]) -> f64 {
    let of_class = |&(class, count): &(usize, f64)| count * (count - 2.0 * wanted[class]) / totals[class];
    group.classes.iter().map(of_class).sum()
}

fn class_totals(groups: &[Group], classes: usize) -> Vec<f64> {
    let mut totals = vec![0.0; classes + 1];
    for &(class, count) in groups.iter().flat_map(|group| &group.classes) {
        totals[class] += count;
    }
    totals
}

/// The groups in order of their first row.
fn groups(pool: &Pool) -> Result<Vec<Group>, SplitError> {
    let column = pool.named_column()?.to_category();
    let Some(categories) = column.categories() else { return Ok(Vec::new()) };
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); categories.len()];
    for (at, &row) in pool.rows.iter().enumerate() {
        if let Some(code) = categories.code(row as usize) {
            members[code as usize].push(at);
        }
    }
    members.retain(|members| !members.is_empty());
    members.sort_by_key(|members| members[0]);
    Ok(members.into_iter().map(|members| Group { classes: classes_of(pool, &members), members }).collect())
}

/// How many rows each class has among the members, and under the number of classes, how many there are.
fn classes_of(pool: &Pool, members: &[usize]) -> Vec<(usize, f64)> {
    let mut counts = std::collections::BTreeMap::from([(pool.target.classes.len(), members.len() as f64)]);
    if let Labels::Classes(codes) = &pool.target.labels {
        for code in members.iter().filter_map(|&at| codes[pool.rows[at] as usize]) {
            *counts.entry(code as usize).or_insert(0.0) += 1.0;
        }
    }
    counts.into_iter().collect()
}
