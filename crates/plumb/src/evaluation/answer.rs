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
    verdicts(&mut text, run);
    text
}

/// Groups of a list.
const GROUPS: usize = 60;

/// Every group with its rates, then the verdicts.
pub(super) fn of_groups(run: &Run, evaluation: &Evaluation, metrics: &Value, as_json: bool) -> String {
    if as_json {
        return answer(run, evaluation, metrics, true);
    }
    let mut text = String::new();
    let list = |id: &str, key: &str| {
        let entry = run.ledger.get(id);
        entry.and_then(|entry| entry.evidence.get(key)?.as_array().cloned()).unwrap_or_default()
    };
    let of = |group: &Value, name: &str| group[name].as_f64();
    let with_ends = |group: &Value, name: &str| match (of(group, name), of(group, "low"), of(group, "high")) {
        (Some(value), Some(low), Some(high)) => format!("{value:.3} ({low:.3} to {high:.3})"),
        _ => "-".to_owned(),
    };
    let rates = list("fairness.equalized-odds", "groups");
    let rate = |group: &Value, kind: &str| {
        let own = |rate: &&Value| {
            rate["column"] == group["column"] && rate["value"] == group["value"] && rate["rate"] == kind
        };
        rates.iter().find(own).map_or_else(|| "-".to_owned(), |rate| with_ends(rate, "share"))
    };
    let selected = list("fairness.disparate-impact", "groups");
    if !selected.is_empty() {
        let head = ("group", "rows", "selected", "true positive rate", "false positive rate");
        push(
            &mut text,
            format_args!("{:<32}{:>8}  {:<24}{:<24}{}\n", head.0, head.1, head.2, head.3, head.4),
        );
    }
    for group in selected.iter().take(GROUPS) {
        let word = |name: &str| visible(group[name].as_str().unwrap_or_default());
        let name = format!("{} = {}", word("column"), word("value"));
        let (found, missed) = (rate(group, "true positive rate"), rate(group, "false positive rate"));
        let rows = group["rows"].as_u64().unwrap_or(0);
        push(
            &mut text,
            format_args!("{name:<32}{rows:>8}  {:<24}{found:<24}{missed}\n", with_ends(group, "rate")),
        );
    }
    verdicts(&mut text, run);
    text
}

/// The verdicts and where the page is.
pub(super) fn verdicts(text: &mut String, run: &Run) {
    let folder = run.folder.as_ref().map(|folder| folder.path().display().to_string());
    for entry in run.ledger.worst_first().into_iter().filter(|entry| entry.verdict != Verdict::Skipped) {
        push(
            text,
            format_args!("{:<8} {:<28} {}\n", entry.verdict.as_str(), entry.id, visible(&entry.summary)),
        );
        if entry.verdict <= Verdict::Warn {
            push(text, format_args!("{:37} remedy: {}\n", "", visible(&entry.remedy)));
        }
    }
    push(text, format_args!("{}", run.verdict_counts()));
    if let Some(folder) = folder {
        push(text, format_args!("\nreport    {folder}/{}", files::REPORT));
    }
}

/// Adds to a text.
pub(super) fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
