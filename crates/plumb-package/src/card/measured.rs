//! What was measured: metrics with intervals beside the baselines, calibration, groups, slices, shift.

use super::{cited, section};
use crate::evidence::{EvidenceTable, tables};
use crate::format::{count, number};
use crate::markdown::{code, line, push, table};
use crate::record::{Figure, Judged, METRICS, figures};
use crate::{Record, Said};

pub(super) fn sections(text: &mut String, record: &Record, said: &Said) {
    results(text, record);
    let evidence = tables(&record.ledger());
    let of = |prefixes: &[&str]| -> Vec<&EvidenceTable> {
        evidence
            .iter()
            .filter(|table| prefixes.iter().any(|prefix| table.practice.starts_with(prefix)))
            .collect()
    };
    summaries(
        text,
        record,
        "Calibration",
        &["evaluate.calibration", "evaluate.conformal", "evaluate.decision-threshold"],
    );
    lists(text, record, &of(&["evaluate.conformal", "evaluate.decision-threshold"]));
    groups(text, record, said, &of(&["fairness."]));
    summaries(text, record, "Where it is worse", &["evaluate.systematic-errors"]);
    lists(text, record, &of(&["evaluate.systematic-errors"]));
    let shift = ["evaluate.shift", "evaluate.input-shift", "evaluate.robustness", "data.representative"];
    summaries(text, record, "Other sources, other times, damaged inputs", &shift);
    lists(text, record, &of(&["evaluate.shift", "evaluate.input-shift"]));
}

fn results(text: &mut String, record: &Record) {
    section(text, "Results");
    let metrics = record.value(METRICS);
    let judged = record.judged();
    if judged.is_empty() {
        text.push_str("No metric was measured on rows that the model has not seen.\n\n");
        return;
    }
    let rows = judged.iter().filter_map(|figure| figure.rows).max();
    let rows = rows.map_or_else(String::new, |rows| format!(", {} rows", count(rows as usize)));
    let level = metrics["level"]
        .as_f64()
        .map_or_else(String::new, |level| format!(" Intervals hold {} %.", number(100.0 * level)));
    push(
        text,
        format_args!(
            "On the {} part{rows}; the job is about `{}`.{level} All figures: {}.\n\n",
            line(record.judged_part()),
            code(record.primary()),
            cited([record.origin_of(METRICS)])
        ),
    );
    let row = |name: String, of: &Figure| {
        let interval = of
            .interval
            .map_or_else(|| "none".to_owned(), |(low, high)| format!("{} to {}", number(low), number(high)));
        let file =
            record.origin_of(METRICS).map(|origin| origin.sha256.short().to_owned()).unwrap_or_default();
        vec![name, number(of.value), interval, line(&of.method), file]
    };
    let mut lines: Vec<Vec<String>> = judged.iter().map(|of| row(line(&of.name), of)).collect();
    for (baseline, of) in metrics["baselines"].as_object().into_iter().flatten() {
        let of_primary = figures(of).into_iter().find(|figure| figure.name == record.primary());
        lines.extend(of_primary.map(|figure| {
            row(format!("{} of the baseline `{}`", line(&figure.name), code(baseline)), &figure)
        }));
    }
    table(text, &["metric", "value", "interval", "how", "evidence"], lines);
}

/// A section that says what some practices found; nothing where none of them was asked.
fn summaries(text: &mut String, record: &Record, title: &str, ids: &[&str]) {
    let asked: Vec<&Judged> = ids.iter().filter_map(|id| record.verdict(id)).collect();
    if asked.is_empty() {
        return;
    }
    section(text, title);
    said(text, record, &asked);
}

fn said(text: &mut String, record: &Record, judged: &[&Judged]) {
    for judged in judged {
        let origin = cited([record.ledger_of(judged)]);
        let entry = &judged.entry;
        let said = entry.reason.as_ref().unwrap_or(&entry.summary);
        push(
            text,
            format_args!("- `{}`, {}: {} ({origin})\n", code(&entry.id), entry.verdict.as_str(), line(said)),
        );
    }
    text.push('\n');
}

fn groups(text: &mut String, record: &Record, of_person: &Said, tables: &[&EvidenceTable]) {
    let asked: Vec<&Judged> = record
        .verdicts()
        .filter(|judged| judged.entry.id.starts_with("fairness.") || judged.entry.id == "data.representation")
        .collect();
    section(text, "Groups");
    let is_asked = asked.iter().any(|judged| judged.entry.reason.is_none());
    match (is_asked, of_person.no_groups.trim()) {
        (true, _) => {}
        (false, "") => {
            text.push_str("No groups were looked at: `evaluate.groups` in the job names none.\n\n");
        }
        (false, reason) => push(text, format_args!("No groups were looked at: {}.\n\n", line(reason))),
    }
    if is_asked {
        said(text, record, &asked);
        lists(text, record, tables);
    }
}

fn lists(text: &mut String, record: &Record, tables: &[&EvidenceTable]) {
    for of in tables {
        let origin = cited([record.verdict(of.practice).and_then(|judged| record.ledger_of(judged))]);
        list(text, of, &origin);
    }
}

/// A list of evidence as a table under its caption. `origin` may be empty.
fn list(text: &mut String, of: &EvidenceTable, origin: &str) {
    push(text, format_args!("### {}\n\n", of.caption));
    if !origin.is_empty() {
        push(text, format_args!("From {origin}.\n\n"));
    }
    let row = |of: &crate::evidence::Line| {
        std::iter::once(&of.name).chain(&of.cells).map(|cell| line(cell)).collect()
    };
    table(text, &of.head, of.lines.iter().map(row));
    if of.left_out > 0 {
        push(text, format_args!("{} more are in the ledger.\n\n", of.left_out));
    }
}

/// A list of evidence without its origin, for a section that stands in another text.
pub fn evidence_table(text: &mut String, of: &EvidenceTable) {
    list(text, of, "");
}
