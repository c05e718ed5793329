//! What `plumb evaluate` says on stdout.

use std::fmt::Write as _;

use plumb_evaluate::Evaluation;
use plumb_ledger::Verdict;
use serde_json::{Value, json};

use crate::console::visible;
use crate::run::{self, Run, files};

/// For a person: every metric with its interval, the baselines, the verdicts. For a machine: all of it.
pub(super) fn answer(run: &Run, evaluation: &Evaluation, metrics: &Value, as_json: bool) -> String {
    let folder = run.folder.as_ref().map(|folder| folder.path().display().to_string());
    if as_json {
        let report = folder.map(|folder| format!("{folder}/{}", files::REPORT));
        let answer = json!({"schema": 1, "metrics": metrics, "ledger": run.ledger, "report": report});
        return format!("{answer:#}");
    }
    let mut text = run::scores(evaluation);
    for metric in evaluation.judged().map(|part| part.metrics.as_slice()).unwrap_or_default() {
        if metric.name != evaluation.primary.metric.name {
            push(&mut text, format_args!("  {:<22} {}\n", metric.name, run::with_interval(metric)));
        }
    }
    for entry in run.ledger.worst_first().into_iter().filter(|entry| entry.verdict != Verdict::Skipped) {
        push(
            &mut text,
            format_args!("{:<8} {:<28} {}\n", entry.verdict.as_str(), entry.id, visible(&entry.summary)),
        );
        if entry.verdict <= Verdict::Warn {
            push(&mut text, format_args!("{:37} remedy: {}\n", "", visible(&entry.remedy)));
        }
    }
    push(&mut text, format_args!("{}", run.verdict_counts()));
    if let Some(folder) = folder {
        push(&mut text, format_args!("\nreport    {folder}/{}", files::REPORT));
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
