//! `data.representation`: are groups present in the numbers that they should be?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use plumb_stats::tests;

use super::AuditContext;
use crate::{Column, Table};

/// Rows below which nothing about a group can be measured.
const FAIL_ROWS: usize = 10;
const WARN_ROWS: usize = 100;
/// A share of the even one, or of the reference's, that warns.
const WARN_RATIO: f64 = 0.1;
const WARN_REFERENCE_RATIO: f64 = 0.5;
/// Groups listed a column.
const LISTED: usize = 50;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.representation",
        question: "is every group of the named columns there in numbers, against the reference or against each other?",
        why: "A model is worst for those whom it has rarely seen, and a metric over all rows does not show it.",
        evidence: "Rows and share of each group; beside a reference its share there with the ratio, which counts when \
                   the 99 % Wilson interval of the share excludes the reference's; else the ratio to an even share.",
        thresholds: &[
            Threshold {
                name: "rows of a group that fail",
                value: FAIL_ROWS as f64,
                reason: "nothing about it can be measured",
            },
            Threshold {
                name: "rows of a group that warn",
                value: WARN_ROWS as f64,
                reason: "15 test rows: the interval of a rate spans 50 points",
            },
            Threshold {
                name: "ratio to an even share that warns",
                value: WARN_RATIO,
                reason: "a tenth of an even share weighs nearly nothing in the loss",
            },
            Threshold {
                name: "ratio to the reference's share that warns",
                value: WARN_REFERENCE_RATIO,
                reason: "half of what it should be",
            },
        ],
        false_alarms: "Groups that are rare in the population that the model is for: give that population as the reference.",
        remedy: "Collect more rows of the listed groups, and read the metrics by group (`evaluate.groups`).",
        sources: &[Source::BestPractices, Source::TestScore],
    },
    judge,
};

/// One group of one column.
struct Group {
    name: String,
    rows: usize,
    share: f64,
    expected: f64,
    rare: bool,
}

fn judge(context: &AuditContext) -> Judgement {
    if context.groups.is_empty() {
        return Judgement::skipped("no group columns are named in `evaluate.groups`");
    }
    let named: Vec<&Column> = context.groups.iter().filter_map(|name| context.table.column(name)).collect();
    if named.is_empty() || context.table.rows() == 0 {
        return Judgement::skipped("the named group columns have no rows in this table");
    }
    let by_column: Vec<(&str, Vec<Group>)> = named
        .iter()
        .map(|column| (column.name.as_str(), groups(column, context.reference.as_ref())))
        .collect();
    let all =
        || by_column.iter().flat_map(|(column, groups)| groups.iter().map(move |group| (*column, group)));
    let fewest = |(column, group): (&str, &Group)| {
        format!("group `{}` of `{column}` has {} rows ({:.2} %)", group.name, group.rows, 100.0 * group.share)
    };
    let smallest = all().filter(|(_, group)| group.rare).min_by_key(|(_, group)| group.rows);
    let judged = match smallest {
        Some(entry) if entry.1.rows < FAIL_ROWS => Judgement::fail(fewest(entry)),
        Some(entry) => Judgement::warn(fewest(entry)),
        None => Judgement::pass(format!("all {} groups are represented", all().count())),
    };
    by_column.iter().fold(judged, |judged, (column, groups)| {
        judged.with(column, groups.iter().take(LISTED).map(evidence).collect::<Vec<_>>())
    })
}

fn evidence(group: &Group) -> Evidence {
    Judgement::pass("")
        .with("group", group.name.as_str())
        .with("rows", group.rows)
        .with("share", group.share)
        .with("expected_share", group.expected)
        .with("under_represented", group.rare)
        .evidence
}

/// Rows by level, in order of the level's name.
fn counts(column: &Column) -> std::collections::BTreeMap<String, usize> {
    let coded = column.to_category();
    let mut counts = std::collections::BTreeMap::new();
    let Some(categories) = coded.categories() else { return counts };
    let mut by_code = vec![0usize; categories.len()];
    for row in 0..coded.len() {
        if let Some(count) = categories.code(row).and_then(|code| by_code.get_mut(code as usize)) {
            *count += 1;
        }
    }
    for (code, count) in by_code.into_iter().enumerate() {
        counts.insert(categories.level(code as u32).to_owned(), count);
    }
    counts
}

fn groups(column: &Column, reference: Option<&Table>) -> Vec<Group> {
    let here = counts(column);
    let there = reference.and_then(|table| table.column(&column.name)).map(counts);
    let total: usize = here.values().sum();
    let total_there: usize = there.as_ref().map_or(0, |there| there.values().sum());
    let names: std::collections::BTreeSet<&String> =
        here.keys().chain(there.iter().flat_map(|there| there.keys())).collect();
    let even = 1.0 / names.len().max(1) as f64;
    let group = |name: &String| {
        let rows = here.get(name).copied().unwrap_or(0);
        let share = rows as f64 / total.max(1) as f64;
        let expected_there = there.as_ref().filter(|_| total_there > 0);
        let expected = expected_there
            .map_or(even, |there| there.get(name).copied().unwrap_or(0) as f64 / total_there as f64);
        let rare = if expected_there.is_some() {
            let (_, high) = tests::wilson(rows as u64, total as u64, 0.99);
            high < expected && share < WARN_REFERENCE_RATIO * expected
        } else {
            rows < WARN_ROWS || share < WARN_RATIO * expected
        };
        Group { name: name.clone(), rows, share, expected, rare }
    };
    names.into_iter().map(group).collect()
}
