//! Two runs side by side.

use std::sync::Arc;
use std::time::Duration;

use minijinja::context;
use minijinja::value::Serde;
use plumb_stats::metric;
use serde::Serialize;

use super::super::App;
use super::super::app::{Answer, Asked};
use super::super::refusal::Refusal;
use super::super::store::{Summary, bytes, json_file};
use super::plots::{Of, plots};
use super::{address, frame};
use crate::comparison::{Comparison, MetricPair, Side, compare, in_words as in_words_of};
use crate::report::files::metrics::Score;
use crate::report::format::{counted, number};
use crate::report::redact;
use crate::report::sections::metric_names::in_words;
use crate::report::text::cut;
use crate::report::view::{Block, Cell, Table};
use crate::run::files;

/// Patience with histories that are read for the first time.
const PATIENCE: Duration = Duration::from_millis(250);
/// Runs to choose from.
const MOST_CHOICES: usize = 2_000;
/// Keys of the job that are listed, and letters of their values.
const MOST_KEYS: usize = 200;
const LETTERS: usize = 120;

/// The page: `?run=a&run=b`.
pub(crate) fn page(app: &App, asked: &Asked) -> Result<Answer, Refusal> {
    let named: Vec<&str> = asked.all("run").filter(|id| !id.is_empty()).collect();
    let chosen = named.iter().map(|id| app.store.run(id).ok_or_else(|| Refusal::NoRun((*id).to_owned())));
    let chosen: Vec<Arc<Summary>> = chosen.collect::<Result<_, _>>()?;
    let [a, b] = chosen.as_slice() else { return choose(app, &chosen) };
    let opened = [a, b].map(|run| app.store.open(run));
    for open in &opened {
        open.catch_up(PATIENCE);
    }
    let plots = if Arc::ptr_eq(&opened[0], &opened[1]) {
        let of = opened[0].curves();
        plots(&[Of { id: &a.id, curves: &of }], &a.primary)
    } else {
        let (of_a, of_b) = (opened[0].curves(), opened[1].curves());
        plots(&[Of { id: &a.id, curves: &of_a }, Of { id: &b.id, curves: &of_b }], &a.primary)
    };
    let comparison = compare(&side(app, a), &side(app, b));
    let sides: Vec<Head> = [a, b].map(|run| Head::of(run)).into();
    app.page(
        "compare.html",
        context! {
            frame => frame("Compare", None),
            choices => Serde(choices(app)),
            chosen => Serde(vec![a.id.clone(), b.id.clone()]),
            sides => Serde(sides),
            answer => Serde(in_words_of(&comparison, &a.id, &b.id)),
            tables => Serde(tables(&comparison, a, b)),
            plots => Serde(plots),
            wrong => "",
        },
    )
}

fn choose(app: &App, chosen: &[Arc<Summary>]) -> Result<Answer, Refusal> {
    let wrong = match chosen.len() {
        0 | 1 => "",
        _ => "Two runs are compared at a time: more were chosen.",
    };
    let ids: Vec<String> = chosen.iter().map(|run| run.id.clone()).collect();
    app.page(
        "compare.html",
        context! { frame => frame("Compare", None), choices => Serde(choices(app)), chosen => Serde(ids), wrong },
    )
}

fn choices(app: &App) -> Vec<String> {
    app.store.runs_lately().iter().take(MOST_CHOICES).map(|run| run.id.clone()).collect()
}

fn side(app: &App, run: &Summary) -> Side {
    let job = bytes(&run.path.join(files::JOB)).and_then(|bytes| String::from_utf8(bytes).ok());
    let job = job.and_then(|text| redact::job(&text)).and_then(|text| text.parse().ok());
    Side {
        job: job.unwrap_or_default(),
        metrics: json_file(&run.path.join(files::METRICS)),
        predicted: app.store.predictions(run),
    }
}

/// A run at the head of its column.
#[derive(Debug, Serialize)]
struct Head {
    id: String,
    address: String,
    state: &'static str,
}

impl Head {
    fn of(run: &Summary) -> Self {
        Self { id: run.id.clone(), address: address(&run.id), state: run.state.as_str() }
    }
}

fn tables(comparison: &Comparison, a: &Summary, b: &Summary) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !comparison.metrics.is_empty() {
        let head = ["metric", a.id.as_str(), b.id.as_str(), "better"];
        let rows = comparison.metrics.iter().map(|pair| metric_row(pair, a, b)).collect();
        let caption = "Metrics on the judged part with their intervals; what is beyond chance is for the paired test to say";
        blocks.push(Block::Table(Table::new(caption, &head, rows)));
    }
    let differing = &comparison.job;
    if differing.is_empty() {
        blocks.push(Block::text("The two jobs are the same, key by key."));
    } else {
        let head = ["key of the job", a.id.as_str(), b.id.as_str()];
        let value = |value: &Option<String>| {
            Cell::text(value.as_ref().map_or_else(|| "–".to_owned(), |v| cut(v, LETTERS)))
        };
        let rows = differing
            .iter()
            .take(MOST_KEYS)
            .map(|d| vec![Cell::text(d.key.clone()), value(&d.a), value(&d.b)]);
        let caption = format!("{} of the job differ", counted(differing.len(), "key"));
        blocks.push(Block::Table(Table::new(caption, &head, rows.collect())));
    }
    blocks
}

fn metric_row(pair: &MetricPair, a: &Summary, b: &Summary) -> Vec<Cell> {
    let value = |score: &Option<Score>| {
        Cell::number(score.as_ref().map_or_else(
            || "–".to_owned(),
            |score| match score.interval() {
                Some((low, high)) => {
                    format!("{} ({} to {})", number(score.value.0), number(low), number(high))
                }
                None => number(score.value.0),
            },
        ))
    };
    let better = match (&pair.a, &pair.b, metric(&pair.name)) {
        (Some(x), Some(y), Some(metric)) if metric.is_better(x.value.0, y.value.0) => a.id.clone(),
        (Some(x), Some(y), Some(metric)) if metric.is_better(y.value.0, x.value.0) => b.id.clone(),
        (Some(_), Some(_), Some(_)) => "equal".to_owned(),
        _ => "–".to_owned(),
    };
    vec![Cell::text(in_words(&pair.name)), value(&pair.a), value(&pair.b), Cell::text(better)]
}
