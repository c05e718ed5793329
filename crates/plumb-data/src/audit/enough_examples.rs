//! `data.enough-examples`: are there enough rows, in all and of each class?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use super::class_imbalance::class_counts;

/// Ten: with 15 % for test a class of ten has one or two test rows.
const FAIL_CLASS_ROWS: usize = 10;
/// Fifty: the interval of a class's recall over its 7 test rows already spans most of 0 to 1 below that.
const WARN_CLASS_ROWS: usize = 50;
/// Ten rows an input: the rule of thumb of regression, below which even linear models overfit.
const ROWS_PER_INPUT: f64 = 10.0;
/// A regression target needs as many rows as two classes.
const WARN_ROWS: usize = 100;
const FAIL_ROWS: usize = 20;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.enough-examples",
        question: "are there enough labelled rows, in all, of each class and for the number of inputs?",
        why: "With too few rows a network memorises, the test part cannot tell models apart, and a class may be absent \
              from a part altogether.",
        evidence: "Labelled rows, rows of the smallest class, inputs, rows for each input.",
        thresholds: &[
            Threshold {
                name: "rows of the smallest class that fail",
                value: FAIL_CLASS_ROWS as f64,
                reason: "with 15 % for test, one or two rows of the class are tested",
            },
            Threshold {
                name: "rows of the smallest class that warn",
                value: WARN_CLASS_ROWS as f64,
                reason: "below that the interval of the class's recall spans most of 0 to 1",
            },
            Threshold {
                name: "rows for each input",
                value: ROWS_PER_INPUT,
                reason: "the rule of thumb of regression, below which even linear models overfit",
            },
            Threshold {
                name: "rows of a numeric target that warn",
                value: WARN_ROWS as f64,
                reason: "as many as two classes need",
            },
            Threshold {
                name: "rows of a numeric target that fail",
                value: FAIL_ROWS as f64,
                reason: "as many as two classes need",
            },
        ],
        false_alarms: "Wide tables of strongly related inputs (spectra, pixels) need fewer rows than their width says.",
        remedy: "Collect more rows, join rare classes, drop inputs (`data.kinds`), or use `split.folds` so that every row \
                 is tested once.",
        sources: &[
            Source::BestPractices,
            Source::Paper("Peduzzi et al., A simulation study of the number of events per variable (1996)"),
        ],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let Some(target) = &context.target else { return Judgement::skipped("no target is named") };
    let labelled = target.labelled_rows().len();
    let inputs = context.inputs().count();
    let smallest = class_counts(target).and_then(|counts| counts.into_iter().min());
    let rows_per_input = labelled as f64 / inputs.max(1) as f64;
    let (rows, warn, fail) = match smallest {
        Some(smallest) => (smallest, WARN_CLASS_ROWS, FAIL_CLASS_ROWS),
        None => (labelled, WARN_ROWS, FAIL_ROWS),
    };
    let what = if smallest.is_some() { "rows of the smallest class" } else { "labelled rows" };
    let summary = format!("{rows} {what}, {rows_per_input:.1} rows for each of {inputs} inputs");
    let judged = if rows < fail {
        Judgement::fail(summary)
    } else if rows < warn || rows_per_input < ROWS_PER_INPUT {
        Judgement::warn(summary)
    } else {
        Judgement::pass(summary)
    };
    judged
        .with("labelled_rows", labelled)
        .with("smallest_class_rows", smallest.map_or(serde_json::Value::Null, Into::into))
        .with("inputs", inputs)
        .with("rows_per_input", rows_per_input)
}
