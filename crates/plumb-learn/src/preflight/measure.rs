//! The work behind the `preflight.*` practices: trial steps on copies, comparisons, moments.
//!
//! Budget: about a second for a table of 1,000 rows and 50 inputs with a default network on two cores. The
//! range test takes 75 steps of up to 128 rows (50 of 16 where a row is [`dear`]), memorising at most twice 100 steps of 32 rows
//! (of 8 dear ones); everything else is a few forward passes and a pass over at most 1,000 rows. Pictures: 240 small
//! steps more, of [`preservation`].

use std::collections::BTreeMap;

use burn::tensor::Device;
use plumb_data::augment::Augmentation;
use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_ledger::Seed;

use super::{
    Baseline, Gradient, Independence, InputMoments, PreflightContext, Size, memory, order, preservation,
    signal,
};
use crate::batches::Batch;
use crate::losses::Loss;
use crate::network::{Network, Pass};
use crate::optim::OptimizerError;
use crate::parameters::{Arrays, host};
use crate::rate_finder::{RangeTest, find};
use crate::train::TrainConfig;

/// What is to be looked at besides the network.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The training rows.
    pub train: &'a Prepared,
    /// How training will go.
    pub config: &'a TrainConfig,
    /// The network's dropout rate.
    pub dropout: f64,
    /// Whether validation rows choose the epoch.
    pub chooses_epoch: bool,
    /// The names of the scaled numbers, in their order; missing ones are numbered.
    pub names: &'a [String],
}

/// fastai's range test without its first two decades, which no rate in use comes near.
const RANGE: RangeTest = RangeTest { first: 1e-5, last: 10.0, steps: 75, batch_size: 128 };
/// The same where a row is dear.
const RANGE_OF_DEAR: RangeTest = RangeTest { steps: 50, batch_size: 16, ..RANGE };
/// The side of a square picture beyond which it is dear.
const DEAR_SIDE: usize = 64;
/// Rows of a plain forward pass.
const ROWS: usize = 1024;
/// The same with pictures or texts, whose activations are large.
const PICTURES: usize = 128;

/// Measures everything that needs the network or its batches, on copies. The facts that only the caller knows stay
/// empty: `fitted_on_train_only`, `wanted`, `tokens` and all baselines but the constant one.
///
/// `stepped` is called after each trial step, at most [`most_steps`] times.
pub fn measure<N: Network>(
    network: &N,
    subject: &Subject<'_>,
    stepped: &mut dyn FnMut(),
) -> Result<PreflightContext, OptimizerError> {
    let Subject { train, config, .. } = *subject;
    if train.rows == 0 {
        return Ok(PreflightContext::default());
    }
    let seed = Seed(config.seed);
    let loss = config.loss.plain();
    let of_kind = range_test(train);
    let range = RangeTest { batch_size: of_kind.batch_size.min(config.batch_size), ..of_kind };
    let curve = find(network, train, &config.loss, &config.optimizer, seed, &range, stepped)?;
    let (subset, gradients) = memory::memorise(network, subject, &loss, &curve, stepped)?;
    let (initial, uninformed) = initial_loss(network, train, &loss);
    Ok(PreflightContext {
        labels: Some(signal::check(train, seed)),
        order: Some(order::look(train, config)),
        augmented: train.images.is_some() && config.augmentation != Augmentation::none(),
        inputs: moments(train, subject.names),
        wanted: Vec::new(),
        tokens: None,
        preservation: preservation::measure(train, config, stepped)?,
        fitted_on_train_only: None,
        initial_loss: Some(initial),
        uninformed_loss: uninformed,
        subset: Some(subset),
        independence: independence(network, train),
        size: Some(size(network, subject, &gradients)),
        gradients,
        learning_curve: Vec::new(),
        baselines: constant(&train.labels).into_iter().collect(),
        learning_rate: Some(config.lr),
        rate_curve: Some(curve),
    })
}

