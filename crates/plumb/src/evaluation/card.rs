//! `evaluation.md`: a section for a model card, in Markdown with the front matter that model hubs read.

use plumb_evaluate::{Evaluation, MetricValue};
use plumb_ledger::{Ledger, Verdict};
use plumb_package::card::{evidence_table, model_index};
use plumb_package::evidence::tables;
use plumb_package::format::number;
use plumb_package::markdown::{code, inert_json, line, push, table};
use plumb_package::record::Figure;

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
            evidence_table(&mut text, &of);
        }
        self.verdicts(&mut text);
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }

    /// The metrics as `model-index`.
    fn front(&self) -> String {
        let figure = |metric: &MetricValue| Figure {
            name: metric.name.to_owned(),
            value: metric.value,
            interval: metric.low.zip(metric.high),
            rows: None,
            method: metric.method.clone(),
        };
        let judged = self.evaluation.judged();
        let figures: Vec<Figure> =
            judged.into_iter().flat_map(|part| part.metrics.iter().map(figure)).collect();
        let what = if self.evaluation.classes.is_empty() { "regression" } else { "classification" };
        let task = format!("{}-{what}", self.modality);
        let index = model_index(self.name, &task, self.data.0, Some(self.data.1), &figures);
        format!("---\nmodel-index: {}\n---\n\n", inert_json(&index))
    }

    fn metrics(&self, text: &mut String) {
        let Some(part) = self.evaluation.judged() else { return };
        let end = |end: Option<f64>| end.map_or_else(|| "\u{2013}".to_owned(), number);
        let row = |name: String, of: &MetricValue| {
            vec![name, number(of.value), end(of.low), end(of.high), of.method.clone()]
        };
        let mut rows: Vec<Vec<String>> = part.metrics.iter().map(|of| row(of.name.to_owned(), of)).collect();
        let primary = self.evaluation.primary.metric.name;
        for baseline in &self.evaluation.baselines {
            let of = baseline.metrics.iter().find(|metric| metric.name == primary);
            rows.extend(of.map(|of| row(format!("{primary} of `{}`, a baseline", baseline.name), of)));
        }
        table(text, &["metric", "value", "low", "high", "how"], rows);
    }

    /// What was judged, the worst first; what was skipped with its reason, because a reader must know what nobody looked at.
    fn verdicts(&self, text: &mut String) {
        text.push_str("### Verdicts\n\n");
        let rows = self.ledger.worst_first().into_iter().map(|entry| {
            let said = match entry.verdict {
                Verdict::Skipped => entry.reason.as_ref().unwrap_or(&entry.summary),
                _ => &entry.summary,
            };
            vec![format!("`{}`", entry.id), entry.verdict.as_str().to_owned(), line(said)]
        });
        table(text, &["practice", "verdict", "what was found"], rows);
    }
}
