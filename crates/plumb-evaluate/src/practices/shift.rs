//! Does the model hold up in every source and period?

use std::collections::HashSet;

use plumb_data::Column;
use plumb_ledger::{Judgement, Page, Source, Threshold};

use super::{LEAST_ROWS, NOTHING_JUDGED, SIGNIFICANCE};
use crate::EvaluateContext;
use crate::slices::{Comparison, Slice, by_column, compare, labels};

const RATIO: f64 = 1.25;
const SHOWN: usize = 50;

pub(super) const PAGE: Page = Page {
    id: "evaluate.shift",
    question: "Is the model as good in each named source and period as in the others?",
    why: "A model meets tomorrow's data and new sources. A period or a source where it is worse today says what to expect.",
    evidence: "The error in each value of the columns named in `evaluate.by`, by month for times, beside that of all other rows, with corrected \
               p-values; and the error in all values that no train row has, beside that of the valid rows.",
    thresholds: &[
        Threshold {
            name: "error over that of the rest",
            value: RATIO,
            reason: "a quarter more errors: these columns were named because they matter, so less is asked than of any slice",
        },
        Threshold {
            name: "corrected p-value",
            value: SIGNIFICANCE,
            reason: "one false alarm in a hundred tables",
        },
        Threshold {
            name: "rows of a value",
            value: LEAST_ROWS as f64,
            reason: "a rate of one half is then known to within 18 points",
        },
    ],
    false_alarms: "A source with harder cases is worse without any shift.",
    remedy: "name the column in `split.column` with `split.method` group or time, so that the test part asks this question by itself",
    sources: &[Source::BestPractices],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    if context.config.by.is_empty() {
        return Judgement::skipped("no column is named in `evaluate.by`");
    }
    let table = context.subject.table;
    let missing: Vec<&str> =
        context.config.by.iter().map(String::as_str).filter(|name| table.column(name).is_none()).collect();
    if !missing.is_empty() {
        return Judgement::skipped(format!("the table has no column `{}`", missing.join("`, `")));
    }
    let columns: Vec<&Column> = context.config.by.iter().filter_map(|name| table.column(name)).collect();
    let slices: Vec<Slice> = columns.iter().flat_map(|column| by_column(column, &part.scored.rows)).collect();
    let new: Vec<(Slice, Vec<f64>)> =
        columns.iter().filter_map(|column| of_new_values(context, column)).collect();
    let mut compared = compare(&part.scored.errors(), &slices, LEAST_ROWS);
    // First: a drop from what was seen to what is new is what the question is about.
    let of_new =
        new.iter().flat_map(|(slice, errors)| compare(errors, std::slice::from_ref(slice), LEAST_ROWS));
    compared.splice(0..0, of_new);
    if compared.is_empty() {
        return Judgement::skipped(format!(
            "no value has {LEAST_ROWS} rows and as many others to compare with"
        ));
    }
    let is_worse = |c: &&Comparison<'_>| c.p < SIGNIFICANCE && c.error > RATIO * c.rest;
    let worse: Vec<&Comparison<'_>> = compared.iter().filter(is_worse).collect();
    let judgement = match worse.first() {
        None => {
            Judgement::pass(format!("none of {} sources and periods is worse than the rest", compared.len()))
        }
        Some(worst) => Judgement::warn(format!(
            "{} of {} sources and periods are worse than the rest, first of all {}",
            worse.len(),
            compared.len(),
            worst.named()
        )),
    };
    judgement
        .with("compared", compared.len())
        .with("worse", worse.len())
        .with("values", compared.iter().take(SHOWN).map(Comparison::fact).collect::<Vec<_>>())
}

/// The test rows whose value no train row has, before the valid rows, with the errors of all of them; none without such rows, and
/// for numbers, which are always new.
fn of_new_values(context: &EvaluateContext<'_>, column: &Column) -> Option<(Slice, Vec<f64>)> {
    let (test, valid) = (context.evaluation.test.as_ref()?, context.evaluation.valid.as_ref()?);
    if column.numbers().is_some() {
        return None;
    }
    let seen: HashSet<Option<String>> = labels(column, context.subject.train).into_iter().collect();
    let values = labels(column, &test.scored.rows);
    let new = values.iter().zip(test.scored.errors()).filter(|(value, _)| !seen.contains(*value));
    let mut errors: Vec<f64> = new.map(|(_, error)| error).collect();
    let places = (0..errors.len() as u32).collect();
    errors.extend(valid.scored.errors());
    Some((
        Slice { column: column.name.clone(), value: "not among the train rows".to_owned(), places },
        errors,
    ))
}