/// Whether a row costs a network as much as a hundred rows of numbers: a text, a large picture.
pub(super) fn dear(train: &Prepared) -> bool {
    train.texts.is_some() || train.images.as_ref().is_some_and(|images| images.encoding.side > DEAR_SIDE)
}

fn range_test(train: &Prepared) -> RangeTest {
    if dear(train) { RANGE_OF_DEAR } else { RANGE }
}

/// The most trial steps that [`measure`] takes on these rows.
#[must_use]
pub fn most_steps(train: &Prepared) -> u64 {
    range_test(train).steps + memory::MOST_STEPS + preservation::steps(train)
}

/// The network off the gradient graph, and its device.
pub(super) fn plain<N: Network>(network: &N) -> (N, Device) {
    let network = network.valid();
    let device = network.devices().into_iter().next().unwrap_or_else(Device::flex);
    (network, device)
}

pub(super) fn predict<N: Network>(network: &N, batch: &Batch) -> Vec<f32> {
    host(network.forward(batch, &mut Pass::inference()).inner())
}

/// At most `most` rows spread evenly over the table: a file is often sorted, and its head then unlike the rest.
fn spread(rows: usize, most: usize) -> Vec<u32> {
    let count = rows.min(most);
    (0..count).map(|i| (i * rows / count) as u32).collect()
}

/// The loss as it starts, and that of outputs which say nothing.
fn initial_loss<N: Network>(network: &N, train: &Prepared, loss: &Loss) -> (f64, Option<f64>) {
    let (network, device) = plain(network);
    let rows =
        spread(train.rows, if train.images.is_some() || train.texts.is_some() { PICTURES } else { ROWS });
    let batch = Batch::gather(train, &rows, &device);
    let outputs = predict(&network, &batch);
    let uninformed = match &batch.labels {
        PreparedLabels::Absent => None,
        PreparedLabels::Classes(_) => Some((outputs.len() as f64 / rows.len() as f64).ln()),
        PreparedLabels::Numbers(numbers) => {
            Some(numbers.iter().map(|&y| f64::from(y).powi(2)).sum::<f64>() / rows.len() as f64)
        }
    };
    (loss.on_host(&outputs, &batch.labels), uninformed)
}

/// Exchanges the first row of a batch for another one and compares the outputs.
fn independence<N: Network>(network: &N, train: &Prepared) -> Option<Independence> {
    const BATCH: usize = 16;
    let rows: Vec<u32> = (0..train.rows.min(BATCH) as u32).collect();
    let other = (1..train.rows as u32).rev().take(ROWS).find(|&row| differs(train, 0, row as usize))?;
    let (network, device) = plain(network);
    let before = predict(&network, &Batch::gather(train, &rows, &device));
    let again = predict(&network, &Batch::gather(train, &rows, &device));
    let exchanged = [&[other], rows.get(1..)?].concat();
    let after = predict(&network, &Batch::gather(train, &exchanged, &device));
    let width = before.len() / rows.len();
    let change = |range: std::ops::Range<usize>| {
        let pairs =
            before.get(range.clone()).into_iter().flatten().zip(after.get(range).into_iter().flatten());
        pairs.fold(0.0f64, |most, (a, b)| {
            let change = f64::from((a - b).abs());
            if change.is_nan() { change } else { most.max(change) }
        })
    };
    let own_changed = change(0..width) > 0.0;
    Some(Independence {
        rows: rows.len(),
        padded_change: padded_change(&network, train, &device),
        // Bits, so that NaN is equal to itself.
        repeats: before.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()),
        own_changed,
        others_change: change(width..before.len()),
    })
}

