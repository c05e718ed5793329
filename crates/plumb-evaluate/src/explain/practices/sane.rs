//! Would a model that learned nothing be explained in the same way?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::describe::pearson;
use serde_json::json;

use super::{ExplainContext, NO_COLUMNS};
use crate::explain::ShapValues;

const LIKENESS: f64 = 0.5;
const SHOWN: usize = 20;

pub(super) const PAGE: Page = Page {
    id: "explain.sane",
    question: "Do the explanations vanish when the labels are shuffled?",
    why: "A method can draw the data instead of the model. What it shows of a model of shuffled labels is what it shows of nothing.",
    evidence: "The correlation (Pearson) of all values of this model with those of boosted trees fitted to the same train rows with \
               their labels in another order, for the same rows and background; and how large those are beside these.",
    thresholds: &[Threshold {
        name: "correlation of the values",
        value: LIKENESS,
        reason: "a quarter of what is shown would then be shown of nothing as well",
    }],
    false_alarms: "With two or three columns and few rows two explanations may be alike by chance.",
    remedy: "do not read these explanations; look at `evaluate.beats-baseline` and at the labels first",
    sources: &[
        Source::BestPractices,
        Source::Paper("Adebayo et al., Sanity Checks for Saliency Maps (2018)"),
    ],
};

pub(super) fn judge(context: &ExplainContext) -> Judgement {
    let Some((values, _)) = &context.values else { return Judgement::skipped(NO_COLUMNS) };
    let shuffled = match &context.shuffled {
        Ok(values) => values,
        Err(reason) => return Judgement::skipped(reason.clone()),
    };
    let (own, of_nothing) = (size(values), size(shuffled));
    if own <= 0.0 {
        return Judgement::warn("the model says the same of every row: there is nothing to explain");
    }
    let shared = shuffled.values.len().min(values.values.len());
    let Some(found) = pearson(&values.values[..shared], &shuffled.values[..shared]) else {
        return Judgement::pass("a model of shuffled labels is explained by nothing at all");
    };
    let likeness = found.coefficient.abs();
    let text = format!(
        "what explains a model of shuffled labels correlates by {likeness:.2} with what explains this one"
    );
    let judgement = if likeness > LIKENESS { Judgement::warn(text) } else { Judgement::pass(text) };
    let (a, b) = (values.importance(), shuffled.importance());
    let fact =
        |at: usize| json!({"column": context.inputs.get(at), "model": a[at], "shuffled_labels": b[at]});
    let mut places: Vec<usize> = (0..a.len().min(b.len())).collect();
    places.sort_by(|&x, &y| a[y].total_cmp(&a[x]));
    judgement
        .with("correlation", found.coefficient)
        .with("size_over_the_models", of_nothing / own)
        .with("columns", places.into_iter().take(SHOWN).map(fact).collect::<Vec<_>>())
}

/// The mean over rows and outputs of the sum of all sizes.
fn size(values: &ShapValues) -> f64 {
    values.importance().iter().sum()
}
