//! `preflight.augmentation-preserves-labels`: do augmented examples keep their label?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::PreflightContext;

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.augmentation-preserves-labels",
        question: "Do augmented examples still deserve their label?",
        why: "A flipped digit or a cropped-out object teaches the model a wrong answer.",
        evidence: "None yet: the rows of tables are not augmented, and changed pictures are not judged.",
        thresholds: &[],
        false_alarms: "None: the practice is always skipped.",
        remedy: "Set `prepare.flip = false` or `prepare.augment = \"none\"` where a changed picture would be another class.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    Judgement::skipped(if context.augmented {
        "whether changed pictures keep their label is not measured yet"
    } else {
        "no row is augmented"
    })
}
