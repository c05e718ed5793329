//! `preflight.baseline`: is there a bar to beat, and is it low enough to see over?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use serde_json::Value;

use super::PreflightContext;

const HIGH: Threshold = Threshold {
    name: "accuracy of a constant or linear prediction",
    value: 0.995,
    reason: "on a few hundred validation rows, less than one wrong row more or less would decide",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.baseline",
        question: "Is there a simple prediction as the bar to beat, with room above it?",
        why: "A network's score means nothing alone: the majority class or a linear model may reach it too.",
        evidence: "The scores of the simple predictions on the validation rows.",
        thresholds: &[HIGH],
        false_alarms: "Very large validation parts, where a tenth of a per cent is many rows.",
        remedy: "Choose `evaluate.primary` so that it can tell models apart, such as `auroc` or `log_loss`.",
        sources: &[Source::BestPractices, Source::Recipe, Source::TestScore],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let baselines: Vec<_> = context.baselines.iter().filter(|baseline| baseline.value.is_finite()).collect();
    let Some(first) = baselines.first() else {
        return Judgement::skipped("no baseline was computed");
    };
    let high =
        baselines.iter().find(|baseline| baseline.metric == "accuracy" && baseline.value >= HIGH.value);
    let judged = match high {
        Some(high) => Judgement::warn(format!(
            "`{}` alone has accuracy {:.4}: there is no room to be better",
            high.name, high.value
        )),
        None => Judgement::pass(format!(
            "the bar to beat: `{}` has {} {:.4}",
            first.name, first.metric, first.value
        )),
    };
    let name = |baseline: &super::Baseline| format!("{}.{}", baseline.name, baseline.metric);
    let scores: Evidence = baselines.iter().map(|b| (name(b), Value::from(b.value))).collect();
    judged.with("baselines", scores)
}
