//! Whether changed pictures keep their label: a small network that has seen none changed is asked about both.

use burn::tensor::Device;
use plumb_data::augment::{Augmentation, Method, Mix, Policy, Step};
use plumb_data::pictures::{Filter, Picture, Rect, resize};
use plumb_data::prepare::{ImageEncoding, Prepared, PreparedImages, PreparedLabels};
use plumb_ledger::{Seed, Stream};

use super::{Change, Preservation};
use crate::batches::Batch;
use crate::losses::Loss;
use crate::model::{ImageInput, Inputs};
use crate::models::pictures::resnet::ResNetConfig;
use crate::models::pictures::{BackboneConfig, PictureConfig, PictureNetwork};
use crate::network::{Network, Pass};
use crate::optim::{AdamConfig, OptimizerConfig, OptimizerError};
use crate::parameters::host;
use crate::predict::most_likely;
use crate::train::TrainConfig;
use crate::trial::Trial;

/// Pictures that the small network learns from, those that it is asked about, and the fewest of both.
const LEARNED: usize = 1500;
const ASKED: usize = 500;
const FEWEST: usize = 400;
/// The side to which pictures are made smaller: a dress is told from a shirt, a 3 from an 8.
const SIDE: usize = 32;
/// Passes over the pictures, and rows of a step.
const EPOCHS: u64 = 8;
const BATCH: usize = 50;
const RATE: f64 = 2e-3;
/// How often each picture is changed.
const DRAWS: usize = 2;

/// Asks about the pictures as they are, and about each kind of change that training makes, alone and always; none where
/// no class is to be told or there are too few pictures.
///
/// 240 steps of 50 pictures of at most 32 pixels.
pub(super) fn measure(
    train: &Prepared,
    config: &TrainConfig,
    stepped: &mut dyn FnMut(),
) -> Result<Option<Preservation>, OptimizerError> {
    let (Some(images), PreparedLabels::Classes(labels)) = (&train.images, &train.labels) else {
        return Ok(None);
    };
    let changes = changes(&config.augmentation);
    if train.rows < FEWEST {
        return Ok(None);
    }
    let stream = Seed(config.seed).stream("preservation");
    let rows = stream.permutation(train.rows);
    let (learned, asked) = rows.split_at(rows_to_learn(train.rows));
    let asked = &asked[..asked.len().min(ASKED)];
    let small = smaller(train, images);
    let network = learn(&small, labels, learned, Seed(config.seed), stepped)?;
    let ask = |change: &(dyn Fn(Picture, Stream) -> Picture + Sync)| {
        answers(&network, &small, asked, &|place, picture| change(picture, stream.at(1 + place as u64)))
    };
    let fit = |picture: Picture| fitted(&picture, small_encoding(&small));
    let plain = ask(&|picture, _| fit(images.encoding.picture(picture)));
    let right: Vec<bool> =
        plain.iter().zip(asked).map(|(told, &row)| *told == labels[row as usize]).collect();
    let knows = right.iter().filter(|right| **right).count();
    let kept = |augmentation: &Augmentation| {
        let kept = (0..DRAWS as u64).map(|draw| {
            let told =
                ask(&|picture, stream| fit(augmentation.apply(picture, &images.encoding, stream.at(draw))));
            let same = told.iter().zip(&plain).zip(&right);
            same.filter(|((changed, plain), right)| **right && changed == plain).count()
        });
        kept.sum::<usize>() as f64 / (DRAWS * knows).max(1) as f64
    };
    let changes = changes.iter().map(|(name, of)| Change { name: name.clone(), kept: kept(of) }).collect();
    let accuracy = knows as f64 / asked.len().max(1) as f64;
    Ok(Some(Preservation { asked: asked.len(), accuracy, chance: chance(labels, asked), changes }))
}

/// Of so many rows, those that the small network learns from.
fn rows_to_learn(rows: usize) -> usize {
    rows.min(LEARNED + ASKED) * LEARNED / (LEARNED + ASKED)
}

/// The steps that the small network takes on these rows.
pub(super) fn steps(train: &Prepared) -> u64 {
    let told = train.images.is_some() && matches!(train.labels, PreparedLabels::Classes(_));
    if told && train.rows >= FEWEST { steps_over(rows_to_learn(train.rows)) } else { 0 }
}

fn steps_over(rows: usize) -> u64 {
    EPOCHS * rows.div_ceil(BATCH) as u64
}

/// The share of the most frequent class.
fn chance(labels: &[u32], rows: &[u32]) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for &row in rows {
        *counts.entry(labels[row as usize]).or_insert(0usize) += 1;
    }
    counts.values().max().copied().unwrap_or(0) as f64 / rows.len().max(1) as f64
}

