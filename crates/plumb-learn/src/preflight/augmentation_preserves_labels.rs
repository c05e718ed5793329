//! `preflight.augmentation-preserves-labels`: do augmented examples keep their label?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const KEPT: Threshold = Threshold {
    name: "share of answers that a change keeps, below which it warns",
    value: 0.7,
    reason: "0.74 is the least that a shift, a part or a mirror kept on clothes and emoji",
};
const LOST: Threshold = Threshold {
    name: "the share below which it fails",
    value: 0.6,
    reason: "digits upside down keep 0.41 of the answers, mirrored clothes 0.82",
};
/// How much better than the most frequent class the small network must be, to be asked at all.
const KNOWS: Threshold = Threshold {
    name: "accuracy of the small network above the most frequent class's share",
    value: 0.2,
    reason: "a network that hardly knows its pictures loses its few answers to any change",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.augmentation-preserves-labels",
        question: "Do augmented examples still deserve their label?",
        why: "A flipped digit or a cropped-out object teaches the model a wrong answer.",
        evidence: "Of pictures, a small residual network learns from up to 1,500 training pictures as they are and answers for up to 500 \
                   others; of texts, logistic regression on the terms of 3,000 for 500. For each kind of change that training makes, made always: the share of its right answers that \
                   it gives again for the changed picture.",
        thresholds: &[KEPT, LOST, KNOWS],
        false_alarms: "A network that has never seen a change may not know the picture again although a person does: \
                       strong changes (TrivialAugment, parts of a third) are only ever warned of.",
        remedy: "Set `prepare.flip = false`, or take the change out of `prepare.operations`; look at the changed \
                 pictures in the report.",
        sources: &[Source::BestPractices],
    },
    judge,
};

/// Changes that make another picture of every one, so that a lost answer is the change's fault.
const WHOLE: [&str; 4] = ["mirrored", "upside down", "flip-horizontal", "flip-vertical"];

fn judge(context: &PreflightContext) -> Judgement {
    let Some(found) = &context.preservation else {
        return Judgement::skipped(if context.augmented {
            "too few rows, or no classes, to tell whether changed ones keep their label"
        } else {
            "no row is augmented"
        });
    };
    let worst = found.changes.iter().min_by(|a, b| a.kept.total_cmp(&b.kept));
    let Some(worst) = worst else { return Judgement::skipped("no row is augmented") };
    if found.accuracy < found.chance + KNOWS.value {
        let shown = format!("{:.2} of {} rows are told right", found.accuracy, found.asked);
        return Judgement::skipped(format!("the small model knows too little: {shown}"));
    }
    let share = format!("`{}` keeps {:.2} of the right answers", worst.name, worst.kept);
    let failed = found.changes.iter().find(|of| WHOLE.contains(&of.name.as_str()) && of.kept < LOST.value);
    let judged = if let Some(failed) = failed {
        Judgement::fail(format!("`{}` keeps {:.2} of the right answers", failed.name, failed.kept))
    } else if worst.kept < KEPT.value {
        Judgement::warn(share)
    } else {
        Judgement::pass(format!("every change keeps the label: the strongest, {share}"))
    };
    judged
        .with("asked", found.asked)
        .with("accuracy", found.accuracy)
        .with("changes", found.changes.iter().map(|of| of.name.as_str()).collect::<Vec<_>>())
        .with("kept", found.changes.iter().map(|of| of.kept).collect::<Vec<_>>())
}
