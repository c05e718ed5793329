//! Are rare classes seen by the metrics, and found by the model?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::NOTHING_JUDGED;
use crate::EvaluateContext;
use crate::part::ClassRow;
use crate::primary::{RARE_PART_OF_EVEN, RARE_SHARE, rare_below};

const LEAST_SUPPORT: u64 = 20;
const LEAST_RECALL: f64 = 0.5;

pub(super) const PAGE: Page = Page {
    id: "evaluate.imbalance-aware",
    question: "Are the rare classes found, and does the metric that decides count them?",
    why: "Where 5 % of rows are positive, a model that never says so is 95 % accurate.",
    evidence: "Precision, recall with its interval, F1 and the number of rows of each class, and the share of the rarest.",
    thresholds: &[
        Threshold {
            name: "share below which the rarer of two classes is rare",
            value: RARE_SHARE,
            reason: "a constant answer would be right for over 80 % of rows",
        },
        Threshold {
            name: "share below which one of more classes is rare, as part of an even share",
            value: RARE_PART_OF_EVEN,
            reason: "half as many rows as in balanced data",
        },
        Threshold {
            name: "rows of a class in the judged part",
            value: LEAST_SUPPORT as f64,
            reason: "with fewer, a recall is known to no better than about 20 points",
        },
        Threshold {
            name: "recall of a rare class",
            value: LEAST_RECALL,
            reason: "most of its rows are missed; judged by the upper end of the interval",
        },
    ],
    false_alarms: "Where a ranking is used and not the class, recall at one half does not matter: look at AUROC and AUPRC.",
    remedy: "set `evaluate.primary` to auroc, auprc, f1 or balanced_accuracy, and `train.class_weights`",
    sources: &[Source::BestPractices, Source::TuningPlaybook],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let total: u64 = part.per_class.iter().map(|class| class.report.support).sum();
    let Some(smallest) = part.per_class.iter().map(|class| class.report.support).min() else {
        return Judgement::skipped("the target is a number");
    };
    let below = rare_below(part.per_class.len());
    let is_rare = |class: &&ClassRow| (class.report.support as f64) < below * total as f64;
    let rare: Vec<&ClassRow> = part.per_class.iter().filter(is_rare).collect();
    verdict(context, &rare)
        .with("smallest_share", smallest as f64 / total.max(1) as f64)
        .with("class_weights", context.config.class_weights)
        .with("metric", context.primary())
        .with("per_class", part.per_class.iter().take(50).map(|class| json!(class)).collect::<Vec<_>>())
        .with("classes", part.per_class.len())
}

fn verdict(context: &EvaluateContext<'_>, rare: &[&ClassRow]) -> Judgement {
    if rare.is_empty() {
        return Judgement::pass("no class is rare among the judged rows");
    }
    let names = |classes: &[&&ClassRow]| {
        let quoted: Vec<String> = classes.iter().take(5).map(|class| format!("`{}`", class.class)).collect();
        quoted.join(", ")
    };
    let few: Vec<&&ClassRow> = rare.iter().filter(|class| class.report.support < LEAST_SUPPORT).collect();
    let never: Vec<&&ClassRow> = rare
        .iter()
        .filter(|class| class.report.predicted == 0 && class.report.support >= LEAST_SUPPORT)
        .collect();
    let missed: Vec<&&ClassRow> =
        rare.iter().filter(|class| class.recall_interval.1 < LEAST_RECALL).collect();
    if !never.is_empty() {
        return Judgement::fail(format!("the rare class {} is never predicted", names(&never)));
    }
    if context.primary() == "accuracy" {
        return Judgement::warn(format!(
            "accuracy decides, and hardly counts {}",
            names(&rare.iter().collect::<Vec<_>>())
        ));
    }
    if !missed.is_empty() {
        return Judgement::warn(format!("most rows of the rare class {} are missed", names(&missed)));
    }
    if !few.is_empty() {
        return Judgement::warn(format!("too few judged rows of {} to tell", names(&few)));
    }
    Judgement::pass(format!("the rare class {} is found", names(&rare.iter().collect::<Vec<_>>())))
}
