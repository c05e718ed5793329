//! Does a little noise in the input break the model?

use plumb_data::pictures::Picture;
use plumb_data::{Column, Kind};
use plumb_ledger::{Judgement, Page, Source, Stream, Threshold};
use plumb_stats::describe::deviation;
use plumb_stats::{Direction, Metric};
use serde_json::json;

use super::NOTHING_JUDGED;
use super::changed_rows::{changed_pictures, predict, taken};
use crate::{EvaluateContext, EvaluateError, Scored};

const NOISE: f64 = 0.1;
const MISSING: f64 = 0.05;
const WORST_SCORE: f64 = 0.05;
const WORST_ERROR: f64 = 0.25;
const ROWS: usize = 5_000;
/// The same where there are texts, which take a network longer.
const TEXTS: usize = 500;

pub(super) const PAGE: Page = Page {
    id: "evaluate.robustness",
    question: "Does the model keep its quality when inputs are slightly noisy or a few are missing?",
    why: "Real inputs are measured and typed by people. A model that breaks on a little noise has learnt the digits, not the quantity.",
    evidence: "The primary metric on up to 5,000 judged rows (500 with texts) as they are, with noise added to every number (to pictures of 8 of 255 levels, to texts two letters of one word in twenty exchanged), and with values removed at random (of pictures a grey square of a sixth of the side, of texts one word in twenty); and how much of it each change may cost: the tolerance below, and the share of the gain over a constant prediction that the change itself takes away (a tenth for the noise; for missing values the share of rows that lose one).",
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
            reason: "five points beyond what the change must cost any model",
        },
        Threshold {
            name: "growth of an error",
            value: WORST_ERROR,
            reason: "a quarter beyond what the change must cost any model",
        },
    ],
    false_alarms: "Whole numbers (counts, codes) are exact: noise between them never happens. Name codes as categories in `data.kinds`.",
    remedy: "raise `train.weight_decay` or `model.dropout`; look for a column that must be exact",
    sources: &[Source::TestScore],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let stream = context.config.seed.stream("robustness");
    let has_texts = context.subject.table.texts(Some(&context.subject.target.name)).next().is_some();
    let step = part.scored.len().div_ceil(if has_texts { TEXTS } else { ROWS }).max(1);
    let rows: Vec<u32> = part.scored.rows.iter().copied().step_by(step).collect();
    let places: Vec<u32> = (0..part.scored.len() as u32).step_by(step).collect();
    let metric = context.evaluation.primary.metric;
    let Some(clean) = (metric.compute)(&part.scored.at(&places).outcome()) else {
        return Judgement::skipped(format!("{} is undefined on the judged rows", metric.name));
    };
    let (mut results, mut refused) = (Vec::new(), Vec::new());
    for change in CHANGES {
        match changed(context, &rows, change, stream) {
            Ok(scored) => results.extend((metric.compute)(&scored.outcome()).map(|value| Changed {
                name: change.name,
                loss: -metric.gain(value, clean),
                allowed: tolerance(metric, clean) + unavoidable(context, change, clean),
                value,
            })),
            // A model that takes no missing value can still be asked about noise.
            Err(error) => refused.push(format!("with {}: {error}", change.name)),
        }
    }
    if let (true, Some(reason)) = (results.is_empty(), refused.first()) {
        return Judgement::skipped(format!("the model cannot predict changed rows, {reason}"));
    }
    let facts =
        results.iter().map(|c| json!({"change": c.name, "value": c.value, "allowed_loss": c.allowed}));
    verdict(metric.name, clean, &results)
        .with("metric", metric.name)
        .with("rows", rows.len())
        .with("clean", clean)
        .with("changed", facts.collect::<Vec<_>>())
        .with("refused", refused)
}

/// What a change did to the metric.
struct Changed {
    name: &'static str,
    value: f64,
    loss: f64,
    allowed: f64,
}

fn verdict(metric: &str, clean: f64, results: &[Changed]) -> Judgement {
    let beyond = |changed: &Changed| changed.loss - changed.allowed;
    let Some(worst) = results.iter().max_by(|a, b| beyond(a).total_cmp(&beyond(b))) else {
        return Judgement::skipped(format!("{metric} is undefined on changed rows"));
    };
    let text = format!("{metric} goes from {clean:.4} to {:.4} with {}", worst.value, worst.name);
    if beyond(worst) > 0.0 { Judgement::warn(text) } else { Judgement::pass(text) }
}

fn tolerance(metric: &Metric, clean: f64) -> f64 {
    match metric.direction {
        Direction::Up => WORST_SCORE,
        Direction::Down => WORST_ERROR * clean.abs(),
    }
}

/// What the change costs a model that does nothing wrong: information is gone, so a share of the gain over a constant
/// prediction is.
fn unavoidable(context: &EvaluateContext<'_>, change: &Change, clean: f64) -> f64 {
    let inputs = context.subject.table.inputs(Some(&context.subject.target.name)).count();
    let constant = context.evaluation.baselines.iter().find(|baseline| baseline.name == "majority");
    let value = constant.and_then(|baseline| baseline.metrics.iter().find(|m| m.name == context.primary()));
    value.map_or(0.0, |value| (change.share)(inputs) * context.gain(clean, value.value).max(0.0))
}

/// A change of one value of a column: (column's deviation among train rows, value, stream, place).
type ChangeOne = fn(f64, Option<f64>, Stream, u64) -> Option<f64>;

