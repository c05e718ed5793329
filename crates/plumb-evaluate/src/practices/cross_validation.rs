//! Does the single split agree with cross-validation?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::intervals::repeats;

use crate::EvaluateContext;

pub(super) const PAGE: Page = Page {
    id: "evaluate.cross-validation",
    question: "Does the result of the single split agree with that of k folds?",
    why: "One split can be lucky. Folds show how much the result depends on which rows were held out.",
    evidence: "The primary metric of each fold, their mean and standard deviation, and the interval in which one more split is expected.",
    thresholds: &[Threshold {
        name: "coverage of the interval for one more split",
        value: 0.95,
        reason: "the customary level; Student's t with k - 1 degrees of freedom",
    }],
    false_alarms: "Folds share train rows, so their spread understates the true one. Folds train on fewer rows when k is small.",
    remedy: "report the mean of the folds instead of the single split; set `split.folds`",
    sources: &[
        Source::BestPractices,
        Source::Paper(
            "Bengio and Grandvalet, No Unbiased Estimator of the Variance of K-Fold Cross-Validation (2004)",
        ),
    ],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(folds) = repeats(context.folds, 0.95) else {
        return Judgement::skipped("there is one split: set `split.folds` for cross-validation");
    };
    let Some(single) = context.evaluation.headline() else {
        return Judgement::skipped(format!("{} is undefined on the single split", context.primary()));
    };
    let [low, high] = folds.next_interval;
    let text = format!(
        "{} of {} folds: mean {:.4}, deviation {:.4}; the single split has {:.4}",
        context.primary(),
        folds.count,
        folds.mean,
        folds.deviation,
        single.value
    );
    let agrees = (low..=high).contains(&single.value);
    let judgement = if agrees { Judgement::pass(text) } else { Judgement::warn(text) };
    judgement
        .with("folds", context.folds.to_vec())
        .with("mean", folds.mean)
        .with("deviation", folds.deviation)
        .with("low", low)
        .with("high", high)
        .with("single_split", single.value)
}
