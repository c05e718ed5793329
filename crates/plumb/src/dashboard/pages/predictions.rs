//! What the model reached and what it predicted for each row.

use std::sync::Arc;

use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::super::App;
use super::super::app::{Answer, Asked};
use super::super::refusal::Refusal;
use super::super::store::Summary;
use super::run_files::load;
use super::sections::parts;
use super::{address, frame};
use crate::comparison::{Outcomes, Predicted, part_rows};
use crate::report::Predictions;
use crate::report::format::{count, number, percent};
use crate::report::text::cut;
use crate::report::view::{Block, Cell, Table};
use crate::run::files;

/// Rows on a page.
const ROWS: usize = 50;
/// Letters of a class in the table.
const LETTERS: usize = 60;

/// What the table of rows can be asked for.
#[derive(Debug, Serialize)]
struct Choice {
    wrong: bool,
    sort: &'static str,
    from: usize,
}

/// The page: `?wrong=1&sort=worst&from=50` chooses the rows of its last table.
pub(crate) fn page(app: &App, asked: &Asked, run: &Arc<Summary>) -> Result<Answer, Refusal> {
    let choice = Choice {
        wrong: asked.text("wrong") == "1",
        sort: if asked.text("sort") == "row" { "row" } else { "worst" },
        from: asked.count("from", 0)?,
    };
    let (mut files, said) = load(run, &[files::METRICS, files::WORST, files::COMPRESSION]);
    let predicted = app.store.predictions(run);
    if let (Some(files), Ok(predicted)) = (&mut files, &predicted) {
        files.predictions = numbers(predicted);
    }
    let rows = predicted.as_ref().ok().map(|predicted| Rows::of(predicted, &choice));
    let why = predicted.err().map(|reason| format!("There is no table of predictions: {reason}."));
    let steps = rows.as_ref().map(|rows| rows.steps(run, &choice)).unwrap_or_default();
    app.page(
        "predictions.html",
        context! {
            frame => frame("Predictions", Some((run, "/predictions"))),
            title => "Predictions",
            said => Serde(said),
            parts => Serde(parts(files.as_ref(), &["compression", "evaluation", "worst"])),
            rows => Serde(rows),
            why,
            choice => Serde(choice),
            steps => Serde(steps),
            address => format!("{}/predictions", address(&run.id)),
        },
    )
}

/// Targets and predictions of a regression, for its charts.
fn numbers(predicted: &Predicted) -> Option<Predictions> {
    let Outcomes::Numbers { truth, predicted: values } = &predicted.outcomes else { return None };
    let (_, places) = part_rows(predicted);
    let known: Vec<usize> = places.into_iter().filter(|&at| truth[at].is_finite()).collect();
    let pick = |values: &[f64]| known.iter().map(|&at| values[at]).collect();
    Some(Predictions { actual: pick(truth), predicted: pick(values) })
}

/// Rows as they are shown.
#[derive(Debug, Serialize)]
struct Rows {
    blocks: Vec<Block>,
    words: String,
    shown: usize,
    all: usize,
    classes: bool,
}

/// The way to the rows before and after.
#[derive(Debug, Default, Serialize)]
struct Steps {
    before: Option<String>,
    after: Option<String>,
}

impl Rows {
    fn of(predicted: &Predicted, choice: &Choice) -> Self {
        let (part, places) = part_rows(predicted);
        let classes = matches!(predicted.outcomes, Outcomes::Classes { .. });
        let mut chosen: Vec<(usize, f64)> = places
            .iter()
            .map(|&at| (at, badness(&predicted.outcomes, at)))
            .filter(|(at, _)| !choice.wrong || is_wrong(&predicted.outcomes, *at))
            .collect();
        if choice.sort == "worst" {
            chosen.sort_by(|a, b| b.1.total_cmp(&a.1));
        } else {
            chosen.sort_by_key(|(at, _)| predicted.rows[*at]);
        }
        let shown: Vec<Vec<Cell>> =
            chosen.iter().skip(choice.from).take(ROWS).map(|(at, _)| cells(predicted, *at)).collect();
        let wrong = if choice.wrong { " that were told wrong" } else { "" };
        let (first, last) = (choice.from + 1, choice.from + shown.len());
        let words = if shown.is_empty() {
            format!("No rows of the {part} part{wrong} from here on.")
        } else {
            format!(
                "Rows {} to {} of {} of the {part} part{wrong}",
                count(first),
                count(last),
                count(chosen.len())
            )
        };
        let head: &[&str] = if classes {
            &[
                "row",
                "truth",
                "prediction",
                "right",
                "probability of the prediction",
                "probability of the truth",
            ]
        } else {
            &["row", "truth", "prediction", "error"]
        };
        let n = shown.len();
        let blocks = vec![Block::Table(Table::new(words.clone(), head, shown))];
        Self { blocks, words, shown: n, all: chosen.len(), classes }
    }

    fn steps(&self, run: &Summary, choice: &Choice) -> Steps {
        let wrong = if choice.wrong { "&wrong=1" } else { "" };
        let link =
            |from| format!("{}/predictions?sort={}{wrong}&from={from}#rows", address(&run.id), choice.sort);
        let after = choice.from.saturating_add(ROWS);
        Steps {
            before: (choice.from > 0).then(|| link(choice.from.saturating_sub(ROWS))),
            after: (after < self.all).then(|| link(after)),
        }
    }
}

/// How far off the prediction of a row is; larger is worse, and what is not known is worst.
fn badness(outcomes: &Outcomes, at: usize) -> f64 {
    let off = match outcomes {
        Outcomes::Classes { names, truth, probabilities, .. } => {
            truth[at].map_or(f64::NAN, |class| -probabilities[at * names.len() + class as usize])
        }
        Outcomes::Numbers { truth, predicted } => (truth[at] - predicted[at]).abs(),
    };
    if off.is_nan() { f64::INFINITY } else { off }
}

fn is_wrong(outcomes: &Outcomes, at: usize) -> bool {
    match outcomes {
        Outcomes::Classes { truth, predicted, .. } => truth[at] != predicted[at],
        Outcomes::Numbers { .. } => true,
    }
}

fn cells(predicted: &Predicted, at: usize) -> Vec<Cell> {
    let row = Cell::number(count(predicted.rows[at] as usize));
    match &predicted.outcomes {
        Outcomes::Classes { names, truth, predicted: chosen, probabilities } => {
            let name = |code: Option<u32>| match code.and_then(|code| names.get(code as usize)) {
                Some(name) => cut(name, LETTERS),
                None => "unknown".to_owned(),
            };
            let sure = |code: Option<u32>| {
                let p = code.and_then(|code| probabilities.get(at * names.len() + code as usize));
                Cell::number(p.map_or_else(|| "–".to_owned(), |p| percent(*p)))
            };
            let right = if truth[at] == chosen[at] { "✓ yes" } else { "✕ no" };
            vec![
                row,
                Cell::text(name(truth[at])),
                Cell::text(name(chosen[at])),
                Cell::text(right),
                sure(chosen[at]),
                sure(truth[at]),
            ]
        }
        Outcomes::Numbers { truth, predicted } => {
            let value = |value: f64| Cell::number(number(value));
            vec![row, value(truth[at]), value(predicted[at]), value(predicted[at] - truth[at])]
        }
    }
}
