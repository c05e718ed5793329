//! `data.class-imbalance`: are some classes rare beside others?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use crate::{Labels, Target};

/// One to nine: accuracy of the majority class alone is then 90 %, and the rare class weighs little in the loss.
const WARN_RATIO: f64 = 1.0 / 9.0;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.class-imbalance",
        question: "is the rarest class within one to nine of the most frequent one?",
        why: "With a rare class, accuracy rewards the model that never predicts it, and the loss is dominated by the \
              other rows.",
        evidence: "Rows of each class, the share of the rarest, its ratio to the most frequent.",
        thresholds: &[Threshold {
            name: "ratio of the rarest class to the most frequent",
            value: WARN_RATIO,
            reason: "at one to nine a model that knows nothing has an accuracy of 90 %",
        }],
        false_alarms: "Rare events are rare: the ratio may be right and the metric well chosen.",
        remedy: "Set `evaluate.primary` to `auprc` or `balanced_accuracy`, and `train.class_weights = \"balanced\"` when \
                 the rare class matters more than its share.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let Some(target) = &context.target else { return Judgement::skipped("no target is named") };
    let Some(counts) = class_counts(target) else {
        return Judgement::skipped("the target is a number, not a class");
    };
    let labelled: usize = counts.iter().sum();
    let (least, most) =
        (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    let ratio = least as f64 / most.max(1) as f64;
    let judged = if labelled == 0 {
        return Judgement::skipped("no row has a label");
    } else if counts.iter().filter(|&&count| count > 0).count() < 2 {
        Judgement::fail(format!("all {labelled} labelled rows are of one class"))
    } else {
        let share = 100.0 * least as f64 / labelled as f64;
        let summary =
            format!("the rarest of {} classes has {least} of {labelled} rows ({share:.1} %)", counts.len());
        if ratio < WARN_RATIO { Judgement::warn(summary) } else { Judgement::pass(summary) }
    };
    let by_class: Evidence = target.classes.iter().cloned().zip(counts.iter().map(|&c| c.into())).collect();
    judged
        .with("rows_by_class", by_class)
        .with("rarest_share", least as f64 / labelled as f64)
        .with("ratio_to_most_frequent", ratio)
}

/// Labelled rows of each class; none for a number. Codes beyond the classes are not counted.
pub(super) fn class_counts(target: &Target) -> Option<Vec<usize>> {
    let Labels::Classes(codes) = &target.labels else { return None };
    let mut counts = vec![0; target.classes.len()];
    for code in codes.iter().flatten() {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
    Some(counts)
}
