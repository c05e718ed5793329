//! `data.id-like-columns`: is an input a name of the row rather than a property of it?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use super::column_facts::ColumnFacts;
use crate::{Column, Kind};

/// 95 %: a name may be reused or mistyped now and then, a property rarely differs in 19 of 20 rows.
const DISTINCT_SHARE: f64 = 0.95;
/// Under 20 rows every column may be unique by chance.
const LEAST_ROWS: usize = 20;
/// Whole numbers that fill at least half of their range are a counter.
const DENSE: f64 = 0.5;
/// Codes of six or more digits, all of one length, are names: an order number, a barcode.
const CODE_DIGITS: i32 = 6;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.id-like-columns",
        question: "is any input column an identifier of the row?",
        why: "A network can memorise rows by their identifier, which helps on train rows and on no other. An identifier \
              given out in time order also carries the future into the past.",
        evidence: "Columns whose values name their row, each with the share of different values and why it looks so: \
                   unique categories; whole numbers that are unique and either ascend, fill their range or all have \
                   the same number of digits. Columns that were inferred as `id`, and are left out, are named too.",
        thresholds: &[
            Threshold {
                name: "share of different values",
                value: DISTINCT_SHARE,
                reason: "a name may be mistyped or reused now and then; a property rarely differs in 19 of 20 rows",
            },
            Threshold {
                name: "share of the range that unique whole numbers fill",
                value: DENSE,
                reason: "a counter fills its range, a measurement leaves gaps",
            },
            Threshold {
                name: "least rows",
                value: LEAST_ROWS as f64,
                reason: "in fewer rows any column may be unique by chance",
            },
        ],
        false_alarms: "A precise measurement stored as a whole number of one length, or a category with a level for \
                       nearly every row that is meant as free text.",
        remedy: "Set `data.kinds.COLUMN = \"id\"` (left out), `\"group\"` when it names a unit with several rows, or \
                 confirm it as an input with `\"number\"` or `\"category\"`.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let rows = context.table.rows();
    if rows < LEAST_ROWS {
        return Judgement::skipped(format!(
            "fewer than {LEAST_ROWS} rows: any column may be unique by chance"
        ));
    }
    let declared = |column: &Column| context.declared_kinds.contains(&column.name);
    let candidates = context.columns().filter(|(column, _)| !context.is_target(column) && !declared(column));
    let found: Vec<(&Column, &ColumnFacts, &str)> = candidates
        .filter_map(|(column, facts)| reason(column, facts).map(|why| (column, facts, why)))
        .collect();
    let judged = match found.as_slice() {
        [] => Judgement::pass("no input column names its row"),
        [(column, _, why)] => Judgement::warn(format!("column `{}` names its row: {why}", column.name)),
        [(column, ..), rest @ ..] => {
            Judgement::warn(format!("column `{}` and {} more name their row", column.name, rest.len()))
        }
    };
    let names: Vec<&str> = found.iter().map(|(column, ..)| column.name.as_str()).collect();
    let shares: Vec<f64> = found.iter().map(|(_, facts, _)| facts.distinct as f64 / rows as f64).collect();
    let reasons: Vec<&str> = found.iter().map(|(.., why)| *why).collect();
    judged.with("columns", names).with("share_of_different_values", shares).with("reasons", reasons)
}

/// Why a column looks like a name of its rows; none where it does not. One pass over its values and a sort.
pub fn names_its_rows(column: &Column) -> Option<&'static str> {
    reason(column, &ColumnFacts::of(column))
}

fn reason(column: &Column, facts: &ColumnFacts) -> Option<&'static str> {
    let unique = facts.distinct == facts.present;
    let nearly = facts.distinct as f64 >= DISTINCT_SHARE * facts.present as f64;
    if facts.present < LEAST_ROWS {
        return None;
    }
    match column.kind {
        Kind::Id => Some("it was taken for an identifier and is left out"),
        Kind::Category if nearly => Some("nearly every row has its own level"),
        Kind::Number if unique => number_reason(column, facts),
        _ => None,
    }
}

fn number_reason(column: &Column, facts: &ColumnFacts) -> Option<&'static str> {
    let number = facts.number.as_ref().filter(|number| number.whole && number.infinite == 0)?;
    let digits = |x: f64| x.abs().max(1.0).log10().floor() as i32 + 1;
    let range = number.max() - number.min() + 1.0;
    if number.finite as f64 >= DENSE * range {
        Some("unique whole numbers that fill their range")
    } else if ascends(column) {
        Some("unique whole numbers in ascending order")
    } else if number.min() > 0.0
        && digits(number.min()) >= CODE_DIGITS
        && digits(number.min()) == digits(number.max())
    {
        Some("unique whole numbers of one length")
    } else {
        None
    }
}

/// Whether the numbers rise from row to row, missing ones left out.
fn ascends(column: &Column) -> bool {
    column.numbers().is_some_and(|numbers| numbers.iter().flatten().is_sorted_by(|a, b| a < b))
}
