//! The `split.*` practices: one file each, one row each in the table.

mod disjoint;
mod group_disjoint;
mod stratified;
mod test_untouched;
mod time_ordered;

use std::sync::Arc;

use plumb_ledger::Practice;

use crate::{Table, Target};

use super::{Part, Split, SplitConfig};

/// What the practices look at.
#[derive(Debug, Clone)]
pub struct SplitContext {
    /// The table that was split.
    pub table: Table,
    /// Its target.
    pub target: Target,
    /// The split.
    pub split: Arc<Split>,
    /// The choices that it was made by.
    pub config: SplitConfig,
}

/// Every practice of the split, in the order in which they are asked.
pub static PRACTICES: &[Practice<SplitContext>] = &[
    stratified::PRACTICE,
    disjoint::PRACTICE,
    group_disjoint::PRACTICE,
    time_ordered::PRACTICE,
    test_untouched::PRACTICE,
];

/// Rows and pairs listed one by one in evidence; the full count stands beside.
const LISTED: usize = 20;

impl SplitContext {
    /// The rows that are in a part, with it; a split of another table has none.
    fn used(&self) -> impl Iterator<Item = (usize, Part)> + '_ {
        let parts = self.split.parts().iter().copied().enumerate();
        parts.take(self.table.rows()).filter(|&(_, part)| part != Part::Unused)
    }
}

#[cfg(test)]
mod tests;
