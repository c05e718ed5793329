//! What a look says: for a person, or as JSON.

use std::fmt::Write as _;

use plumb_ledger::{Ledger, Verdict};
use plumb_serve::monitor::Figures;
use serde_json::json;

use crate::console::visible;
use crate::fault::Fault;
use crate::report::format::{count, counted};

/// The figures and the verdicts.
pub(super) fn json(figures: &Figures, ledger: &Ledger) -> Result<String, Fault> {
    serde_json::to_string_pretty(&json!({"schema": 1, "monitor": figures, "ledger": ledger}))
        .map_err(|error| Fault::failed(format!("cannot write the answer as JSON ({error})")))
}

/// The log in a line, each verdict in a line.
pub(super) fn text(figures: &Figures, ledger: &Ledger) -> String {
    let mut text = format!(
        "{}: {} of {} in {}, {} of `{}`\n",
        visible(&figures.model),
        counted(figures.log.rows, "logged row"),
        count(figures.log.served.round() as usize) + " served",
        counted(figures.log.segments, "segment"),
        counted(figures.windows.len(), "window"),
        figures.mode
    );
    for damaged in figures.log.damaged.iter().take(5) {
        push(&mut text, format_args!("  passed over: {}\n", visible(damaged)));
    }
    if let Some(labels) = &figures.labels {
        push(
            &mut text,
            format_args!(
                "  {}: {} repeated, {} unusable, {} not in the log; {} labelled\n",
                counted(labels.rows, "label"),
                labels.repeated,
                labels.unusable,
                labels.unmatched,
                counted(labels.labelled, "logged row")
            ),
        );
    }
    for entry in ledger.worst_first() {
        push(
            &mut text,
            format_args!("{:<8} {:<20} {}\n", entry.verdict.as_str(), entry.id, visible(&entry.summary)),
        );
        if entry.verdict <= Verdict::Warn {
            push(&mut text, format_args!("{:29} remedy: {}\n", "", visible(&entry.remedy)));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
