//! `preflight.labels-match-inputs`: do labels follow their inputs into the batches?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const RANK: Threshold = Threshold {
    name: "shuffles in 19 that may reach the true association",
    value: 3.0,
    reason: "without any association each rank is equally likely: four or more of 19 are seen in most such tables",
};

const RANK_OF_PICTURES: Threshold = Threshold {
    name: "the same where a small network has not learned the labels of pictures",
    value: 0.0,
    reason: "two tests that both see nothing: one picture set in twenty with labels of chance passes",
};

const LEARNED: Threshold = Threshold {
    name: "accuracy of a small network above the most frequent class's share",
    value: 0.1,
    reason: "on 100 held-out pictures or more, chance does not reach it",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.labels-match-inputs",
        question: "Do labels follow their inputs into the batches, and do they have to do with them?",
        why: "Labels that slip against their rows in a join, a sort or a shuffle train a model on noise, and \
              nothing but a poor score tells.",
        evidence: "How many rows of gathered batches were compared with the prepared rows, those that differ, the \
                   mean squared correlation of inputs and target, and how many of 19 shufflings reach it. Pictures: \
                   whether a small network, trained in seconds, tells held-out classes better than chance.",
        thresholds: &[RANK, RANK_OF_PICTURES, LEARNED],
        false_alarms: "A target that depends on the inputs in a purely curved way, or hardly at all.",
        remedy: "Check the join that brought `data.target` into the table: run `plumb audit` on it.",
        sources: &[Source::BestPractices, Source::Recipe],
    },
    judge,
};

/// Whether a small network has learned the labels from the pictures, which need not go with any single pixel.
fn learned(context: &PreflightContext) -> bool {
    context.preservation.as_ref().is_some_and(|of| of.accuracy > of.chance + LEARNED.value)
}

fn judge(context: &PreflightContext) -> Judgement {
    let Some(check) = context.labels.as_ref().filter(|check| check.rows > 0) else {
        return Judgement::skipped("no labelled rows were compared");
    };
    let reached = check.shuffled.iter().filter(|shuffled| **shuffled >= check.association).count();
    let allowed = if context.preservation.is_some() { RANK_OF_PICTURES.value } else { RANK.value };
    let usable = check.association.is_finite() && !check.shuffled.is_empty();
    let judged = if let Some(first) = check.mismatched.first() {
        let count = check.mismatched.len();
        Judgement::fail(format!(
            "{count} of {} rows have another row's label or input, first row {first}",
            check.rows
        ))
    } else if usable && reached as f64 > allowed && !learned(context) {
        Judgement::warn(format!(
            "the labels go with the inputs no better than shuffled ones: {reached} of {} reach them",
            check.shuffled.len()
        ))
    } else {
        Judgement::pass(format!("the labels of {} rows are with their inputs", check.rows))
    };
    judged
        .with("rows", check.rows)
        .with("mismatched_rows", check.mismatched.iter().copied().take(20).collect::<Vec<_>>())
        .with("mismatched_count", check.mismatched.len())
        .with("association", check.association)
        .with("shuffles", check.shuffled.len())
        .with("shuffles_as_good", reached)
}
