//! The table of all runs: filtered, sorted, two of them chosen for a comparison.

use std::cmp::Ordering;
use std::sync::Arc;

use minijinja::context;
use minijinja::value::Serde;
use plumb_stats::{Direction, metric};
use serde::Serialize;

use super::super::App;
use super::super::app::{Answer, Asked, in_address};
use super::super::refusal::Refusal;
use super::super::store::{State, Summary};
use super::{address, frame};
use crate::report::format::{count, number};
use crate::report::sections::metric_names::in_words;

/// Runs on a page.
const ROWS: usize = 100;

type Order = fn(&Summary, &Summary) -> Ordering;

/// What the table can be sorted by: the word in the address, the head of the column, the order.
const COLUMNS: [(&str, &str, Order); 7] = [
    ("name", "run", |a, b| natural(&a.id, &b.id)),
    ("state", "state", |a, b| a.state.cmp(&b.state)),
    ("result", "result", better_first),
    ("target", "target", |a, b| a.target.cmp(&b.target)),
    ("network", "network", |a, b| a.preset.cmp(&b.preset)),
    ("verdicts", "verdicts", |a, b| b.verdicts.cmp(&a.verdicts)),
    ("changed", "last change", |a, b| b.changed.cmp(&a.changed)),
];

/// The page: `?q=words&sort=result&turned=1&from=100`.
pub(crate) fn page(app: &App, asked: &Asked) -> Result<Answer, Refusal> {
    let runs = app.store.runs();
    let (q, turned) = (asked.text("q"), asked.text("turned") == "1");
    let sort = COLUMNS.iter().find(|(word, _, _)| *word == asked.text("sort")).unwrap_or(&COLUMNS[6]);
    let mut found: Vec<&Arc<Summary>> = runs.iter().filter(|run| fits(run, q)).collect();
    found.sort_by(|a, b| {
        let order = (sort.2)(a, b);
        (if turned { order.reverse() } else { order }).then_with(|| natural(&a.id, &b.id))
    });
    let from = asked.count("from", 0)?;
    let now = app.store.now();
    let rows: Vec<Row> = found.iter().skip(from).take(ROWS).map(|run| row(run, now)).collect();
    let link = |word: &str, turned: bool, from: usize| {
        let turned = if turned { "&turned=1" } else { "" };
        format!("/?q={}&sort={word}{turned}&from={from}", in_address(q))
    };
    let head = COLUMNS.iter().map(|(word, words, _)| {
        let here = *word == sort.0;
        let order = if here { if turned { "descending" } else { "ascending" } } else { "none" };
        Head { words, order, address: link(word, here && !turned, 0) }
    });
    let after = from.saturating_add(ROWS);
    app.page(
        "runs.html",
        context! {
            frame => frame("Runs", None),
            q,
            sort => sort.0,
            turned,
            words => words(runs.len(), found.len(), from, rows.len()),
            none => runs.is_empty(),
            head => Serde(head.collect::<Vec<_>>()),
            rows => Serde(rows),
            before => (from > 0).then(|| link(sort.0, turned, from.saturating_sub(ROWS))),
            after => (after < found.len()).then(|| link(sort.0, turned, after)),
        },
    )
}

/// The page that a name in the table leads to.
fn first_page(run: &Summary) -> String {
    let end = if run.state == State::Monitored { "/monitor" } else { "" };
    format!("{}{end}", address(&run.id))
}

fn words(all: usize, found: usize, from: usize, shown: usize) -> String {
    let of = if found < all { format!(" of {}", count(all)) } else { String::new() };
    let noun = if all == 1 { "run" } else { "runs" };
    if shown < found {
        format!(
            "{} to {} of {} {noun}{}",
            count(from + 1),
            count(from + shown),
            count(found),
            if of.is_empty() { of } else { format!(" ({} in all)", count(all)) }
        )
    } else {
        format!("{}{of} {noun}", count(found))
    }
}

