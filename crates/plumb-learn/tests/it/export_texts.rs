//! Exported networks for texts, and for rows of several kinds: what they say of tokens is what the model says of texts, and what fills a
//! row up changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use burn::tensor::Device;
use plumb_data::pictures::{Channels, Picture};
use plumb_data::prepare::{Preparation, PrepareConfig, TextConfig as TokenConfig};
use plumb_data::tokens::Pieces;
use plumb_data::{Column, Images, Kind, Predictions, Predictor as _, Table, Target, Values};
use plumb_learn::export::{ATTENTION_MASK, INPUT_IDS, TEXTS};
use plumb_learn::layers::{Activation, EncoderLayerConfig};
use plumb_learn::model::{Inputs, ModelConfig, NetworkConfig};
use plumb_learn::models::mixed::{Combiner, MixedConfig};
use plumb_learn::models::pictures::resnet::{ResNetConfig, Stem};
use plumb_learn::models::pictures::{BackboneConfig, PictureConfig};
use plumb_learn::models::text::encoder::EncoderConfig;
use plumb_learn::models::text::recurrent::{CellKind, RecurrentConfig};
use plumb_learn::models::text::{Pooling, Positions, TextConfig};
use plumb_learn::parameters::Arrays;
use plumb_learn::predict::TrainedModel;
use plumb_learn::presets::{Circumstances, PRESETS, Takes};
use plumb_ledger::{Seed, Stream};
use plumb_onnx::{OnnxModel, Original, Tensor, Values as OnnxValues, WeightForm};
use plumb_stats::Task;

const ROWS: usize = 24;
/// Tokens of a row at most: some texts are cut.
const LENGTH: usize = 20;
const SIDE: usize = 16;

/// Words in random order, from none to so many that they are cut; a tenth of the texts is missing.
fn text(stream: Stream, row: usize) -> Option<String> {
    const WORDS: [&str; 8] = ["good", "bad", "coffee", "tea", "never", "again", "water", "smells"];
    let stream = stream.at(row as u64);
    let word = |at: usize| WORDS[stream.below(at as u64, WORDS.len())];
    let words: Vec<&str> = (0..stream.below(100, 14)).map(word).collect();
    (stream.uniform(101) > 0.1).then(|| words.join(" "))
}

fn picture(row: usize) -> Picture {
    let stream = Seed(row as u64).stream("picture");
    let pixels = (0..SIDE * SIDE * 3).map(|at| stream.below(at as u64, 256) as u8).collect();
    Picture::new(SIDE, SIDE, Channels::Rgb, pixels).unwrap()
}

/// Two columns of texts and a class.
fn texts() -> Vec<Column> {
    let texts = |name: &str| {
        let stream = Seed(5).stream(name);
        Column::text(name, Kind::Text, (0..ROWS).map(|row| text(stream, row)))
    };
    let class = |row: usize| Some(["no", "yes", "perhaps"][row % 3]);
    vec![texts("summary"), texts("comment"), Column::category("class", Kind::Category, (0..ROWS).map(class))]
}

/// Numbers with gaps, categories of few and of many levels, times with gaps, pictures.
fn columns() -> Vec<Column> {
    let stream = Seed(6).stream("columns");
    let gap = |row: usize, at: u64| stream.uniform(row as u64 * 8 + at) < 0.2;
    let rows = || 0..ROWS;
    let number = |row: usize| (!gap(row, 0)).then(|| stream.normal(row as u64 * 8 + 1) * 30.0);
    let few = |row: usize| (!gap(row, 2)).then(|| format!("f{}", row % 3));
    let many = |row: usize| Some(format!("m{}", row % 12));
    // Far beyond 32 bits.
    let when = |row: usize| (!gap(row, 3)).then(|| 1_600_000_000_000 + row as i64 * 777_600_000);
    let paths = rows().map(|row| Some(format!("{row}.png"))).collect();
    let images = Images { paths, set: Arc::new(rows().map(picture).collect()) };
    vec![
        Column::number("number", Kind::Number, rows().map(number)),
        Column::category("few", Kind::Category, rows().map(few)),
        Column::category("many", Kind::Category, rows().map(many)),
        Column::time("when", Kind::Time, rows().map(when)),
        Column { name: "photo".to_owned(), kind: Kind::Image, values: Values::Image(images) },
    ]
}

