//! `preflight.initial-loss`: does the untrained network lose what chance loses?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const HIGH: Threshold = Threshold {
    name: "first loss over that of outputs that say nothing",
    value: 3.0,
    reason: "outputs of deviation 1, as published start values give them, stay below 2",
};
const BROKEN: Threshold = Threshold {
    name: "the same, to fail",
    value: 30.0,
    reason: "the first steps would only shrink the outputs",
};
const LOW: Threshold = Threshold {
    name: "the same, too good",
    value: 0.5,
    reason: "an untrained network that halves the loss of chance has seen the labels",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.initial-loss",
        question: "Is the loss of the untrained network that of outputs that say nothing?",
        why: "ln(classes) at the start shows that loss and labels fit together; far above, the start values or the \
              inputs are out of scale; far below, the labels leak into the inputs.",
        evidence: "The loss before the first step, beside ln(classes), or the variance of the standardised target.",
        thresholds: &[HIGH, BROKEN, LOW],
        false_alarms: "A network that starts from trained weights.",
        remedy: "Keep `prepare.scaling` on; look at the start values of an own model's last layer.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let uninformed = context.uninformed_loss.filter(|loss| loss.is_finite() && *loss > 0.0);
    let (Some(initial), Some(uninformed)) = (context.initial_loss, uninformed) else {
        return Judgement::skipped("the first loss, or that of chance, is unknown");
    };
    let ratio = initial / uninformed;
    let shown = format!("the untrained network's loss is {initial:.4}, chance has {uninformed:.4}");
    let judged = if !ratio.is_finite() || ratio > BROKEN.value {
        Judgement::fail(shown)
    } else if !(LOW.value..=HIGH.value).contains(&ratio) {
        Judgement::warn(shown)
    } else {
        Judgement::pass(shown)
    };
    judged.with("initial_loss", initial).with("uninformed_loss", uninformed).with("ratio", ratio)
}
