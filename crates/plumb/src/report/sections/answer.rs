//! The head of the page: the result with its interval beside the baselines, and how many verdicts fell how.

use plumb_ledger::{Ledger, Verdict};
use serde::Serialize;

use super::evaluation::BASELINES;
use super::metric_names::{headed, in_words};
use crate::report::RunFiles;
use crate::report::charts::Markup;
use crate::report::charts::forest::{self, Row};
use crate::report::files::explanation::{Explanation, Worth};
use crate::report::files::metrics::{Metrics, Score};
use crate::report::format::{counted, number};
use crate::report::text::{Span, spans};

/// The head of the page.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    run: String,
    subject: String,
    heading: String,
    sentences: Vec<String>,
    comparison: Option<Line>,
    drawing: Option<Markup>,
    level: String,
    tally: Vec<Tally>,
}

/// The verdict on the comparison with the baselines.
#[derive(Debug, Serialize)]
struct Line {
    verdict: &'static str,
    summary: Vec<Span>,
}

/// How many practices were judged in one way.
#[derive(Debug, Serialize)]
struct Tally {
    verdict: &'static str,
    count: usize,
    words: &'static str,
}

/// Makes the head of the page.
pub(crate) fn view(folder: &RunFiles) -> Answer {
    if let Some(of) = folder.explanation.as_ref().filter(|_| folder.metrics.is_none()) {
        let (heading, sentences) = explained(of);
        return Answer::of_log(&folder.ledger, "explanation".to_owned(), heading, sentences);
    }
    let metrics = folder.metrics.as_ref();
    let part = metrics.and_then(headline_score);
    Answer {
        run: folder.ledger.run.clone(),
        subject: subject(folder),
        heading: part
            .map_or_else(|| unfinished(&folder.ledger.stage), |(_, metric, score)| headline(metric, score)),
        sentences: sentences(metrics, part),
        comparison: comparison(folder),
        level: metrics.map(Metrics::level).unwrap_or_default(),
        drawing: metrics.zip(part).and_then(|(metrics, (_, metric, score))| drawing(metrics, metric, score)),
        tally: tally(&folder.ledger),
    }
}

impl Answer {
    /// The head of a page without a score: of a log, of an explanation.
    pub(crate) fn of_log(ledger: &Ledger, subject: String, heading: String, sentences: Vec<String>) -> Self {
        Self {
            run: ledger.run.clone(),
            subject,
            heading,
            sentences,
            comparison: None,
            drawing: None,
            level: String::new(),
            tally: tally(ledger),
        }
    }
}

/// How well parts of pictures explain them.
fn by_parts(of: &Explanation) -> (String, Vec<String>) {
    let heading = match of.pictures.len() {
        0 => "No column was explained".to_owned(),
        1 => "A picture is explained by its parts".to_owned(),
        count => format!("{count} pictures are explained by their parts"),
    };
    let known: Vec<f64> = of.pictures.iter().map(|of| of.r2.0).filter(|r2| r2.is_finite()).collect();
    let mean = number(known.iter().sum::<f64>() / known.len() as f64);
    let sentence =
        format!("Linear models of their segments tell {mean} of what the model does there (mean R\u{b2}).");
    (heading, if known.is_empty() { Vec::new() } else { vec![sentence] })
}

/// Which columns a model lives on.
fn explained(of: &Explanation) -> (String, Vec<String>) {
    let mut order: Vec<&Worth> = of.importance.iter().collect();
    order.sort_by(|a, b| b.loss.0.total_cmp(&a.loss.0));
    let Some(first) = order.first() else { return by_parts(of) };
    let loss = |of: &Worth| format!("{} {}", of.column, number(of.loss.0));
    let others: Vec<String> = order.iter().skip(1).take(3).map(|of| loss(of)).collect();
    let next = if others.is_empty() { String::new() } else { format!(" Next: {}.", others.join(", ")) };
    let sentence = format!(
        "When the values of {} change places among the rows, {} is worse by {}.{next}",
        first.column,
        in_words(&of.metric),
        number(first.loss.0)
    );
    (format!("{} matters most", first.column), vec![sentence])
}

/// The judged part, the primary metric and its score.
fn headline_score(metrics: &Metrics) -> Option<(&'static str, &str, &Score)> {
    let (part, scores) = metrics.judged();
    scores.get(&metrics.primary).map(|score| (part, metrics.primary.as_str(), score))
}

fn subject(folder: &RunFiles) -> String {
    let target = folder.profile.as_ref().and_then(|profile| profile.target.as_deref());
    let task = folder.metrics.as_ref().map_or("", |metrics| metrics.task.as_str());
    match (target, task) {
        (Some(target), "") => format!("predicting {target}"),
        (Some(target), task) => format!("{task} · predicting {target}"),
        (None, task) => task.to_owned(),
    }
}

fn unfinished(stage: &str) -> String {
    format!("Judged up to the {stage} stage")
}

fn headline(metric: &str, score: &Score) -> String {
    format!("{} {}", headed(metric), number(score.value.0))
}

fn sentences(metrics: Option<&Metrics>, part: Option<(&str, &str, &Score)>) -> Vec<String> {
    let (Some(metrics), Some((part, metric, score))) = (metrics, part) else {
        return vec!["This run has no result yet.".to_owned()];
    };
    let rows = if score.n > 0 {
        format!(" on {} of the {part} part", counted(score.n, "row"))
    } else {
        format!(" on the {part} part")
    };
    let first = match score.interval() {
        Some((low, high)) => {
            format!("The {} interval is {} to {}{rows}.", metrics.level(), number(low), number(high))
        }
        None => format!("Measured{rows}, without an interval."),
    };
    let baselines = metrics.baselines.0.iter().filter_map(|(name, scores)| {
        scores.get(metric).map(|score| format!("{} {}", name.replace('-', " "), number(score.value.0)))
    });
    let baselines: Vec<String> = baselines.collect();
    let second =
        (!baselines.is_empty()).then(|| format!("Baselines on the same rows: {}.", baselines.join(", ")));
    std::iter::once(first).chain(second).collect()
}

fn comparison(folder: &RunFiles) -> Option<Line> {
    let entry = folder.ledger.get("evaluate.beats-baseline")?;
    Some(Line { verdict: entry.verdict.as_str(), summary: spans(&entry.summary) })
}

fn drawing(metrics: &Metrics, metric: &str, score: &Score) -> Option<Markup> {
    if metrics.baselines.is_empty() {
        return None;
    }
    forest::draw(&in_words(metric), BASELINES, &forest_rows(metrics, metric, score))
}

/// The model and then its baselines, as rows of a forest plot.
pub(crate) fn forest_rows(metrics: &Metrics, metric: &str, score: &Score) -> Vec<Row> {
    let row = |name: &str, score: &Score, own| Row {
        name: name.to_owned(),
        value: score.value.0,
        interval: score.interval(),
        own,
    };
    let baselines = metrics.baselines.0.iter().filter_map(|(name, scores)| {
        scores.get(metric).map(|score| row(&name.replace('-', " "), score, false))
    });
    std::iter::once(row("this model", score, true)).chain(baselines).collect()
}

fn tally(ledger: &Ledger) -> Vec<Tally> {
    let words = [
        (Verdict::Fail, "failed"),
        (Verdict::Warn, "to look at"),
        (Verdict::Pass, "hold"),
        (Verdict::Skipped, "skipped"),
    ];
    let tally = |(verdict, words): (Verdict, _)| Tally {
        verdict: verdict.as_str(),
        count: ledger.count(verdict),
        words,
    };
    words.into_iter().map(tally).collect()
}