/// A model of this network with arbitrary weights.
fn model(table: &Table, network: NetworkConfig) -> TrainedModel {
    let target = Target::of(table, "class", None).unwrap();
    let train: Vec<u32> = (0..ROWS as u32).collect();
    let tokens =
        TokenConfig { pieces: Pieces::Bpe, vocabulary: Some(120), length: Some(LENGTH), longest: 64 };
    let config = PrepareConfig { texts: Some(tokens), image_side: Some(SIDE), ..PrepareConfig::DEFAULT };
    let preparation = Preparation::fit(table, &target, &train, &config).unwrap();
    let prepared = preparation.apply(table, &train, Some(&target)).unwrap();
    let inputs = Inputs::of(&preparation);
    let config = ModelConfig { schema: 1, inputs, outputs: 3, network, views: Vec::new() };
    let mut weights = Arrays::of(&config.start(Seed(1), &prepared, &Device::flex()));
    let stream = Seed(7).stream("weights");
    for (at, (name, array)) in weights.0.iter_mut().enumerate() {
        for (place, value) in array.values.iter_mut().enumerate() {
            let draw = stream.at(at as u64).uniform(place as u64) as f32;
            *value = if name.ends_with("running_var") { 0.5 + draw } else { *value + 0.4 * (draw - 0.5) };
        }
    }
    TrainedModel::new(config, preparation, &weights).unwrap()
}

fn probabilities(written: &OnnxModel, inputs: Vec<(String, Tensor)>) -> Vec<f32> {
    let found = written.run(inputs, "probabilities").unwrap();
    let OnnxValues::Floats(values) = found.values() else { panic!("no numbers") };
    values.clone()
}

/// Three tokens more that fill up, whatever they are.
fn filled(inputs: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    let longer = |(name, tensor): &(String, Tensor)| {
        let more = match name.as_str() {
            INPUT_IDS => 9,
            ATTENTION_MASK => 0,
            _ => return (name.clone(), tensor.clone()),
        };
        let (&[rows, tokens], OnnxValues::Whole(values)) = (tensor.shape(), tensor.values()) else {
            panic!("{name} is no matrix of whole numbers")
        };
        let of_row = |row: &[i64]| [row, &[more; 3]].concat();
        let values = values.chunks(tokens).flat_map(of_row).collect();
        (name.clone(), Tensor::new(vec![rows, tokens + 3], OnnxValues::Whole(values)).unwrap())
    };
    inputs.iter().map(longer).collect()
}

fn assert_same(table: &Table, network: NetworkConfig, what: &str) {
    let model = model(table, network);
    let written = OnnxModel::read(model.to_onnx("test").unwrap()).unwrap();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let Predictions::Probabilities { values: own, .. } = model.predict(table, &rows).unwrap() else {
        panic!("{what}: no probabilities")
    };
    let found = probabilities(&written, model.onnx_inputs(table, &rows).unwrap());
    assert_eq!(found.len(), own.len(), "{what}");
    for (at, (own, found)) in own.iter().zip(&found).enumerate() {
        assert!((own - f64::from(*found)).abs() < 1e-4, "{what}, value {at}: {found} for {own}");
    }
    let spread = own.iter().copied().fold(0.0, f64::max) - own.iter().copied().fold(1.0, f64::min);
    assert!(spread > 1e-2, "{what}: all rows are one");
    for (&row, of_row) in rows.iter().zip(found.chunks(3)) {
        let alone = model.onnx_inputs(table, &[row]).unwrap();
        for inputs in [alone.clone(), filled(&alone)].into_iter().filter(|inputs| fits(inputs)) {
            for (alone, found) in probabilities(&written, inputs).iter().zip(of_row) {
                assert!(
                    (alone - found).abs() < 1e-5,
                    "{what}, row {row}: {alone} alone, {found} among others"
                );
            }
        }
    }
}

