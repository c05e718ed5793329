//! `evaluation.md`: a section for a model card, in Markdown with the front matter that model hubs read.

use std::fmt::Write as _;

use plumb_evaluate::{Evaluation, MetricValue};
use plumb_ledger::{Ledger, Verdict};
use serde_json::json;

use crate::report::evidence::{EvidenceTable, tables};
use crate::report::format::number;
use crate::report::text::cut;

/// Letters of a cell.
const LETTERS: usize = 200;

/// What the card is about.
#[derive(Debug)]
pub(super) struct Card<'a> {
    /// The predictor.
    pub(super) name: &'a str,
    /// The data's name and digest.
    pub(super) data: (&'a str, &'a str),
    /// What is predicted.
    pub(super) target: &'a str,
    /// What rows are: `tabular`, `text` or `image`.
    pub(super) modality: &'static str,
    /// What was measured.
    pub(super) evaluation: &'a Evaluation,
    /// What was judged.
    pub(super) ledger: &'a Ledger,
}

impl Card<'_> {
    /// The file.
    pub(super) fn text(&self) -> String {
        let mut text = self.front();
        let judged = self.evaluation.judged();
        let rows = judged.map_or(0, |part| part.scored.len());
        push(
            &mut text,
            format_args!(
                "## Evaluation\n\n`{}` on {rows} {} rows of `{}` (SHA-256 `{}`); the target is `{}`. Intervals are at {} %.\n\n",
                code(self.name),
                self.evaluation.judged_name(),
                code(self.data.0),
                self.data.1,
                code(self.target),
                number(100.0 * self.evaluation.level),
            ),
        );
        self.metrics(&mut text);
        for of in tables(self.ledger) {
            evidence(&mut text, &of);
        }
        self.verdicts(&mut text);
        text
    }

    /// The metrics as `model-index`: YAML that is JSON, so that no name can break it.
    fn front(&self) -> String {
        let metric = |metric: &MetricValue| {
            let name = match (metric.low, metric.high) {
                (Some(low), Some(high)) => {
                    format!("{}, {} to {} ({})", metric.name, number(low), number(high), metric.method)
                }
                _ => metric.name.to_owned(),
            };
            json!({"type": metric.name, "value": metric.value, "name": name})
        };
        let metrics: Vec<serde_json::Value> = self
            .evaluation
            .judged()
            .map(|part| part.metrics.iter().map(metric).collect())
            .unwrap_or_default();
        let task = format!(
            "{}-{}",
            self.modality,
            if self.evaluation.classes.is_empty() { "regression" } else { "classification" }
        );
        let index = json!([{"name": self.name, "results": [{
            "task": {"type": task},
            "dataset": {"name": self.data.0, "type": self.data.0, "revision": self.data.1},
            "metrics": metrics,
        }]}]);
        format!("---\nmodel-index: {index}\n---\n\n")
    }

    fn metrics(&self, text: &mut String) {
        let Some(part) = self.evaluation.judged() else { return };
        push(text, format_args!("| metric | value | low | high | how |\n| --- | --- | --- | --- | --- |\n"));
        let end = |end: Option<f64>| end.map_or_else(|| "\u{2013}".to_owned(), number);
        for of in &part.metrics {
            let cells = (number(of.value), end(of.low), end(of.high));
            push(
                text,
                format_args!("| {} | {} | {} | {} | {} |\n", of.name, cells.0, cells.1, cells.2, of.method),
            );
        }
        let primary = self.evaluation.primary.metric.name;
        for baseline in &self.evaluation.baselines {
            if let Some(of) = baseline.metrics.iter().find(|metric| metric.name == primary) {
                let cells = (number(of.value), end(of.low), end(of.high));
                push(
                    text,
                    format_args!(
                        "| {primary} of `{}`, a baseline | {} | {} | {} | {} |\n",
                        baseline.name, cells.0, cells.1, cells.2, of.method
                    ),
                );
            }
        }
        push(text, format_args!("\n"));
    }

    /// What was judged, the worst first; what was skipped with its reason, because a reader must know what nobody looked at.
    fn verdicts(&self, text: &mut String) {
        push(
            text,
            format_args!("### Verdicts\n\n| practice | verdict | what was found |\n| --- | --- | --- |\n"),
        );
        for entry in self.ledger.worst_first() {
            let said = match entry.verdict {
                Verdict::Skipped => entry.reason.as_ref().unwrap_or(&entry.summary),
                _ => &entry.summary,
            };
            push(text, format_args!("| `{}` | {} | {} |\n", entry.id, entry.verdict.as_str(), line(said)));
        }
    }
}

fn evidence(text: &mut String, of: &EvidenceTable) {
    push(
        text,
        format_args!(
            "### {}\n\n| {} |\n|{}\n",
            of.caption,
            of.head.join(" | "),
            " --- |".repeat(of.head.len())
        ),
    );
    for row in &of.lines {
        let cells: Vec<String> =
            std::iter::once(&row.name).chain(&row.cells).map(|cell| line(cell)).collect();
        push(text, format_args!("| {} |\n", cells.join(" | ")));
    }
    if of.left_out > 0 {
        push(text, format_args!("\n{} more are in `ledger.json`.\n", of.left_out));
    }
    push(text, format_args!("\n"));
}

/// Text from outside between backticks.
fn code(text: &str) -> String {
    cut(text, LETTERS)
        .chars()
        .map(|letter| if letter == '`' || letter.is_control() { ' ' } else { letter })
        .collect()
}

/// Text from outside on one line, in which nothing is markup: values of the data stand in a table of Markdown.
fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in cut(text, LETTERS).chars() {
        match letter {
            '|' | '<' | '>' | '[' | ']' | '*' | '_' | '\\' | '#' | '!' => {
                safe.push('\\');
                safe.push(letter);
            }
            '`' => safe.push('\''),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(piece);
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn values_of_the_data_are_no_markup() {
        let hostile = "a|b\n<script>[x](y) `c` **d** \u{1b}[31m";
        let safe = line(hostile);
        assert!(!safe.contains('\n') && !safe.contains('`') && !safe.contains('\u{1b}'), "{safe}");
        assert_eq!(line("<50K | x"), "\\<50K \\| x");
    }
}
