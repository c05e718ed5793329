//! `train.regularisation`: where the gap is wide, is anything holding the model back?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::overfitting::gap;
use super::{History, Regularisation, TrainContext};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.regularisation",
        question: "Where training and validation part, is anything holding the model back?",
        why: "Weight decay, dropout and label smoothing are the cheapest answers to overfitting; a run that \
              overfits with all of them off has not tried.",
        evidence: "The settings in force, the rise of the validation loss, and how the norm of all weights changed \
                   over the run (decay holds it down).",
        thresholds: &[],
        false_alarms: "Other means at work, such as early stopping (`train.patience`) or augmentation.",
        remedy: "Set `train.weight_decay = 0.01` (AdamW) or `model.dropout = 0.2`.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let (Some(gap), Some(settings)) = (gap(context), context.regularisation) else {
        return Judgement::skipped("fewer than 5 epochs with a validation loss, or unknown settings");
    };
    let Regularisation { dropout, weight_decay, label_smoothing } = settings;
    let off = [dropout, weight_decay, label_smoothing].iter().all(|setting| *setting <= 0.0);
    let judged = match (gap.is_wide(), off) {
        (true, true) => Judgement::warn("the model overfits and neither decay, dropout nor smoothing is on"),
        (true, false) => Judgement::pass("the model overfits with regularisation on: see train.overfitting"),
        (false, _) => Judgement::pass("training and validation loss stay together"),
    };
    judged
        .with("dropout", dropout)
        .with("weight_decay", weight_decay)
        .with("label_smoothing", label_smoothing)
        .with("valid_loss_rise", gap.rise)
        .with("weight_norm_growth", weight_growth(&context.history).unwrap_or(f64::NAN))
}

/// The norm of all weights at the last look over that at the first.
fn weight_growth(history: &History) -> Option<f64> {
    let norm =
        |look: &super::Look| look.layers.values().map(|stats| stats.weight_norm.powi(2)).sum::<f64>().sqrt();
    let (first, last) = (norm(history.looks.first()?), norm(history.looks.last()?));
    (first > 0.0).then_some(last / first)
}
