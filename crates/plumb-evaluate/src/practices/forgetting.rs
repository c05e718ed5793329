//! What is left of the task that a network was trained for before?

use plumb_ledger::{Judgement, Page, Source, Threshold};

use super::NOT_PRETRAINED;
use crate::EvaluateContext;

/// The share of answers that are still given, above those that chance gives.
const WARN: f64 = 0.05;

pub(super) const PAGE: Page = Page {
    id: "transfer.forgetting",
    question: "What is left in the features of the task that the network was trained for before?",
    why: "Fine-tuning that overwrites all that a network knew has paid for weights and uses none of them; it then overfits as \
          one from nothing does.",
    evidence: "The published head on top of the fine-tuned features, and of the features as they were: the share of up to 200 \
               judged pictures for which both name the same class of the old task.",
    thresholds: &[Threshold {
        name: "share of the old answers above chance that warns",
        value: WARN,
        reason: "then one answer in twenty is left: nothing that a person would call known",
    }],
    false_alarms: "Pictures that are far from the old ones, such as scans or drawings, have arbitrary answers there that change easily; a \
                   network that is trained for long on much data may well forget and be the better for it.",
    remedy: "lower `train.lr` or `train.stage_decay`, train for fewer epochs, or set `train.transfer = \"head\"`",
    sources: &[Source::BestPractices],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(transfer) = &context.transfer else { return Judgement::skipped(NOT_PRETRAINED) };
    let Some(kept) = transfer.kept else {
        return Judgement::skipped("the pretrained weights have no head of their own to ask");
    };
    let text = format!(
        "with their old head the features give {:.0} % of their old answers on {} pictures ({:.0} % by chance)",
        100.0 * kept.share,
        kept.rows,
        100.0 * kept.chance
    );
    let judged = if kept.share < kept.chance + WARN { Judgement::warn(text) } else { Judgement::pass(text) };
    judged.with("rows", kept.rows).with("same_answers", kept.share).with("by_chance", kept.chance)
}
