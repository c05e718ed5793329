//! Is every label told better than by guessing?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::{LabelReport, LabelsReport};

/// Rows that have a label.
const LEAST: usize = 10;

pub(super) const PAGE: Page = Page {
    id: "evaluate.each-label",
    question: "Is each of several labels told better than by guessing?",
    why: "Averages over labels hide those that are never found: a rare label hardly moves the micro average, and many easy ones the macro one.",
    evidence: "Of each label its rows, AUROC, AUPRC and F1 with intervals, and the score from which on it should be called, chosen on the valid part.",
    thresholds: &[Threshold {
        name: "rows with the label, and without",
        value: LEAST as f64,
        reason: "below, an AUROC is known to within 0.2 at best",
    }],
    false_alarms: "A label that is rare in these rows alone has a wide interval: it says that nobody can tell yet.",
    remedy: "collect rows with the labels that are named, weight them in training, or leave them out and say so",
    sources: &[
        Source::BestPractices,
        Source::Paper("Zhang, Zhou, A Review on Multi-Label Learning Algorithms (2014)"),
    ],
};

pub(super) fn judge(report: &LabelsReport) -> Judgement {
    if report.labels.is_empty() {
        return Judgement::skipped("no label has judged rows");
    }
    let few = |of: &&LabelReport| of.positive.min(of.rows - of.positive) < LEAST;
    let (rare, known): (Vec<&LabelReport>, Vec<&LabelReport>) = report.labels.iter().partition(few);
    let is_guess =
        |of: &&&LabelReport| of.metric("auroc").is_none_or(|metric| metric.low.is_none_or(|low| low <= 0.5));
    let guessed: Vec<&str> = known.iter().filter(is_guess).map(|of| of.label.as_str()).collect();
    let too_rare: Vec<&str> = rare.iter().map(|of| of.label.as_str()).collect();
    let judgement = if !guessed.is_empty() {
        Judgement::warn(format!(
            "{} of {} labels are not told better than by guessing: `{}`",
            guessed.len(),
            report.labels.len(),
            guessed.join("`, `")
        ))
    } else if !too_rare.is_empty() {
        Judgement::warn(format!(
            "{} of {} labels are too rare to judge: `{}`",
            too_rare.len(),
            report.labels.len(),
            too_rare.join("`, `")
        ))
    } else {
        Judgement::pass(format!("each of {} labels is told better than by guessing", known.len()))
    };
    let fact = |of: &LabelReport| {
        let of_metric = |name: &str| json!(of.metric(name));
        json!({"label": of.label, "rows": of.rows, "positive": of.positive, "auroc": of_metric("auroc"),
               "auprc": of_metric("auprc"), "f1": of_metric("f1"), "threshold": of.threshold})
    };
    judgement.with("labels", report.labels.iter().map(fact).collect::<Vec<_>>())
}
