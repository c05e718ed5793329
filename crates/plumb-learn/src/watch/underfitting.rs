//! `train.underfitting`: does the model fit its training rows better than a constant?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::TrainContext;
use super::history::lowest;

const BETTER: Threshold = Threshold {
    name: "share of the constant prediction's loss that must be gone",
    value: 0.05,
    reason: "a network with more weights than rows gains that much even on noise",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.underfitting",
        question: "Does the model fit its own training rows better than a constant prediction?",
        why: "A model that cannot even fit what it sees will not do better on what it does not see.",
        evidence: "The lowest smoothed training loss beside the loss of the best constant prediction.",
        thresholds: &[BETTER],
        false_alarms: "A target that the inputs say nothing about; strong label smoothing, which lifts the loss.",
        remedy: "Widen `model.hidden`, raise `train.epochs`, lower `model.dropout` and `train.weight_decay`.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    if !context.finished {
        return Judgement::skipped("judged when training has ended");
    }
    let constant = context.constant_loss.filter(|loss| loss.is_finite() && *loss > 0.0);
    let (Some(constant), Some(best)) = (constant, lowest(&context.history.train_curve())) else {
        return Judgement::skipped("the loss of a constant prediction or of the training is unknown");
    };
    let gone = 1.0 - best.loss / constant;
    let judged = if gone < BETTER.value {
        Judgement::warn(format!(
            "the training loss, {:.4} at best, hardly beats a constant prediction, {constant:.4}",
            best.loss
        ))
    } else {
        let percent = 100.0 * gone;
        Judgement::pass(format!("the training loss is {percent:.0} % below that of a constant prediction"))
    };
    judged.with("lowest_loss", best.loss).with("constant_loss", constant).with("share_gone", gone)
}
