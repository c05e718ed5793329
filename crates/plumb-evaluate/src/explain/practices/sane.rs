//! Would a model that learned nothing be explained in the same way?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::describe::{median, pearson};
use serde_json::json;

use super::{ExplainContext, NO_COLUMNS};
use crate::explain::ShapValues;

const LIKENESS: f64 = 0.5;
const SHOWN: usize = 20;

pub(super) const PAGE: Page = Page {
    id: "explain.sane",
    question: "Do the explanations vanish when the labels, or the weights, are shuffled?",
    why: "A method can draw the data instead of the model. What it shows of a model of shuffled labels is what it shows of nothing.",
    evidence: "The correlation (Pearson) of all values of this model with those of boosted trees fitted to the same train rows with \
               their labels in another order, for the same rows and background; and how large those are beside these. Gradients are compared with \
               those of the same network after the values within each of its tensors changed places: the median size of the correlation over \
               nine such networks.",
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
    let of_nothing = match &context.of_nothing {
        Ok(values) => values,
        Err(reason) => return Judgement::skipped(reason.clone()),
    };
    let own = size(values);
    if own <= 0.0 {
        return Judgement::warn("the model says the same of every row: there is nothing to explain");
    }
    let correlation = |of: &ShapValues| {
        let shared = of.values.len().min(values.values.len());
        pearson(&values.values[..shared], &of.values[..shared]).map(|found| found.coefficient)
    };
    let correlations: Vec<f64> = of_nothing.iter().filter_map(correlation).collect();
    let sizes: Vec<f64> = correlations.iter().map(|correlation| correlation.abs()).collect();
    let Some(likeness) = median(&sizes) else {
        return Judgement::pass(format!("{} is explained by nothing at all", context.nothing));
    };
    let text =
        format!("what explains {} correlates by {likeness:.2} with what explains this one", context.nothing);
    let judgement = if likeness > LIKENESS { Judgement::warn(text) } else { Judgement::pass(text) };
    let a = values.importance();
    let others: Vec<Vec<f64>> = of_nothing.iter().map(ShapValues::importance).collect();
    let mean = |at: usize| others.iter().map(|of| of[at]).sum::<f64>() / others.len().max(1) as f64;
    let fact = |at: usize| json!({"column": context.inputs.get(at), "model": a[at], "of_nothing": mean(at)});
    let mut places: Vec<usize> = (0..a.len()).collect();
    places.sort_by(|&x, &y| a[y].total_cmp(&a[x]));
    let beside = of_nothing.iter().map(size).sum::<f64>() / of_nothing.len().max(1) as f64;
    judgement
        .with("correlations", correlations)
        .with("size_over_the_models", beside / own)
        .with("columns", places.into_iter().take(SHOWN).map(fact).collect::<Vec<_>>())
}

/// The mean over rows and outputs of the sum of all sizes.
fn size(values: &ShapValues) -> f64 {
    values.importance().iter().sum()
}
