//! `texts.json`: texts of the judged part with what each token speaks for, and where attention goes in two of them.

use plumb_data::pictures::{Channels, Picture, png};
use plumb_data::prepare::Prepared;
use plumb_evaluate::{Evaluation, Truth};
use plumb_learn::batches::Batch;
use plumb_learn::explain::{AttentionMap, attentions, attributions};
use plumb_learn::model::{TabularNetwork, training_device};
use plumb_learn::models::text::TextNetwork;
use plumb_ledger::{Seed, base64};
use serde::Serialize;

use super::pipeline::Setup;
use super::stage_train::Fit;
use crate::fault::Fault;

/// Texts told wrong with the largest loss, and texts told right.
const WRONG: usize = 5;
const RIGHT: usize = 4;
/// Training texts shown with their changes, and changes of each.
const CHANGED: usize = 4;
const DRAWS: u64 = 2;
/// Tokens of a text that is shown.
const TOKENS: usize = 120;
/// Tokens of the text whose attention is shown: more cannot be read.
const ATTENDED: usize = 24;

/// The file.
#[derive(Debug, Serialize)]
pub(crate) struct Reading {
    /// The version of this format: 1.
    schema: u32,
    texts: Vec<Text>,
    attention: Option<Attention>,
    /// Training texts as they are, each with some of its changes.
    changed: Vec<Changed>,
}

/// A training text and what training makes of it.
#[derive(Debug, Serialize)]
struct Changed {
    text: String,
    changed: Vec<String>,
}

/// A text and what it speaks for.
#[derive(Debug, Serialize)]
struct Text {
    /// Its row in the table.
    row: u32,
    /// Its class.
    truth: String,
    /// What it was taken for.
    predicted: String,
    /// How sure the model is.
    probability: f64,
    /// Its tokens.
    pieces: Vec<Piece>,
}

/// A token as it stands in the text.
#[derive(Debug, Serialize)]
struct Piece {
    text: String,
    /// How much it speaks for the class that was predicted, of the most that one of the text does, from -1 to 1.
    weight: f32,
}

/// Where the tokens of a text look.
#[derive(Debug, Serialize)]
struct Attention {
    row: u32,
    /// The tokens.
    pieces: Vec<String>,
    /// Each layer.
    layers: Vec<Layer>,
}

/// A square for the mean of the heads, and one for each head: rows look, columns are looked at; white is the most. PNG files in
/// Base64.
#[derive(Debug, Serialize)]
struct Layer {
    mean: String,
    heads: Vec<String>,
}

/// What the network reads; none for networks of other things.
pub(crate) fn reading(setup: &Setup, fit: &Fit, evaluation: &Evaluation) -> Result<Option<Reading>, Fault> {
    let (Some(part), Some(target)) = (evaluation.judged(), &setup.data.target) else { return Ok(None) };
    let preparation = fit.model.preparation();
    let (Truth::Classes(truth), Some(encoding)) = (&part.scored.truth, &preparation.texts) else {
        return Ok(None);
    };
    let Ok(TabularNetwork::Text(network)) = fit.model.with_gradients() else { return Ok(None) };
    let predicted = part.scored.outcome().predicted_classes();
    let losses = part.scored.losses();
    let (mut wrong, right): (Vec<usize>, Vec<usize>) =
        (0..truth.len()).partition(|&place| truth[place] != predicted[place]);
    wrong.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]));
    wrong.truncate(WRONG);
    let right = right.iter().copied().step_by((right.len() / RIGHT).max(1)).take(RIGHT);
    let places: Vec<usize> = wrong.into_iter().chain(right).collect();
    let name = |class: u32| target.classes.get(class as usize).cloned().unwrap_or_default();
    let rows: Vec<u32> = places.iter().map(|&place| part.scored.rows[place]).collect();
    let prepared = preparation.apply(&setup.data.table, &rows, None)?;
    let mut texts = Vec::new();
    let mut attention = None;
    for (number, &place) in places.iter().enumerate() {
        let row = part.scored.rows[place];
        let pieces = encoding.pieces(&setup.data.table, &target.name, row)?;
        let batch = Batch::gather(&prepared, &[number as u32], &training_device());
        let weights = attributions(&network, &batch, predicted[place] as usize);
        if attention.is_none()
            && let Some(tokens) = prepared.texts.as_ref().map(|texts| shortened(texts.row(number as u32)))
        {
            let texts = Some(std::iter::once(tokens).collect());
            let short = Batch::gather(&Prepared { texts, ..prepared.clone() }, &[0], &training_device());
            attention = Some(attended(&network, &short, row, &shortened(&pieces)));
        }
        texts.push(Text {
            row,
            truth: name(truth[place]),
            predicted: name(predicted[place]),
            probability: part.scored.predicted[place * part.scored.width + predicted[place] as usize],
            pieces: weighed(pieces, &weights),
        });
    }
    let changed = changed(setup);
    Ok((!texts.is_empty()).then_some(Reading { schema: 1, texts, attention, changed }))
}

