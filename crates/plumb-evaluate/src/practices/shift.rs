//! Does the model hold up in every source and period?

use std::collections::HashSet;

use plumb_data::Column;
use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::multiplicity::holm;
use plumb_stats::tests::{MatchedDifference, matched};
use serde_json::{Value, json};

use super::values_beside_others::{Compared, strata, verdict};
use super::{LEAST_ROWS, NOTHING_JUDGED, SIGNIFICANCE};
use crate::EvaluateContext;
use crate::slices::{Slice, by_column, labels};

const RATIO: f64 = 1.25;
const SHOWN: usize = 50;

pub(super) const PAGE: Page = Page {
    id: "evaluate.shift",
    question: "Is the model as good in each named source and period as on rows of the same kind elsewhere?",
    why: "A model meets tomorrow's data and new sources. A period or a source where it is worse today says what to expect.",
    evidence: "The error in each value of the columns named in `evaluate.by`, by month for times, beside the error that other rows with the \
               same mix of classes (of numbers: the same fifths of the target) make, the difference with its interval and corrected \
               p-value; and the same for all values that no train row has, beside the valid rows. Without this matching a source with more \
               of the difficult class would look worse without any shift.",
    thresholds: &[
        Threshold {
            name: "error over that of matched rows",
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
    false_alarms: "A source whose cases are harder within each class is worse without any shift.",
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
    let strata = strata(context.subject.target, &part.scored.rows);
    let errors = part.scored.errors();
    let mut found: Vec<Found> = columns
        .iter()
        .flat_map(|column| by_column(column, &part.scored.rows))
        .filter_map(|slice| Found::of(slice, &errors, &strata, context.config.level))
        .collect();
    adjust(&mut found);
    found.sort_by(|a, b| b.matched.difference.total_cmp(&a.matched.difference));
    // First: a drop from what was seen to what is new is what the question is about.
    let mut new: Vec<Found> = columns.iter().filter_map(|column| of_new_values(context, column)).collect();
    adjust(&mut new);
    found.splice(0..0, new);
    if found.is_empty() {
        return Judgement::skipped(format!(
            "no value has {LEAST_ROWS} rows and as many others to compare with"
        ));
    }
    let values: Vec<Value> = found.iter().take(SHOWN).map(Found::fact).collect();
    verdict(&found).with("values", values)
}

/// A value beside other rows of the same make.
struct Found {
    slice: Slice,
    matched: MatchedDifference,
}

impl Found {
    fn of(slice: Slice, errors: &[f64], strata: &[u32], level: f64) -> Option<Self> {
        let own = slice.places.len();
        if own < LEAST_ROWS || errors.len() - own < LEAST_ROWS {
            return None;
        }
        let matched = matched(errors, strata, &slice.places, level)?;
        Some(Self { slice, matched })
    }

    fn fact(&self) -> Value {
        json!({
            "column": self.slice.column,
            "value": self.slice.value,
            "rows": self.slice.places.len(),
            "error": self.matched.mean,
            "error_of_matched_rows": self.matched.expected,
            "difference": self.matched.difference,
            "low": self.matched.low,
            "high": self.matched.high,
            "p_adjusted": self.matched.p,
        })
    }
}

impl Compared for Found {
    const COUNTED: &'static str = "worse";
    const STAND_OUT: &'static str = "are worse than rows like theirs";

    fn stands_out(&self) -> bool {
        self.matched.p < SIGNIFICANCE && self.matched.mean > RATIO * self.matched.expected
    }

    fn named(&self) -> String {
        let MatchedDifference { mean, expected, difference, low, high, .. } = self.matched;
        let Slice { column, value, .. } = &self.slice;
        format!(
            "`{column}` = `{value}` (error {mean:.3} against {expected:.3}: {difference:+.3}, between {low:+.3} and {high:+.3})"
        )
    }

    fn none(_most: &Self) -> String {
        "is worse than rows like theirs".to_owned()
    }
}

/// Corrects the p-values for their number.
fn adjust(found: &mut [Found]) {
    let adjusted = holm(&found.iter().map(|of| of.matched.p).collect::<Vec<_>>());
    for (of, p) in found.iter_mut().zip(adjusted) {
        of.matched.p = p;
    }
}

/// The test rows whose value no train row has beside the valid rows; none without such rows, and for numbers, which are always new.
fn of_new_values(context: &EvaluateContext<'_>, column: &Column) -> Option<Found> {
    let (test, valid) = (context.evaluation.test.as_ref()?, context.evaluation.valid.as_ref()?);
    if column.numbers().is_some() || context.subject.train.is_empty() {
        return None;
    }
    let seen: HashSet<Option<String>> = labels(column, context.subject.train).into_iter().collect();
    let values = labels(column, &test.scored.rows);
    let new: Vec<u32> =
        (0..).zip(&values).filter(|(_, value)| !seen.contains(*value)).map(|(at, _)| at).collect();
    let both = test.scored.at(&new).followed_by(&valid.scored)?;
    let places = (0..new.len() as u32).collect();
    let slice = Slice { column: column.name.clone(), value: "not among the train rows".to_owned(), places };
    Found::of(slice, &both.errors(), &strata(context.subject.target, &both.rows), context.config.level)
}
