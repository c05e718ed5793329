//! `data.representative`: is the table like the reference?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use super::looks::with_measures;
use crate::Table;
use crate::probe::separates;
use crate::shift::{ColumnShift, column_shifts};

/// A distance between the two distributions, from 0 to 1, that warns and that fails.
const WARN_DISTANCE: f64 = 0.1;
const FAIL_DISTANCE: f64 = 0.3;
/// AUROC of the classifier two-sample test.
const WARN_AUROC: f64 = 0.6;
const FAIL_AUROC: f64 = 0.75;
/// Adjusted p-value.
const P: f64 = 0.01;
/// Rows on each side.
const LEAST_ROWS: usize = 100;
/// Columns listed.
const LISTED: usize = 50;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.representative",
        question: "is the table like the reference, column by column and as a whole?",
        why: "A model learns the world of its table. Where the reference (recent data, production) differs, its tests say \
              little.",
        evidence: "For each column of both: numbers and times by the Kolmogorov-Smirnov distance, categories by the total \
                   variation distance with the chi-squared test (no correction), pictures by brightness, contrast, \
                   sharpness and shape; missing cells are a value of their own \
                   (the larger distance counts); p adjusted by Holm over all columns. As a whole: the AUROC of boosted \
                   trees that tell rows of the two apart, out of fold.",
        thresholds: &[
            Threshold {
                name: "distance that warns",
                value: WARN_DISTANCE,
                reason: "one row in ten would have to move; smaller shifts are significant in large tables without mattering",
            },
            Threshold {
                name: "distance that fails",
                value: FAIL_DISTANCE,
                reason: "three rows in ten would have to move",
            },
            Threshold {
                name: "AUROC that warns",
                value: WARN_AUROC,
                reason: "at 100 rows a side it is 2.4 standard errors above one half",
            },
            Threshold {
                name: "AUROC that fails",
                value: FAIL_AUROC,
                reason: "most pairs of rows give their table away",
            },
            Threshold { name: "adjusted p-value", value: P, reason: "excludes chance; never decides alone" },
            Threshold {
                name: "rows on each side",
                value: LEAST_ROWS as f64,
                reason: "with fewer, distances of 0.1 arise by chance",
            },
        ],
        false_alarms: "A row counter or a date differs between any two periods: set its kind to `id`, `time` or `ignore`.",
        remedy: "Collect training rows like the reference, or evaluate by period and source (`evaluate.by`).",
        sources: &[
            Source::BestPractices,
            Source::Paper("Lopez-Paz, Oquab, Revisiting Classifier Two-Sample Tests (2017)"),
            Source::Paper("Rabanser, Guennemann, Lipton, Failing Loudly (2019)"),
        ],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let Some(reference) = &context.reference else {
        return Judgement::skipped("no reference is named in `data.reference`");
    };
    let fewer = context.table.rows().min(reference.rows());
    if fewer < LEAST_ROWS {
        return Judgement::skipped(format!("{fewer} rows are too few to tell a shift from chance"));
    }
    let (table, reference) = (with_measures(&context.table), with_measures(reference));
    let shifts = column_shifts(&table, &reference);
    if shifts.is_empty() {
        return Judgement::skipped("the two tables share no column with values of one type");
    }
    let auroc = separates(&table, &reference, context.seed);
    verdict(&shifts, auroc).with("columns_not_compared", not_compared(&table, &reference, &shifts))
}

fn verdict(shifts: &[ColumnShift], auroc: f64) -> Judgement {
    let moved: Vec<&ColumnShift> = shifts.iter().filter(|s| s.distance >= WARN_DISTANCE && s.p < P).collect();
    let farthest = moved.iter().max_by(|a, b| a.distance.total_cmp(&b.distance));
    let whole = format!("a classifier tells the tables apart with an AUROC of {auroc:.3}");
    let summary = match farthest {
        Some(s) => format!(
            "{} of {} columns differ, `{}` by {:.2} ({}); {whole}",
            moved.len(),
            shifts.len(),
            s.column,
            s.distance,
            s.measure
        ),
        None => format!("none of {} columns differs; {whole}", shifts.len()),
    };
    let fails = farthest.is_some_and(|s| s.distance >= FAIL_DISTANCE) || auroc >= FAIL_AUROC;
    let judged = if fails {
        Judgement::fail(summary)
    } else if farthest.is_some() || auroc >= WARN_AUROC {
        Judgement::warn(summary)
    } else {
        Judgement::pass(summary)
    };
    let mut ordered: Vec<&ColumnShift> = shifts.iter().collect();
    ordered.sort_by(|a, b| b.distance.total_cmp(&a.distance).then_with(|| a.column.cmp(&b.column)));
    let entry = |s: &&ColumnShift| -> Evidence {
        let fields = Judgement::pass("").with("column", s.column.as_str()).with("measure", s.measure);
        fields.with("distance", s.distance).with("p_holm", s.p).evidence
    };
    judged
        .with("columns_that_differ", moved.len())
        .with("classifier_auroc", auroc)
        .with("columns", ordered.iter().take(LISTED).map(entry).collect::<Vec<_>>())
}

fn not_compared(table: &Table, reference: &Table, shifts: &[ColumnShift]) -> Vec<String> {
    let names = table.names().chain(reference.names().filter(|name| table.column(name).is_none()));
    names
        .filter(|name| shifts.iter().all(|shift| shift.column != *name))
        .take(LISTED)
        .map(str::to_owned)
        .collect()
}