/// A change of the input.
struct Change {
    name: &'static str,
    of: ChangeOne,
    /// What becomes of a picture.
    picture: fn(&Picture, Stream) -> Picture,
    /// What becomes of a text.
    text: fn(&str, Stream) -> String,
    /// The share of its gain that a smooth model loses, by the number of inputs.
    share: fn(usize) -> f64,
}

const CHANGES: &[Change] = &[
    Change {
        name: "noise in every number",
        of: |spread, value, stream, place| value.map(|x| x + NOISE * spread * stream.normal(place)),
        picture: noisy,
        text: mistyped,
        share: |_| NOISE,
    },
    Change {
        name: "values missing at random",
        of: |_, value, stream, place| value.filter(|_| stream.uniform(place) >= MISSING),
        picture: covered,
        text: without_words,
        share: |inputs| 1.0 - (1.0 - MISSING).powf(inputs as f64),
    },
];

/// Levels of a picture's noise, of 255: hardly seen by a person.
const LEVELS: f64 = 8.0;
/// The side of the covered square as a share of the picture's.
const COVERED: usize = 6;

/// Noise in every channel of every pixel.
fn noisy(picture: &Picture, stream: Stream) -> Picture {
    let mut noisy = picture.clone();
    for (place, level) in noisy.pixels_mut().iter_mut().enumerate() {
        *level = (f64::from(*level) + LEVELS * stream.normal(place as u64)).round().clamp(0.0, 255.0) as u8;
    }
    noisy
}

/// A grey square somewhere.
fn covered(picture: &Picture, stream: Stream) -> Picture {
    let mut covered = picture.clone();
    let (width, height, channels) = (picture.width(), picture.height(), picture.channels().count());
    let side = (width.min(height) / COVERED).max(1);
    let (left, top) = (stream.below(0, width - side + 1), stream.below(1, height - side + 1));
    for row in covered.pixels_mut().chunks_exact_mut(width * channels).skip(top).take(side) {
        row[left * channels..(left + side) * channels].fill(128);
    }
    covered
}

/// Two neighbouring letters exchanged in one word of twenty.
fn mistyped(text: &str, stream: Stream) -> String {
    by_words(text, stream, |word, place| {
        let mut letters: Vec<char> = word.chars().collect();
        if letters.len() < 2 {
            return word.to_owned();
        }
        let at = place as usize % (letters.len() - 1);
        letters.swap(at, at + 1);
        letters.into_iter().collect()
    })
}

/// One word of twenty left out.
fn without_words(text: &str, stream: Stream) -> String {
    by_words(text, stream, |_, _| String::new())
}

/// One word of twenty changed; what stands between words stays.
fn by_words(text: &str, stream: Stream, change: impl Fn(&str, u64) -> String) -> String {
    let changed = |(place, word): (usize, &str)| {
        let is_changed = stream.uniform(place as u64) < MISSING;
        if is_changed { change(word, stream.at(1).key() ^ place as u64) } else { word.to_owned() }
    };
    text.split_inclusive(char::is_whitespace).enumerate().map(changed).collect()
}

/// The predictions on a table of the rows alone, each number of an input changed; categories and times only lose
/// values. The truth is that of the rows.
fn changed(
    context: &EvaluateContext<'_>,
    rows: &[u32],
    change: &Change,
    stream: Stream,
) -> Result<Scored, EvaluateError> {
    let subject = &context.subject;
    let columns = subject.table.columns().iter().enumerate().map(|(number, column)| {
        let stream = stream.at(number as u64);
        if column.name == subject.target.name || !(column.kind.is_table_input() || column.kind == Kind::Text)
        {
            return taken(column, rows, |_| true);
        }
        if column.kind == Kind::Text {
            let text = |(place, &row): (usize, &u32)| {
                column.text_at(row as usize).map(|text| (change.text)(text, stream.at(place as u64)))
            };
            return Column::text(&column.name, column.kind, rows.iter().enumerate().map(text));
        }
        if let Some(images) = column.images() {
            return changed_pictures(column, images, rows, |place, picture| {
                (change.picture)(picture, stream.at(place as u64))
            });
        }
        let spread = train_deviation(column, subject.train);
        match column.numbers() {
            Some(numbers) => {
                let value = |(place, &row): (usize, &u32)| {
                    let value = (!column.is_missing(row as usize)).then(|| numbers.value(row as usize));
                    (change.of)(spread, value, stream, place as u64)
                };
                Column::number(&column.name, column.kind, rows.iter().enumerate().map(value))
            }
            // Whether a value goes missing is asked of a stand-in: its noise would mean nothing.
            None => taken(column, rows, |place| (change.of)(0.0, Some(0.0), stream, place as u64).is_some()),
        }
    });
    predict(context, rows, columns.collect())
}

/// The standard deviation among train rows, from at most 5,000 of them.
fn train_deviation(column: &Column, train: &[u32]) -> f64 {
    let Some(numbers) = column.numbers() else { return 0.0 };
    let step = train.len().div_ceil(ROWS).max(1);
    let present = train.iter().step_by(step).map(|&row| row as usize).filter(|&row| !column.is_missing(row));
    let values: Vec<f64> = present.map(|row| numbers.value(row)).filter(|x| x.is_finite()).collect();
    deviation(&values).unwrap_or(0.0)
}
