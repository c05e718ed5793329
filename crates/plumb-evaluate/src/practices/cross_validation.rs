//! Does the single split agree with cross-validation?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::intervals::repeats;

use crate::EvaluateContext;

/// The coverage of both intervals where no other is asked for.
const COVERAGE: f64 = 0.95;

pub(super) const PAGE: Page = Page {
    id: "evaluate.cross-validation",
    question: "Does the result of the single split agree with that of k folds?",
    why: "One split can be lucky. Folds show how much the result depends on which rows were held out, and folds drawn again how much \
          it depends on how the rows fell.",
    evidence: "The primary metric of each fold of each repeat, their mean and standard deviation; the interval of the mean with Nadeau and \
               Bengio's corrected variance, (1 / (k r) + rows tested / rows fitted on) times the variance of the scores, at the level of \
               `evaluate.level`; and the interval in which one more split is expected.",
    thresholds: &[Threshold {
        name: "coverage of the interval for one more split",
        value: COVERAGE,
        reason: "the customary level; Student's t with k r - 1 degrees of freedom",
    }],
    false_alarms: "Folds share train rows, so their spread understates the true one; the correction is an approximation, made for \
                   splits by chance and not for folds by time. Folds train on fewer rows when k is small.",
    remedy: "report the mean of the folds instead of the single split; set `split.folds`, and `split.repeats` for a mean that depends \
             less on chance",
    sources: &[
        Source::BestPractices,
        Source::Paper(
            "Bengio and Grandvalet, No Unbiased Estimator of the Variance of K-Fold Cross-Validation (2004)",
        ),
        Source::Paper("Nadeau and Bengio, Inference for the Generalization Error (2003)"),
        Source::Paper(
            "Bouckaert and Frank, Evaluating the Replicability of Significance Tests for Comparing Learning Algorithms (2004)",
        ),
    ],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let scores = context.folds.scores;
    let (Some(of), Some(next)) = (context.folds.summary(context.config.level), repeats(scores, COVERAGE))
    else {
        return Judgement::skipped("there is one split: set `split.folds` for cross-validation");
    };
    let Some(single) = context.evaluation.headline() else {
        return Judgement::skipped(format!("{} is undefined on the single split", context.primary()));
    };
    let drawn = if of.repeats > 1 { format!(" in {} repeats", of.repeats) } else { String::new() };
    let text = format!(
        "{} of {} folds{drawn}: mean {:.4} ({:.4} to {:.4}, variance corrected by Nadeau and Bengio), deviation {:.4}; the single split has {:.4}",
        context.primary(),
        of.scores,
        of.mean,
        of.low,
        of.high,
        of.deviation,
        single.value
    );
    let [low, high] = next.next_interval;
    let agrees = (low..=high).contains(&single.value);
    let judgement = if agrees { Judgement::pass(text) } else { Judgement::warn(text) };
    judgement
        .with("folds", scores.to_vec())
        .with("repeats", of.repeats)
        .with("mean", of.mean)
        .with("mean_low", of.low)
        .with("mean_high", of.high)
        .with("mean_interval", of.method)
        .with("tested_to_fitted", of.tested_to_fitted)
        .with("deviation", of.deviation)
        .with("low", low)
        .with("high", high)
        .with("single_split", single.value)
}
