//! Is a network that was trained before better than the same one from nothing?

use plumb_ledger::{Judgement, Page, Source, Threshold};

use super::beats_baseline::gain_over;
use super::{NOT_PRETRAINED, NOTHING_JUDGED};
use crate::EvaluateContext;

const CHANCE: f64 = 0.05;

pub(super) const PAGE: Page = Page {
    id: "transfer.beats-scratch",
    question: "Is the fine-tuned network better than the same network trained from nothing by the same recipe?",
    why: "Weights from elsewhere bring their licence, their biases and their input size. They must be worth it.",
    evidence: "The primary metric of both on the judged rows, and the difference with its interval and p-value by the paired bootstrap.",
    thresholds: &[Threshold {
        name: "p-value of no difference",
        value: CHANCE,
        reason: "the customary level; the rows are the same for both, so the test is sharp",
    }],
    false_alarms: "From nothing a network wants more epochs than fine-tuning gives it: a longer training may catch up.",
    remedy: "leave `model.pretrained` out and train longer, or try other weights",
    sources: &[Source::BestPractices],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let Some(transfer) = &context.transfer else { return Judgement::skipped(NOT_PRETRAINED) };
    let Some(scratch) = transfer.scratch else {
        return Judgement::skipped("the network was not trained from nothing: see `train.scratch`");
    };
    let metric = context.evaluation.primary.metric;
    let values = [&part.scored, scratch].map(|scored| (metric.compute)(&scored.outcome()));
    let ([Some(tuned), Some(nothing)], Some(gain)) = (values, gain_over(context, &part.scored, scratch))
    else {
        return Judgement::skipped(format!("{} is undefined on the judged rows", metric.name));
    };
    let shown = format!("{} {tuned:.4} against {nothing:.4} from nothing", metric.name);
    let judged = if gain.difference > 0.0 && gain.p < CHANCE {
        Judgement::pass(format!("{shown}, beyond chance"))
    } else if gain.difference < 0.0 && gain.p < CHANCE {
        Judgement::fail(format!("{shown}: worse beyond chance"))
    } else {
        Judgement::warn(format!("{shown}: no difference beyond chance"))
    };
    judged
        .with("metric", metric.name)
        .with("fine_tuned", tuned)
        .with("from_nothing", nothing)
        .with("gain", gain.difference)
        .with("low", gain.low)
        .with("high", gain.high)
        .with("p", gain.p)
}