/// Predicts the shortest of some texts alone and beside the longest, whose length it is then filled up to.
fn padded_change<N: Network>(network: &N, train: &Prepared, device: &Device) -> Option<f64> {
    let texts = train.texts.as_ref()?;
    let rows = spread(train.rows, ROWS);
    let length = |row: &&u32| texts.row(**row).len();
    let (short, long) = (rows.iter().min_by_key(length)?, rows.iter().max_by_key(length)?);
    if texts.row(*short).len() == texts.row(*long).len() {
        return None;
    }
    let alone = predict(network, &Batch::gather(train, &[*short], device));
    let beside = predict(network, &Batch::gather(train, &[*short, *long], device));
    let pairs = || alone.iter().zip(&beside).map(|(&a, &b)| (f64::from(a), f64::from(b)));
    let size = pairs().fold(f64::MIN_POSITIVE, |size, (a, _)| size.max(a.abs()));
    Some(
        pairs()
            .map(|(a, b)| (a - b).abs() / size)
            .fold(0.0, |most, x| if x.is_nan() { x } else { x.max(most) }),
    )
}

fn differs(data: &Prepared, a: usize, b: usize) -> bool {
    let unequal = |values: &[f32], width: usize| values[a * width..][..width] != values[b * width..][..width];
    let picture = |row: usize| data.images.as_ref().and_then(|images| images.picture(row as u32));
    let codes = |row: usize| &data.codes[row * data.codes_width..][..data.codes_width];
    let text = |row: usize| data.texts.as_ref().map(|texts| texts.row(row as u32));
    unequal(&data.numbers, data.numbers_width)
        || unequal(&data.flags, data.flags_width)
        || codes(a) != codes(b)
        || picture(a) != picture(b)
        || text(a) != text(b)
}

/// Mean and deviation of every scaled number, over all rows, and of every channel of pictures.
fn moments(data: &Prepared, names: &[String]) -> Vec<InputMoments> {
    let width = data.numbers_width;
    let mean = |of: &dyn Fn(f64) -> f64, column: usize| {
        let values = data.numbers.iter().skip(column).step_by(width.max(1));
        values.map(|&x| of(f64::from(x))).sum::<f64>() / data.rows.max(1) as f64
    };
    let column = |column: usize| {
        let center = mean(&|x| x, column);
        let sd = mean(&|x| (x - center).powi(2), column).sqrt();
        let name = names.get(column).cloned().unwrap_or_else(|| format!("number {column}"));
        InputMoments { name, mean: center, sd }
    };
    (0..width).map(column).chain(channel_moments(data)).collect()
}

/// Mean and deviation of each channel as it enters the network, over some pictures.
fn channel_moments(data: &Prepared) -> Vec<InputMoments> {
    let Some(images) = &data.images else { return Vec::new() };
    let channels = images.encoding.channels.count();
    let numbers = images.plain(&spread(data.rows, ROWS));
    let moments = |channel: usize| {
        let values = || numbers.iter().skip(channel).step_by(channels).map(|&x| f64::from(x));
        let count = values().count().max(1) as f64;
        let mean = values().sum::<f64>() / count;
        let sd = (values().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        let name = if channels == 1 { "brightness" } else { ["red", "green", "blue"][channel % 3] };
        InputMoments { name: name.to_owned(), mean, sd }
    };
    (0..channels).map(moments).collect()
}

/// Only what the first steps gave a gradient counts as a parameter.
fn size<N: Network>(network: &N, subject: &Subject<'_>, trained: &[Gradient]) -> Size {
    let arrays = Arrays::of(network).0;
    let count = |gradient: &Gradient| arrays.get(&gradient.name).map_or(0, |array| array.values.len());
    Size {
        parameters: trained.iter().map(count).sum(),
        rows: subject.train.rows,
        dropout: subject.dropout,
        weight_decay: subject.config.weight_decay,
        batch_norm: arrays.keys().any(|name| name.ends_with("running_mean")),
        chooses_epoch: subject.chooses_epoch,
    }
}

/// The share of the largest class; nothing for numbers, whose deviation is 1 by preparation.
fn constant(labels: &PreparedLabels) -> Option<Baseline> {
    let PreparedLabels::Classes(codes) = labels else { return None };
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for code in codes {
        *counts.entry(*code).or_default() += 1;
    }
    let value = *counts.values().max()? as f64 / codes.len() as f64;
    Some(Baseline { name: "majority".to_owned(), metric: "accuracy".to_owned(), value })
}
