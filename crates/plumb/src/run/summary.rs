//! The result on stdout: for a person, or as JSON.

use std::fmt::Write as _;

use plumb_evaluate::{Evaluation, MetricValue};
use plumb_ledger::Verdict;
use serde_json::{Value, json};

use super::stage_evaluate::Measured;
use super::{Run, files};

/// The answer of a whole run.
pub(crate) fn of_run(run: &Run, measured: &Measured, as_json: bool) -> String {
    let path = run.folder.as_ref().map(|folder| folder.path().display().to_string()).unwrap_or_default();
    if as_json {
        let metrics = &measured.metrics;
        let answer = json!({
            "schema": 1,
            "run": path,
            "task": metrics["task"],
            "primary": metrics["primary"],
            "test": metrics["test"],
            "baselines": metrics["baselines"],
            "weights_sha256": metrics["weights_sha256"],
            "verdicts": verdicts(run),
            "report": format!("{path}/{}", files::REPORT),
        });
        return format!("{answer:#}");
    }
    let mut text = scores(&measured.evaluation);
    let digest = measured.metrics["weights_sha256"].as_str().unwrap_or_default();
    push(&mut text, format_args!("weights   {digest}\n"));
    push(&mut text, format_args!("verdicts  {}\n", run.verdict_counts()));
    push(&mut text, format_args!("report    {path}/{}", files::REPORT));
    text
}

/// The answer of a command that judges and trains nothing.
pub(crate) fn of_check(run: &Run, as_json: bool) -> String {
    if as_json {
        return serde_json::to_string_pretty(&run.ledger).unwrap_or_default();
    }
    let mut text = String::new();
    for entry in run.ledger.worst_first() {
        let summary = crate::console::visible(&entry.summary);
        push(&mut text, format_args!("{:<8} {:<28} {summary}\n", entry.verdict.as_str(), entry.id));
        if entry.verdict <= Verdict::Warn {
            push(&mut text, format_args!("{:37} remedy: {}\n", "", crate::console::visible(&entry.remedy)));
        }
    }
    push(&mut text, format_args!("\n{}", run.verdict_counts()));
    text
}

fn verdicts(run: &Run) -> Value {
    let words = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped];
    words.map(|verdict| (verdict.as_str().to_owned(), json!(run.ledger.count(verdict)))).into_iter().collect()
}

/// The primary metric beside that of the baselines, a line each.
pub(crate) fn scores(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let name = evaluation.primary.metric.name;
    if let Some(headline) = evaluation.headline() {
        let part = evaluation.judged_name();
        push(&mut text, format_args!("{name} {} on {} {part} rows\n", with_interval(headline), headline.n));
    }
    for baseline in &evaluation.baselines {
        match baseline.metrics.iter().find(|metric| metric.name == name) {
            Some(value) => {
                push(&mut text, format_args!("  {:<14} {}\n", baseline.name, with_interval(value)));
            }
            None => push(&mut text, format_args!("  {:<14} none\n", baseline.name)),
        }
    }
    text
}

/// A value with the ends of its interval.
pub(crate) fn with_interval(metric: &MetricValue) -> String {
    match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("{:.4} ({low:.4} to {high:.4})", metric.value),
        _ => format!("{:.4}", metric.value),
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
