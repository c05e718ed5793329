//! `train.reproducible`: does the same seed give the same weights?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::TrainContext;

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.reproducible",
        question: "Does the same seed give the same weights, bit for bit?",
        why: "A run that cannot be repeated cannot be debugged, resumed or audited.",
        evidence: "The SHA-256 of the weights after each of two short runs with the same seed.",
        thresholds: &[],
        false_alarms: "None known on one machine. Other processors may round differently.",
        remedy: "Report it: on one machine, Plumb's runs must not depend on threads or on chance.",
        sources: &[Source::Recipe, Source::TestScore],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let Some((first, second)) = &context.repeated_hashes else {
        return Judgement::skipped("the two short runs were not made");
    };
    let judged = if first.is_empty() || second.is_empty() {
        return Judgement::skipped("a hash of the two short runs is missing");
    } else if first == second {
        Judgement::pass("two short runs gave the same weights, bit for bit")
    } else {
        Judgement::fail("two short runs with the same seed gave different weights")
    };
    judged.with("first", first.as_str()).with("second", second.as_str())
}