/// Whether no row is longer than the model takes.
fn fits(inputs: &[(String, Tensor)]) -> bool {
    inputs.iter().all(|(name, tensor)| name != INPUT_IDS || tensor.shape()[1] <= LENGTH)
}

fn encoder(positions: Positions, norm_first: bool, width: usize) -> EncoderConfig {
    EncoderConfig {
        width,
        layers: 2,
        layer: EncoderLayerConfig {
            width,
            heads: 4,
            depth: None,
            hidden: 24,
            activation: Activation::Gelu,
            dropout: 0.1,
            norm_first,
            epsilon: 1e-12,
            rotary: positions == Positions::Rotary,
            lora: 0,
        },
        sizes: Vec::new(),
        positions,
        kinds: usize::from(!norm_first) * 2,
    }
}

fn network(encoder: EncoderConfig, pooling: Pooling) -> TextConfig {
    TextConfig { encoder, recurrent: None, pooling, embedding: 4, dropout: 0.1, family: None }
}

const POOLS: [Pooling; 3] = [Pooling::Mean, Pooling::Cls, Pooling::Attention];

#[test]
fn encoders_of_every_kind_of_places_and_every_pool() {
    let table = Table::new(texts()).unwrap();
    let places = [
        Positions::Learned { places: LENGTH + 2, skipped: 0 },
        Positions::Learned { places: LENGTH + 2, skipped: 2 },
        Positions::Sinusoidal,
        Positions::Rotary,
        Positions::None,
    ];
    for (at, positions) in places.into_iter().enumerate() {
        for pooling in POOLS {
            for norm_first in [false, true] {
                // Heads of 5 units have one that is not turned.
                let width = if at % 2 == 1 { 20 } else { 16 };
                let of = network(encoder(positions, norm_first, width), pooling);
                let what = format!("{positions:?} {pooling:?}, norms first: {norm_first}");
                assert_same(&table, NetworkConfig::Text(of), &what);
            }
        }
    }
}

#[test]
fn what_was_trained_beside_layers_is_put_into_them() {
    let table = Table::new(texts()).unwrap();
    let mut of = network(encoder(Positions::Sinusoidal, true, 16), Pooling::Mean);
    of.encoder.layer.lora = 3;
    assert_same(&table, NetworkConfig::Text(of), "low rank");
}

#[test]
fn recurrent_networks_with_and_without_norms() {
    let table = Table::new(texts()).unwrap();
    for cell in [CellKind::Lstm, CellKind::Gru] {
        for (pooling, norm) in POOLS.into_iter().zip([true, false, true]) {
            let bare = EncoderConfig { layers: 0, ..encoder(Positions::None, true, 12) };
            let recurrent = Some(RecurrentConfig { cell, units: 5, layers: 2, dropout: 0.1, norm });
            let of = TextConfig { recurrent, ..network(bare, pooling) };
            assert_same(&table, NetworkConfig::Text(of), &format!("{cell:?} {pooling:?}, norms: {norm}"));
        }
    }
}

#[test]
fn what_loops_read_is_kept_in_smaller_numbers() {
    let table = Table::new(texts()).unwrap();
    let bare = EncoderConfig { layers: 0, ..encoder(Positions::None, true, 32) };
    let recurrent =
        Some(RecurrentConfig { cell: CellKind::Gru, units: 16, layers: 1, dropout: 0.1, norm: true });
    let of = TextConfig { recurrent, ..network(bare, Pooling::Mean) };
    let model = model(&table, NetworkConfig::Text(of));
    let whole = model.to_onnx("test").unwrap();
    let original = Original::read(&whole).unwrap();
    let inputs = || model.onnx_inputs(&table, &[0, 1, 2, 3]).unwrap();
    let expected = probabilities(&OnnxModel::read(whole).unwrap(), inputs());
    for smaller in [original.dynamic(&BTreeSet::new()), original.with_weights(WeightForm::F16)] {
        let found = probabilities(&OnnxModel::read(smaller.unwrap()).unwrap(), inputs());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 0.05, "{found} for {expected}");
        }
    }
}

