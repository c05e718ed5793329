//! split.group-disjoint: is no group in two parts?

use std::collections::BTreeMap;

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::{LISTED, SplitContext};
use crate::split::{Part, SplitMethod};
use crate::{Column, Kind};

const PAGE: Page = Page {
    id: "split.group-disjoint",
    question: "Is no group (patient, user, source) in two parts?",
    why: "Rows of one patient are alike: when some are trained on, the others measure recognition of the patient, \
          not the task.",
    evidence: "For each column of kind `group`, and the column of a split by group: how many of its groups have rows \
               in two parts, and how many rows those are.",
    thresholds: &[],
    false_alarms: "A column of kind `group` that only names a batch or a file need not be kept apart: give it \
                   another kind.",
    remedy: "set `split.method = \"group\"` and `split.column` to the column",
    sources: &[Source::BestPractices],
};

pub(super) const PRACTICE: Practice<SplitContext> = Practice { page: PAGE, judge };

fn judge(context: &SplitContext) -> Judgement {
    let named = |column: &&Column| {
        let splits = context.config.method == SplitMethod::Group
            && context.config.column.as_deref() == Some(column.name.as_str());
        splits || column.kind == Kind::Group
    };
    let columns: Vec<&Column> = context.table.columns().iter().filter(named).collect();
    if columns.is_empty() {
        return Judgement::skipped("no column is of kind `group` and the split is not by group");
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    for column in &columns {
        let shared = shared_groups(context, column);
        if let Some((first, rows)) = shared.first() {
            let all_rows: usize = shared.iter().map(|(_, rows)| rows).sum();
            let listed: Vec<&str> = shared.iter().take(LISTED).map(|(group, _)| group.as_str()).collect();
            let summary = format!(
                "{} groups of column `{}` have rows in two parts, `{first}` with {rows} rows the first of them",
                shared.len(),
                column.name
            );
            return Judgement::fail(summary)
                .with("column", column.name.as_str())
                .with("groups_in_two_parts", shared.len())
                .with("rows_of_them", all_rows)
                .with("groups", listed);
        }
    }
    Judgement::pass(format!("no group of `{}` is in two parts", names.join("`, `"))).with("columns", names)
}

/// Groups with rows in two parts and how many rows they have, by name.
fn shared_groups(context: &SplitContext, column: &Column) -> Vec<(String, usize)> {
    let column = column.to_category();
    let Some(categories) = column.categories() else { return Vec::new() };
    let mut parts_of: BTreeMap<&str, (Part, bool, usize)> = BTreeMap::new();
    for (row, part) in context.used() {
        if let Some(group) = categories.text(row) {
            let entry = parts_of.entry(group).or_insert((part, false, 0));
            entry.1 |= entry.0 != part;
            entry.2 += 1;
        }
    }
    let shared = parts_of.into_iter().filter(|(_, (_, shared, _))| *shared);
    shared.map(|(group, (_, _, rows))| (group.to_owned(), rows)).collect()
}
