//! `preflight.input-dependence`: do zeroed inputs do worse than the real ones?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const WORSE: Threshold = Threshold {
    name: "loss with zeroed inputs over that with the real ones",
    value: 1.2,
    reason: "a copy that has memorised its rows loses many times more without their inputs",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.input-dependence",
        question: "Does the model do worse when its inputs are set to zero?",
        why: "A model that does not care about its inputs gets them wrong on the way, or not at all.",
        evidence: "The loss of a copy trained on a few rows, on these rows and on the same with all inputs at 0.",
        thresholds: &[WORSE],
        false_alarms: "Rows that all have the same label: nothing but the label is needed.",
        remedy: "Check that an own model's `forward` reads `numbers`, `flags` and `codes` of its batch.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(subset) = context.subset.filter(|subset| subset.steps > 0) else {
        return Judgement::skipped("no copy of the model was trained on a few rows");
    };
    let (real, zeroed) = (subset.last_loss, subset.zeroed_loss);
    if !real.is_finite() || zeroed.is_nan() {
        return Judgement::skipped("the copy trained on a few rows has no finite loss");
    }
    let judged = if zeroed < WORSE.value * real {
        Judgement::warn(format!("the loss is {real:.4} with the inputs and {zeroed:.4} without them"))
    } else {
        Judgement::pass(format!("without its inputs the model's loss rises from {real:.4} to {zeroed:.4}"))
    };
    judged.with("real_loss", real).with("zeroed_loss", zeroed).with("rows", subset.rows)
}