#[test]
fn presets_for_texts_beside_the_other_columns_of_the_row() {
    let others = columns().into_iter().filter(|column| column.kind != Kind::Image);
    let table = Table::new(texts().into_iter().chain(others).collect()).unwrap();
    let of = Circumstances {
        task: Task::Multiclass,
        rows: ROWS,
        columns: 6,
        picture_side: None,
        pretrained: false,
        encoder: None,
        backbone: None,
        primary: "log_loss",
    };
    let presets: Vec<_> = PRESETS.iter().filter(|preset| preset.takes == Takes::Texts).collect();
    assert!(presets.len() >= 4);
    for preset in presets {
        assert_same(&table, (preset.network)(&of), preset.name);
    }
}

#[test]
fn rows_of_several_kinds_joined_in_both_ways() {
    let all: Vec<Column> = texts().into_iter().chain(columns()).collect();
    let without = |kinds: &[Kind]| {
        Table::new(all.iter().filter(|column| !kinds.contains(&column.kind)).cloned().collect()).unwrap()
    };
    let backbone = BackboneConfig::Resnet(ResNetConfig {
        blocks: vec![1; 2],
        width: 8,
        ..ResNetConfig::resnet18(Stem::Small)
    });
    for combiner in [Combiner::Concatenate, Combiner::Attention] {
        let of = NetworkConfig::Mixed(MixedConfig {
            picture: Some(PictureConfig { backbone: backbone.clone(), embedding: 4, dropout: 0.0 }),
            text: Some(network(encoder(Positions::Sinusoidal, true, 16), Pooling::Attention)),
            width: 12,
            embedding: 4,
            combiner,
            dropout: 0.1,
        });
        assert_same(&without(&[]), of.clone(), &format!("everything, {combiner:?}"));
        assert_same(&without(&[Kind::Text]), of.clone(), &format!("no texts, {combiner:?}"));
        assert_same(&without(&[Kind::Image]), of.clone(), &format!("no pictures, {combiner:?}"));
        let numbers = [Kind::Image, Kind::Number, Kind::Time];
        assert_same(&without(&numbers), of.clone(), &format!("no numbers, {combiner:?}"));
    }
}

#[test]
fn the_file_tells_how_tokens_are_made() {
    let table = Table::new(texts()).unwrap();
    let model =
        model(&table, NetworkConfig::Text(network(encoder(Positions::None, true, 16), Pooling::Mean)));
    let written = OnnxModel::read(model.to_onnx("test").unwrap()).unwrap();
    let told: serde_json::Value = serde_json::from_str(&written.metadata()[TEXTS]).unwrap();
    assert_eq!(told["columns"], serde_json::json!(["summary", "comment"]));
    assert_eq!(told["length"], LENGTH);
    let stored: serde_json::Value = serde_json::from_str(&model.preparation().to_json().unwrap()).unwrap();
    let (_, place) = told["tokenizer"].as_str().unwrap().split_once('#').unwrap();
    let tokenizer: serde_json::Value =
        serde_json::from_str(stored.pointer(place).unwrap().as_str().unwrap()).unwrap();
    assert!(tokenizer["model"]["vocab"].is_object());
    let names: Vec<&str> = written.inputs().iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, [INPUT_IDS, ATTENTION_MASK]);
}

#[test]
fn a_column_that_is_called_as_the_tokens_are_is_refused() {
    let numbers = Column::number(INPUT_IDS, Kind::Number, (0..ROWS).map(|row| Some(row as f64)));
    let table = Table::new(texts().into_iter().chain([numbers]).collect()).unwrap();
    let of = network(encoder(Positions::None, true, 16), Pooling::Mean);
    let error = model(&table, NetworkConfig::Text(of)).to_onnx("test").unwrap_err();
    assert!(error.to_string().contains("`input_ids`"), "{error}");
}
