//! Does a little noise in the input break the model?

use plumb_data::{Column, Kind, PredictError, Table, Values};
use plumb_ledger::{Judgement, Page, Source, Stream, Threshold};
use plumb_stats::Direction;
use plumb_stats::describe::deviation;
use serde_json::json;

use super::NOTHING_JUDGED;
use crate::{EvaluateContext, EvaluateError, Scored};

const NOISE: f64 = 0.1;
const MISSING: f64 = 0.05;
const WORST_SCORE: f64 = 0.05;
const WORST_ERROR: f64 = 0.25;
const ROWS: usize = 5_000;

pub(super) const PAGE: Page = Page {
    id: "evaluate.robustness",
    question: "Does the model keep its quality when inputs are slightly noisy or a few are missing?",
    why: "Real inputs are measured and typed by people. A model that breaks on a little noise has learnt the digits, not the quantity.",
    evidence: "The primary metric on up to 5,000 judged rows as they are, with noise added to every number, and with values removed at random.",
    thresholds: &[
        Threshold {
            name: "noise in standard deviations of the column in the train rows",
            value: NOISE,
            reason: "a tenth: about the precision of a careful measurement",
        },
        Threshold { name: "share of values removed", value: MISSING, reason: "one in twenty" },
        Threshold {
            name: "loss of a score from 0 to 1",
            value: WORST_SCORE,
            reason: "five points for noise that a person would not notice",
        },
        Threshold { name: "growth of an error", value: WORST_ERROR, reason: "a quarter" },
    ],
    false_alarms: "Whole numbers (counts, codes) are exact: noise between them never happens. Name codes as categories in `data.kinds`.",
    remedy: "raise `train.weight_decay` or `model.dropout`; look for a column that must be exact",
    sources: &[Source::TestScore],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let stream = context.config.seed.stream("robustness");
    let step = part.scored.len().div_ceil(ROWS).max(1);
    let rows: Vec<u32> = part.scored.rows.iter().copied().step_by(step).collect();
    let places: Vec<u32> = (0..part.scored.len() as u32).step_by(step).collect();
    let metric = context.evaluation.primary.metric;
    let Some(clean) = (metric.compute)(&part.scored.at(&places).outcome()) else {
        return Judgement::skipped(format!("{} is undefined on the judged rows", metric.name));
    };
    let mut results = Vec::new();
    for (name, change) in CHANGES {
        match changed(context, &rows, *change, stream) {
            Ok(scored) => results.extend((metric.compute)(&scored.outcome()).map(|value| (*name, value))),
            Err(error) => {
                return Judgement::skipped(format!("the model cannot predict changed rows: {error}"));
            }
        }
    }
    verdict(context, clean, &results)
        .with("metric", metric.name)
        .with("rows", rows.len())
        .with("clean", clean)
        .with(
            "changed",
            results.iter().map(|(name, value)| json!({"change": name, "value": value})).collect::<Vec<_>>(),
        )
}

fn verdict(context: &EvaluateContext<'_>, clean: f64, results: &[(&str, f64)]) -> Judgement {
    let metric = context.evaluation.primary.metric;
    let loss = |value: f64| -metric.gain(value, clean);
    let Some(worst) = results.iter().max_by(|a, b| loss(a.1).total_cmp(&loss(b.1))) else {
        return Judgement::skipped(format!("{} is undefined on changed rows", metric.name));
    };
    let allowed = match metric.direction {
        Direction::Up => WORST_SCORE,
        Direction::Down => WORST_ERROR * clean.abs(),
    };
    let text = format!("{} goes from {clean:.4} to {:.4} with {}", metric.name, worst.1, worst.0);
    if loss(worst.1) > allowed { Judgement::warn(text) } else { Judgement::pass(text) }
}

/// A change of one value of a column: (column's deviation among train rows, value, stream, place).
type Change = fn(f64, Option<f64>, Stream, u64) -> Option<f64>;

const CHANGES: &[(&str, Change)] = &[
    ("noise in every number", |spread, value, stream, place| {
        value.map(|x| x + NOISE * spread * stream.normal(place))
    }),
    ("values missing at random", |_, value, stream, place| {
        value.filter(|_| stream.uniform(place) >= MISSING)
    }),
];

/// The predictions on a table of the rows alone, each number of an input changed; categories and times only lose
/// values. The truth is that of the rows.
fn changed(
    context: &EvaluateContext<'_>,
    rows: &[u32],
    change: Change,
    stream: Stream,
) -> Result<Scored, EvaluateError> {
    let subject = &context.subject;
    let columns = subject.table.columns().iter().enumerate().map(|(number, column)| {
        let stream = stream.at(number as u64);
        if column.name == subject.target.name || !column.kind.is_table_input() {
            return taken(column, rows, |_| true);
        }
        let spread = train_deviation(column, subject.train);
        match column.numbers() {
            Some(numbers) => {
                let value = |(place, &row): (usize, &u32)| {
                    let value = (!column.is_missing(row as usize)).then(|| numbers.value(row as usize));
                    change(spread, value, stream, place as u64)
                };
                Column::number(&column.name, column.kind, rows.iter().enumerate().map(value))
            }
            // Whether a value goes missing is asked of a stand-in: its noise would mean nothing.
            None => taken(column, rows, |place| change(0.0, Some(0.0), stream, place as u64).is_some()),
        }
    });
    let table = Table::new(columns.collect()).map_err(|error| PredictError { message: error.to_string() })?;
    let labels = match &subject.target.labels {
        plumb_data::Labels::Classes(codes) => {
            plumb_data::Labels::Classes(rows.iter().map(|&row| codes[row as usize]).collect())
        }
        plumb_data::Labels::Numbers(numbers) => {
            plumb_data::Labels::Numbers(rows.iter().map(|&row| numbers[row as usize]).collect())
        }
    };
    let target = plumb_data::Target { labels, ..subject.target.clone() };
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    Scored::predict(subject.predictor, &table, &target, &all)
}

/// The rows of a column; those that `keep` refuses are missing.
fn taken(column: &Column, rows: &[u32], keep: impl Fn(usize) -> bool) -> Column {
    let places = rows
        .iter()
        .enumerate()
        .map(|(place, &row)| (!column.is_missing(row as usize) && keep(place)).then_some(row as usize));
    let (name, kind): (&str, Kind) = (&column.name, column.kind);
    match &column.values {
        Values::Number(numbers) => {
            Column::number(name, kind, places.map(|row| row.map(|row| numbers.value(row))))
        }
        Values::Time(times) => Column::time(name, kind, places.map(|row| row.map(|row| times.value(row)))),
        Values::Text(texts) => Column::text(name, kind, places.map(|row| row.map(|row| texts.value(row)))),
        Values::Category(_) => {
            Column::category(name, kind, places.map(|row| column.categories()?.text(row?)))
        }
    }
}

/// The standard deviation among train rows, from at most 5,000 of them.
fn train_deviation(column: &Column, train: &[u32]) -> f64 {
    let Some(numbers) = column.numbers() else { return 0.0 };
    let step = train.len().div_ceil(ROWS).max(1);
    let present = train.iter().step_by(step).map(|&row| row as usize).filter(|&row| !column.is_missing(row));
    let values: Vec<f64> = present.map(|row| numbers.value(row)).filter(|x| x.is_finite()).collect();
    deviation(&values).unwrap_or(0.0)
}
