//! Is the smaller model as good?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::{CompressContext, GroupKept, Kept};

const BUDGET: f64 = 0.01;
const CHANCE: f64 = 0.05;
/// Groups and layers that are shown.
const SHOWN: usize = 40;

pub(super) const PAGE: Page = Page {
    id: "compress.accuracy-kept",
    question: "Is the smaller model as good as the one that it was made from?",
    why: "A compressed model is another model: what it loses is often lost in one class or one group, and an average hides it.",
    evidence: "The metric that decides of both on the same rows, their difference with its interval (paired bootstrap), McNemar's exact test, the calibration error of both, each group of `evaluate.groups`, and what each layer costs by itself.",
    thresholds: &[
        Threshold {
            name: "loss that is allowed",
            value: BUDGET,
            reason: "`--budget`: one point of a metric between 0 and 1, one hundredth of a metric without an end",
        },
        Threshold {
            name: "chance",
            value: CHANCE,
            reason: "a larger loss fails when it can be told from chance, and is to be looked at when it cannot",
        },
    ],
    false_alarms: "With few rows a loss of a point cannot be told from chance: that is a warning and not a failure.",
    remedy: "leave the most costly layers as they were (a smaller `--budget` does it), calibrate with `--calibration entropy`, or train longer between steps of pruning (`--epochs`)",
    sources: &[
        Source::Paper(
            "Krishnamoorthi, Quantizing deep convolutional networks for efficient inference (2018)",
        ),
        Source::Paper(
            "McNemar, Note on the sampling error of the difference between correlated proportions (1947)",
        ),
        Source::Paper("Hooker et al., Characterising Bias in Compressed Models (2020)"),
    ],
};

pub(super) fn judge(context: &CompressContext) -> Judgement {
    let Some(kept) = &context.kept else {
        return Judgement::skipped("no rows with a known target are there to hold both against");
    };
    let layers: Vec<_> = context.layers.iter().take(SHOWN).map(|of| json!(of)).collect();
    let mut groups: Vec<&GroupKept> = kept.groups.iter().collect();
    groups.sort_by(|a, b| (b.before - b.after).total_cmp(&(a.before - a.after)));
    verdict(kept, groups.first().copied())
        .with("metric", kept.metric)
        .with("before", kept.before)
        .with("after", kept.after)
        .with("loss", kept.loss)
        .with("low", kept.low)
        .with("high", kept.high)
        .with("p", kept.p)
        .with("rows", kept.rows)
        .with("allowed", kept.allowed)
        .with("only_right", json!(kept.only_right))
        .with("calibration_error", json!(kept.ece))
        .with("groups", groups.into_iter().take(SHOWN).map(|of| json!(of)).collect::<Vec<_>>())
        .with("layers", layers)
}

fn verdict(kept: &Kept, worst: Option<&GroupKept>) -> Judgement {
    let change = if kept.loss > 0.0 { "worse" } else { "better" };
    let text = format!(
        "{} is {change} by {:.4} ({:.4} instead of {:.4}, loss between {:+.4} and {:+.4}) on {} rows; {:.4} may be lost",
        kept.metric,
        kept.loss.abs(),
        kept.after,
        kept.before,
        kept.low,
        kept.high,
        kept.rows,
        kept.allowed
    );
    let is_sure = kept.p < CHANCE || kept.low > 0.0;
    if kept.loss > kept.allowed || kept.loss.is_nan() {
        return if is_sure {
            Judgement::fail(text)
        } else {
            Judgement::warn(format!("{text}, which chance can do"))
        };
    }
    match worst.filter(|of| of.before - of.after > kept.allowed && of.p_adjusted < CHANCE) {
        None => Judgement::pass(text),
        Some(group) => Judgement::warn(format!(
            "{text}; but where `{}` = `{}`, {:.1} % are right instead of {:.1} %",
            group.column,
            group.value,
            100.0 * group.after,
            100.0 * group.before
        )),
    }
}
