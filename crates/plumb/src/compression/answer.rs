//! What `plumb compress` says on stdout.

use std::fmt::Write as _;

use plumb_ledger::Verdict;
use serde_json::json;

use super::file::{CompressionFile, Row};
use crate::console::visible;
use crate::report::format::number;
use crate::run::{Run, files};

/// A line for each model, then the verdicts.
pub(super) fn answer(run: &Run, found: &CompressionFile, as_json: bool) -> String {
    let folder = run.folder.as_ref().map(|folder| folder.path().display().to_string()).unwrap_or_default();
    let own = || run.ledger.verdicts.iter().filter(|entry| entry.id.starts_with("compress."));
    if as_json {
        let verdicts: Vec<_> = own().collect();
        return format!(
            "{:#}",
            json!({"schema": 1, "run": folder, "compression": found, "verdicts": verdicts})
        );
    }
    let mut text = String::new();
    let head = ["", "kB", "numbers", "ms, 1 row (99 %)", "ms, 8 rows (99 %)", found.metric.as_str()];
    push(
        &mut text,
        format_args!(
            "{:<28}{:>9}{:>12}  {:<20}{:<20}{}\n",
            head[0], head[1], head[2], head[3], head[4], head[5]
        ),
    );
    for row in &found.variants {
        line(&mut text, row);
    }
    for row in found.variants.iter().filter(|row| !row.made.is_empty()) {
        push(&mut text, format_args!("{}: {}\n", row.name, row.made));
    }
    for entry in own() {
        push(
            &mut text,
            format_args!("{:<8} {:<28} {}\n", entry.verdict.as_str(), entry.id, visible(&entry.summary)),
        );
        if entry.verdict <= Verdict::Warn {
            push(&mut text, format_args!("{:37} remedy: {}\n", "", visible(&entry.remedy)));
        }
    }
    push(&mut text, format_args!("report    {folder}/{}", files::REPORT));
    text
}

fn line(text: &mut String, row: &Row) {
    let time = |batch: usize| {
        let of = row.latency.iter().find(|of| of.batch == batch);
        of.map_or_else(|| "-".to_owned(), |of| format!("{} ({})", number(of.median_ms), number(of.p99_ms)))
    };
    let metric = row.kept.as_ref().map_or_else(|| "-".to_owned(), |kept| number(kept.after));
    push(
        text,
        format_args!(
            "{:<28}{:>9}{:>12}  {:<20}{:<20}{metric}\n",
            row.name,
            row.bytes.div_ceil(1000),
            row.parameters,
            time(1),
            time(8)
        ),
    );
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
