//! `preflight.overfit-subset`: can the model learn a few rows by heart?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

pub(super) const MEMORISED: Threshold = Threshold {
    name: "share of the first loss that may be left",
    value: 0.2,
    reason: "a sound model leaves a few per cent after the steps allowed",
};
const STUCK: Threshold =
    Threshold { name: "the same, to fail", value: 0.9, reason: "nothing was learned at all" };

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.overfit-subset",
        question: "Can the model learn a few rows by heart?",
        why: "A model that cannot memorise a few rows has a bug or too little room: no amount of data will help it.",
        evidence: "Rows (32; 8 texts or large pictures), steps and rate of a copy trained without dropout and decay at \
                   the job's rate, and where that fails at the one of the range test; its loss on those rows at \
                   first and at the end, without label smoothing.",
        thresholds: &[MEMORISED, STUCK],
        false_alarms: "The same inputs with different labels among the rows (`data.conflicting-labels`); a target \
                       with extreme values.",
        remedy: "Widen `model.hidden`; check the loss and the labels; see preflight.gradient-flow for still layers.",
        sources: &[Source::BestPractices, Source::Recipe],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(subset) = context.subset.filter(|subset| subset.steps > 0 && subset.rows > 0) else {
        return Judgement::skipped("no copy of the model was trained on a few rows");
    };
    let left = subset.last_loss / subset.first_loss;
    let shown = format!(
        "the loss on {} rows went from {:.4} to {:.4} in {} steps",
        subset.rows, subset.first_loss, subset.last_loss, subset.steps
    );
    let judged = if left.is_nan() || left > STUCK.value {
        Judgement::fail(shown)
    } else if left > MEMORISED.value {
        Judgement::warn(shown)
    } else {
        Judgement::pass(shown)
    };
    judged
        .with("rows", subset.rows)
        .with("steps", subset.steps)
        .with("rate", subset.lr)
        .with("first_loss", subset.first_loss)
        .with("last_loss", subset.last_loss)
}