/// Whether every word stands somewhere in the line of a run, whatever the case.
fn fits(run: &Summary, words: &str) -> bool {
    if words.trim().is_empty() {
        return true;
    }
    let fields = [&run.id, run.state.as_str(), &run.stage, &run.task, &run.primary, &run.target, &run.preset];
    let line = fields.join("\n").to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| line.contains(word))
}

/// Runs with one metric stand together, the best first; runs without a result last.
fn better_first(a: &Summary, b: &Summary) -> Ordering {
    let value = |run: &Summary| run.score.as_ref().map(|score| score.value.0).filter(|value| !value.is_nan());
    match (value(a), value(b)) {
        (Some(x), Some(y)) => a.primary.cmp(&b.primary).then_with(|| {
            let up = metric(&a.primary).is_none_or(|metric| metric.direction == Direction::Up);
            if up { y.total_cmp(&x) } else { x.total_cmp(&y) }
        }),
        (x, y) => y.is_some().cmp(&x.is_some()),
    }
}

/// `run-9` before `run-10`: figures are compared as numbers.
fn natural(a: &str, b: &str) -> Ordering {
    pieces(a).cmp(&pieces(b)).then_with(|| a.cmp(b))
}

fn pieces(text: &str) -> Vec<(bool, u64, String)> {
    let mut pieces: Vec<(bool, u64, String)> = Vec::new();
    for c in text.chars() {
        let digit = c.to_digit(10);
        match (pieces.last_mut(), digit) {
            (Some((true, value, _)), Some(digit)) => {
                *value = value.saturating_mul(10).saturating_add(u64::from(digit));
            }
            (Some((false, _, word)), None) => word.extend(c.to_lowercase()),
            (_, Some(digit)) => pieces.push((true, u64::from(digit), String::new())),
            (_, None) => pieces.push((false, 0, c.to_lowercase().collect())),
        }
    }
    pieces
}

/// The head of a column.
#[derive(Debug, Serialize)]
struct Head {
    words: &'static str,
    order: &'static str,
    address: String,
}

/// A run in the table.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    address: String,
    state: &'static str,
    stage: String,
    metric: String,
    value: String,
    interval: String,
    target: String,
    network: String,
    verdicts: [Tally; 3],
    changed: String,
}

#[derive(Debug, Serialize)]
struct Tally {
    verdict: &'static str,
    count: usize,
    words: &'static str,
}

fn row(run: &Summary, now: u64) -> Row {
    let [fail, warn, pass, _] = run.verdicts;
    let tally = |verdict, count, words| Tally { verdict, count, words };
    let score = run.score.as_ref();
    let seed = run.seed.filter(|seed| *seed > 0).map(|seed| format!(", seed {seed}")).unwrap_or_default();
    Row {
        id: run.id.clone(),
        address: first_page(run),
        state: run.state.as_str(),
        stage: run.stage.clone(),
        metric: if score.is_some() { in_words(&run.primary) } else { String::new() },
        value: score.map_or_else(|| "–".to_owned(), |score| number(score.value.0)),
        interval: score
            .and_then(crate::report::files::metrics::Score::interval)
            .map(|(low, high)| format!("{} to {}", number(low), number(high)))
            .unwrap_or_default(),
        target: run.target.clone(),
        network: format!("{}{seed}", run.preset),
        verdicts: [
            tally("fail", fail, "failed"),
            tally("warn", warn, "to look at"),
            tally("pass", pass, "hold"),
        ],
        changed: ago(now.saturating_sub(run.changed)),
    }
}

/// `5 s ago`, `3 min ago`, `12 days ago`.
fn ago(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..=1 => "now".to_owned(),
        2..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", count((seconds / 86_400) as usize)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_in_names_are_compared_as_numbers() {
        let mut names = ["run-10", "Run-9", "run-9b", "a", "run-100", "10", "9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "Run-9", "run-9b", "run-10", "run-100", "9", "10"]);
    }

    #[test]
    fn times_are_words() {
        assert_eq!([0, 5_000, 3_600_000, 864_000_000].map(ago), ["now", "5 s ago", "1 h ago", "10 days ago"]);
    }
}
