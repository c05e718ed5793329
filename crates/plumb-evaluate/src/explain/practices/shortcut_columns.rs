//! Does the model rest on one column, or on what only names rows?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::{ExplainContext, NO_COLUMNS};

const OF_ONE: f64 = 0.75;
const OF_A_NAME: f64 = 0.05;
/// Inputs from which on a single one is not expected to carry most.
const LEAST_INPUTS: usize = 4;
const SHOWN: usize = 20;

pub(super) const PAGE: Page = Page {
    id: "explain.shortcut-columns",
    question: "Does what the model says rest on more than one column, and on none that only names rows?",
    why: "A column that repeats the answer (a code given afterwards, a remark of who decided) and a number of the row make a model that is right \
          on these rows and on no others.",
    evidence: "The share of each column in the sum of the sizes of all values; of columns that name their rows (`data.id-like-columns` \
               says why) apart.",
    thresholds: &[
        Threshold {
            name: "share of one column",
            value: OF_ONE,
            reason: "three times as much as all others together: what one measurement among several seldom has",
        },
        Threshold {
            name: "share of a column that names rows",
            value: OF_A_NAME,
            reason: "what names a row says nothing of another: one part in twenty is more than chance gives",
        },
        Threshold {
            name: "least columns",
            value: LEAST_INPUTS as f64,
            reason: "of two or three columns one may well decide",
        },
    ],
    false_alarms: "One measurement that really decides, such as the size of a flat for its price.",
    remedy: "ask when the column is known: leave out what is written after the answer (`data.kinds.COLUMN = \"ignore\"`), train again and compare",
    sources: &[
        Source::BestPractices,
        Source::Paper("Geirhos et al., Shortcut Learning in Deep Neural Networks (2020)"),
        Source::Paper("Kaufman et al., Leakage in Data Mining (2012)"),
    ],
};

pub(super) fn judge(context: &ExplainContext) -> Judgement {
    let Some((values, _)) = &context.values else { return Judgement::skipped(NO_COLUMNS) };
    let sizes = values.importance();
    let total: f64 = sizes.iter().sum();
    if total <= 0.0 {
        return Judgement::skipped("the model says the same of every row");
    }
    let mut places: Vec<usize> = (0..sizes.len()).collect();
    places.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
    let share = |at: usize| sizes[at] / total;
    let name = |at: usize| context.inputs.get(at).map(String::as_str).unwrap_or_default();
    let why = |at: usize| context.names_rows.get(at).copied().flatten();
    let percent = |at: usize| format!("{:.0} %", 100.0 * share(at));
    let named = places.iter().copied().find(|&at| why(at).is_some() && share(at) >= OF_A_NAME);
    let first = places[0];
    let judgement = match named {
        Some(at) => Judgement::warn(format!(
            "{} of what the model says comes from `{}`, which names rows: {}",
            percent(at),
            name(at),
            why(at).unwrap_or_default()
        )),
        None if sizes.len() >= LEAST_INPUTS && share(first) >= OF_ONE => Judgement::warn(format!(
            "{} of what the model says comes from `{}` alone",
            percent(first),
            name(first)
        )),
        None => Judgement::pass(format!(
            "the column that says most, `{}`, says {} of all",
            name(first),
            percent(first)
        )),
    };
    let fact = |&at: &usize| json!({"column": name(at), "share": share(at), "names_rows": why(at)});
    judgement.with("columns", places.iter().take(SHOWN).map(fact).collect::<Vec<_>>())
}
