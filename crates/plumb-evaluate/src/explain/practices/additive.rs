//! Do the values sum to what they explain?

use plumb_ledger::{Judgement, Page, Source, Threshold};

use super::{ExplainContext, NO_COLUMNS};

/// Of the spread of the answers.
const GAP: f64 = 1e-6;

pub(super) const PAGE: Page = Page {
    id: "explain.additive",
    question: "Do the values of all columns sum to the difference of the prediction and the mean prediction?",
    why: "Shapley values share out exactly this difference. Where they do not, something was left out and the picture is wrong.",
    evidence: "The largest distance over all rows and outputs between the sum and the difference, for which the model is asked once more; beside the largest difference.",
    thresholds: &[Threshold {
        name: "distance over the largest difference",
        value: GAP,
        reason: "rounding in 64 bits stays far below; a model that answers differently when it is asked again does not",
    }],
    false_alarms: "None is known: kernel and walks are additive by construction as long as the model repeats its answers.",
    remedy: "ask the model twice about the same rows: dropout or sampling that is still on while it predicts must be turned off",
    sources: &[
        Source::BestPractices,
        Source::Paper("Lundberg, Lee, A Unified Approach to Interpreting Model Predictions (2017)"),
    ],
};

pub(super) fn judge(context: &ExplainContext) -> Judgement {
    let Some((values, told)) = &context.values else { return Judgement::skipped(NO_COLUMNS) };
    let difference = |(at, answer): (usize, &f64)| (answer - told.base[at % values.width]).abs();
    let largest = told.answers.iter().enumerate().map(difference).fold(0.0, f64::max);
    let gap = values.additivity_gap(told);
    let text = format!("the values of {} rows sum to what they explain up to {gap:.1e}", values.rows.len());
    let judgement = if gap <= GAP * largest.max(f64::MIN_POSITIVE) || gap < 1e-12 {
        Judgement::pass(text)
    } else {
        Judgement::fail(format!(
            "the values miss what they explain by {gap:.1e}, of differences up to {largest:.1e}"
        ))
    };
    judgement.with("largest_gap", gap).with("largest_difference", largest).with("rows", values.rows.len())
}