/// Each kind of change by itself, as often as it can be.
fn changes(of: &Augmentation) -> Vec<(String, Augmentation)> {
    let nothing = Policy { crop_padding: Some(0), horizontal_flip: Some(0.0), ..Policy::of(Method::None) };
    let alone = |policy: Policy| Augmentation { parts: None, policy, mix: Mix::None };
    let keep_text = of.policy.keep_text;
    let mut changes = Vec::new();
    if let Some(parts) = of.parts {
        changes
            .push(("part of it".to_owned(), Augmentation { parts: Some(parts), ..alone(nothing.clone()) }));
    }
    if of.policy.crop_padding.is_some_and(|pixels| pixels > 0) {
        let crop_padding = of.policy.crop_padding;
        changes.push(("shifted".to_owned(), alone(Policy { crop_padding, ..nothing.clone() })));
    }
    for (name, flip) in [("mirrored", of.policy.horizontal_flip), ("upside down", of.policy.vertical_flip)] {
        if flip.is_some_and(|probability| probability > 0.0) {
            let (horizontal_flip, vertical_flip) =
                if name == "mirrored" { (Some(1.0), Some(0.0)) } else { (Some(0.0), Some(1.0)) };
            changes
                .push((name.to_owned(), alone(Policy { horizontal_flip, vertical_flip, ..nothing.clone() })));
        }
    }
    match &of.policy.method {
        Method::None | Method::FlipCrop => {}
        Method::TrivialAugment | Method::RandAugment { .. } => {
            let name =
                if of.policy.method == Method::TrivialAugment { "TrivialAugment" } else { "RandAugment" };
            let policy = Policy { method: of.policy.method.clone(), keep_text, ..nothing.clone() };
            changes.push((name.to_owned(), alone(policy)));
        }
        Method::Operations(steps) => {
            for step in steps {
                let method = Method::Operations(vec![Step { probability: 1.0, ..step.clone() }]);
                changes.push((step.operation.name.to_owned(), alone(Policy { method, ..nothing.clone() })));
            }
        }
    }
    if of.policy.erase > 0.0 {
        changes.push(("erased".to_owned(), alone(Policy { erase: 1.0, ..nothing })));
    }
    changes
}

/// The pictures alone, at most [`SIDE`] high and wide.
fn smaller(train: &Prepared, images: &PreparedImages) -> Prepared {
    let side = images.encoding.side.min(SIDE);
    let resized = images.encoding.resized * side / images.encoding.side.max(1);
    let encoding = ImageEncoding { side, resized, ..images.encoding.clone() };
    Prepared {
        numbers: Vec::new(),
        numbers_width: 0,
        flags: Vec::new(),
        flags_width: 0,
        codes: Vec::new(),
        codes_width: 0,
        images: Some(PreparedImages { encoding, ..images.clone() }),
        texts: None,
        ..train.clone()
    }
}

fn small_encoding(small: &Prepared) -> Option<&ImageEncoding> {
    small.images.as_ref().map(|images| &images.encoding)
}

/// A prepared picture at the small network's extents.
fn fitted(picture: &Picture, encoding: Option<&ImageEncoding>) -> Picture {
    let side = encoding.map_or(SIDE, |encoding| encoding.side);
    if picture.width() == side {
        return picture.clone();
    }
    resize(picture, Rect::whole(picture.width(), picture.height()), side, side, Filter::Bilinear)
}

/// A small residual network that has learned from the pictures as they are.
fn learn(
    small: &Prepared,
    labels: &[u32],
    rows: &[u32],
    seed: Seed,
    stepped: &mut dyn FnMut(),
) -> Result<PictureNetwork, OptimizerError> {
    let backbone =
        BackboneConfig::Resnet(ResNetConfig { blocks: vec![1; 3], width: 16, ..ResNetConfig::resnet14() });
    let config = PictureConfig { backbone, embedding: 8, dropout: 0.0 };
    let image = small_encoding(small).map(|of| ImageInput { side: of.side, channels: of.channels.count() });
    let inputs = Inputs { image, ..Inputs::pictures(SIDE, 1) };
    let classes = labels.iter().max().map_or(1, |&most| most as usize + 1);
    let device = crate::model::training_device();
    let network = PictureNetwork::new(&config, &inputs, classes, seed.stream("preservation start"), &device);
    let loss = Loss::CrossEntropy { smoothing: 0.0, class_weights: Vec::new() };
    let optimizer = OptimizerConfig::AdamW(AdamConfig::DEFAULT);
    let mut trial = Trial::new(&network, small, &loss, &optimizer, seed)?;
    let steps = steps_over(rows.len());
    let mut step = 0u32;
    for epoch in 0..EPOCHS {
        let order = seed.stream("preservation order").at(epoch).permutation(rows.len());
        for batch in order.chunks(BATCH) {
            let batch: Vec<u32> = batch.iter().map(|&place| rows[place as usize]).collect();
            // Down to nothing in a line: the last steps settle.
            let rate = RATE * (1.0 - f64::from(step) / steps as f64);
            trial = trial.step(&batch, rate, 1.0)?.0;
            step += 1;
            stepped();
        }
    }
    Ok(trial.network().clone())
}

/// The class that the network tells for each row's changed picture.
fn answers(
    network: &PictureNetwork,
    small: &Prepared,
    rows: &[u32],
    change: &dyn Fn(usize, Picture) -> Picture,
) -> Vec<u32> {
    use burn::module::Module as _;
    let network = network.valid();
    let mut told = Vec::new();
    for (index, rows) in rows.chunks(BATCH).enumerate() {
        let Some(images) = &small.images else { continue };
        let numbers = images.gather(rows, |place, picture| change(index * BATCH + place, picture));
        let batch = Batch::with_images(small, rows, Some(numbers), &Device::flex());
        let outputs = host(network.forward(&batch, &mut Pass::inference()).inner());
        let classes = outputs.len() / rows.len().max(1);
        told.extend(most_likely(&outputs, classes));
    }
    told
}