/// Some training texts with their changes; none where they stay.
fn changed(setup: &Setup) -> Vec<Changed> {
    let Some(of) = &setup.ready.changed else { return Vec::new() };
    let rows = setup.ready.train_rows.len();
    let stream = Seed(setup.plan.train.seed).stream("changed texts");
    let one = |number: usize| {
        let row = (number * rows / CHANGED) as u32;
        let draw = |draw: u64| of.row(row, stream.at(u64::from(row)).at(draw)).join(" ");
        Changed { text: of.plain(row).join(" "), changed: (0..DRAWS).map(draw).collect() }
    };
    (0..CHANGED.min(rows)).map(one).collect()
}

/// The first ones of a long text, and the one that ends it.
fn shortened<T: Clone>(of: &[T]) -> Vec<T> {
    match of {
        [first @ .., last] if of.len() > ATTENDED => {
            [&first[..ATTENDED - 1], std::slice::from_ref(last)].concat()
        }
        _ => of.to_vec(),
    }
}

fn weighed(pieces: Vec<String>, weights: &[f32]) -> Vec<Piece> {
    let most = weights.iter().fold(f32::MIN_POSITIVE, |most, weight| most.max(weight.abs()));
    let piece = |(text, weight): (String, &f32)| Piece { text, weight: weight / most };
    pieces.into_iter().zip(weights).take(TOKENS).map(piece).collect()
}

fn attended(network: &TextNetwork, batch: &Batch, row: u32, pieces: &[String]) -> Attention {
    let layers = attentions(network, batch).iter().map(layer).collect();
    Attention { row, pieces: pieces.to_vec(), layers }
}

fn layer(map: &AttentionMap) -> Layer {
    let places = map.tokens * map.tokens;
    let head = |head: usize| &map.weights[head * places..(head + 1) * places];
    let mean = |place: usize| (0..map.heads).map(|of| head(of)[place]).sum::<f32>() / map.heads.max(1) as f32;
    let mean: Vec<f32> = (0..places).map(mean).collect();
    Layer {
        mean: square(&mean, map.tokens),
        heads: (0..map.heads).map(|of| square(head(of), map.tokens)).collect(),
    }
}

/// Pixels of a side of the square of a token.
const PIXELS: usize = 4;

/// Shares as a grey square.
fn square(shares: &[f32], side: usize) -> String {
    let most = shares.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let along = side * PIXELS;
    let level = |at: usize| {
        let (row, column) = (at / along / PIXELS, at % along / PIXELS);
        // The root shows small shares, which most are.
        (255.0 * (shares[row * side + column] / most).sqrt()) as u8
    };
    let picture = Picture::new(along, along, Channels::Grey, (0..along * along).map(level).collect());
    picture.map_or_else(String::new, |picture| base64(&png(&picture, along)))
}
