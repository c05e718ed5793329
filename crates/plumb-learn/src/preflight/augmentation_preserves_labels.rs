//! `preflight.augmentation-preserves-labels`: do augmented examples keep their label?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::PreflightContext;

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.augmentation-preserves-labels",
        question: "Do augmented examples still deserve their label?",
        why: "A flipped digit or a cropped-out object teaches the model a wrong answer.",
        evidence: "None for tables: their rows are not augmented.",
        thresholds: &[],
        false_alarms: "None: the practice is skipped for tables.",
        remedy: "Nothing to change for a table.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(_context: &PreflightContext) -> Judgement {
    Judgement::skipped("the rows of a table are not augmented")
}
