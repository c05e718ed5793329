//! `data.conflicting-labels`: do rows with the same inputs have different labels?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use super::row_hashes::{self, Selection};
use crate::{Column, Kind, Labels, Target};

/// 1 % of the labelled rows.
const WARN_SHARE: f64 = 0.01;
/// 10 % of the labelled rows.
const FAIL_SHARE: f64 = 0.1;
/// Numbers conflict when they differ by more than this many deviations of the target.
const DEVIATIONS: f64 = 1.0;
/// Groups listed.
const LISTED: usize = 10;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.conflicting-labels",
        question: "do rows with the same inputs agree on their label?",
        why: "No model can be right on both of two equal rows with different labels: such rows bound the accuracy that \
              can be reached, and they often show labelling by several people without one rule.",
        evidence: "Rows that share all inputs with a row of another label (for a numeric target: one that is more than a \
                   deviation away), their share, the first groups with their rows and labels.",
        thresholds: &[
            Threshold {
                name: "share of labelled rows that warns",
                value: WARN_SHARE,
                reason: "a clean census has 0.02 %; 1 % is a cost that shows in the metric",
            },
            Threshold {
                name: "share of labelled rows that fails",
                value: FAIL_SHARE,
                reason: "the best reachable accuracy is then up to 5 points below 1",
            },
            Threshold {
                name: "deviations between conflicting numbers",
                value: DEVIATIONS,
                reason: "half of the spread between any two rows is not noise of measurement",
            },
        ],
        false_alarms: "Tables of few coarse inputs: many different cases share one row of inputs, and the label is rightly \
                       uncertain.",
        remedy: "Look at the listed rows and settle the rule of labelling, or add the input that tells the cases apart.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let (target, labelled) = match context.labelled() {
        Ok(labelled) => labelled,
        Err(skipped) => return *skipped,
    };
    let is_input = |column: &Column| {
        (column.kind.is_table_input() || column.kind == Kind::Text) && !context.is_target(column)
    };
    let inputs = Selection::of(&context.table, is_input);
    if inputs.columns.is_empty() {
        return Judgement::skipped("there is no input column");
    }
    let hashes = row_hashes::of_rows(&context.table, &inputs);
    let of_labelled: Vec<u64> = labelled.iter().map(|&row| hashes[row as usize]).collect();
    let repeated = row_hashes::repeated(&of_labelled);
    let distance =
        DEVIATIONS * plumb_stats::describe::deviation(&target.numbers_of(&labelled)).unwrap_or(0.0);
    let groups = row_hashes::groups(&repeated)
        .map(|group| group.iter().map(|&(_, at)| labelled[at as usize]).collect::<Vec<u32>>());
    let mut conflicts: Vec<Vec<u32>> = groups.filter(|rows| disagree(target, rows, distance)).collect();
    conflicts.sort_unstable();
    verdict(target, &conflicts, labelled.len())
}

fn verdict(target: &Target, conflicts: &[Vec<u32>], labelled: usize) -> Judgement {
    let rows: usize = conflicts.iter().map(Vec::len).sum();
    let share = rows as f64 / labelled as f64;
    let summary = format!(
        "{rows} of {labelled} labelled rows ({:.2} %) share their inputs with a row of another label",
        100.0 * share
    );
    let judged = if share >= FAIL_SHARE {
        Judgement::fail(summary)
    } else if share >= WARN_SHARE {
        Judgement::warn(summary)
    } else {
        Judgement::pass(summary)
    };
    let first: Vec<Evidence> = conflicts.iter().take(LISTED).map(|rows| evidence(target, rows)).collect();
    judged.with("rows", rows).with("share", share).with("groups", conflicts.len()).with("first_groups", first)
}

/// Whether labelled rows with equal inputs differ in class, or in their number by more than `distance`.
fn disagree(target: &Target, rows: &[u32], distance: f64) -> bool {
    match &target.labels {
        Labels::Classes(codes) => rows.iter().any(|&row| codes[row as usize] != codes[rows[0] as usize]),
        Labels::Numbers(_) => {
            let numbers = target.numbers_of(rows);
            let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            high - low > distance
        }
    }
}

fn evidence(target: &Target, rows: &[u32]) -> Evidence {
    let rows = &rows[..rows.len().min(LISTED)];
    let labels: Vec<String> = match &target.labels {
        Labels::Classes(_) => {
            let name = |code: &u32| target.classes.get(*code as usize).cloned().unwrap_or_default();
            target.codes_of(rows).iter().map(name).collect()
        }
        Labels::Numbers(_) => target.numbers_of(rows).iter().map(f64::to_string).collect(),
    };
    Judgement::pass("").with("rows", rows.to_vec()).with("labels", labels).evidence
}
