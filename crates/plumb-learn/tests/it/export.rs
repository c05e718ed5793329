//! An exported model says what the model says, from raw columns on.

use std::sync::Arc;

use burn::tensor::Device;
use plumb_data::augment::VIEWS;
use plumb_data::pictures::{Channels, Picture};
use plumb_data::prepare::{
    Encoding, ImageEncoding, Preparation, PrepareConfig, Prepared, PreparedColumn, PreparedImages,
};
use plumb_data::{Column, Kind, Predictions, Predictor as _, Table, Target};
use plumb_learn::compress::{Importance, prune};
use plumb_learn::layers::{Activation, NormKind};
use plumb_learn::model::{Inputs, ModelConfig, NetworkConfig};
use plumb_learn::models::mlp::MlpConfig;
use plumb_learn::models::pictures::resnet::{ResNetConfig, Stem};
use plumb_learn::models::pictures::vit::VitConfig;
use plumb_learn::models::pictures::{BackboneConfig, PictureConfig, Widths};
use plumb_learn::parameters::Arrays;
use plumb_learn::predict::TrainedModel;
use plumb_learn::presets::{Circumstances, PRESETS, Takes};
use plumb_ledger::Seed;
use plumb_onnx::{OnnxModel, Tensor, Values as OnnxValues};
use plumb_stats::Task;

use crate::rounding::assert_felt;

const ROWS: usize = 200;

/// Numbers with gaps and outliers, categories of two, few and many levels, times with gaps, and targets.
fn table() -> Table {
    let stream = Seed(3).stream("export");
    let number = |row: usize, at: u64| stream.normal(row as u64 * 16 + at);
    let rows = || 0..ROWS;
    let gap = |row: usize, at: u64| stream.uniform(row as u64 * 16 + 8 + at) < 0.1;
    let level = |row: usize, at: u64, levels: usize| stream.below(row as u64 * 16 + at, levels);
    let day = 86_400_000i64;
    Table::new(vec![
        Column::number("cast", Kind::Number, rows().map(|row| Some(number(row, 0) * 3.0 + 100.0))),
        Column::number(
            "gaps",
            Kind::Number,
            rows().map(|row| (!gap(row, 0)).then(|| number(row, 1).powi(5))),
        ),
        Column::category("two", Kind::Category, rows().map(|row| Some(["a", "b"][level(row, 2, 2)]))),
        Column::category(
            "few",
            Kind::Category,
            rows().map(|row| (!gap(row, 1)).then(|| format!("f{}", level(row, 3, 5)))),
        ),
        Column::category("many", Kind::Category, rows().map(|row| Some(format!("m{}", level(row, 4, 30))))),
        Column::time(
            "when",
            Kind::Time,
            rows().map(|row| {
                (!gap(row, 2))
                    .then(|| (level(row, 5, 40_000) as i64 - 10_000) * day + level(row, 6, 86_400_000) as i64)
            }),
        ),
        Column::category(
            "class",
            Kind::Category,
            rows().map(|row| Some(["no", "yes", "perhaps"][level(row, 7, 3)])),
        ),
        Column::number("amount", Kind::Number, rows().map(|row| Some(50.0 + 20.0 * number(row, 2)))),
    ])
    .unwrap()
}

fn assert_same(model: &TrainedModel, table: &Table, what: &str) {
    let rows: Vec<u32> = (0..table.rows() as u32).collect();
    let written = OnnxModel::read(model.to_onnx("test").unwrap()).unwrap();
    let (output, own, unit) = match model.predict(table, &rows).unwrap() {
        Predictions::Probabilities { values, .. } => ("probabilities", values, 1.0),
        Predictions::Numbers(values) => ("prediction", values, 20.0),
    };
    let found = written.run(model.onnx_inputs(table, &rows).unwrap(), output).unwrap();
    let OnnxValues::Floats(found) = found.values() else { panic!("{what}: no numbers") };
    assert_eq!(found.len(), own.len(), "{what}");
    for (at, (own, found)) in own.iter().zip(found).enumerate() {
        assert!((own - f64::from(*found)).abs() < 1e-4 * unit, "{what}, value {at}: {found} for {own}");
    }
}

fn circumstances(task: Task) -> Circumstances<'static> {
    Circumstances {
        task,
        rows: ROWS,
        columns: 6,
        picture_side: None,
        pretrained: false,
        encoder: None,
        backbone: None,
        primary: "log_loss",
    }
}

#[test]
fn every_network_for_tables_from_raw_columns() {
    let table = table();
    for (target, task) in [("class", Task::Multiclass), ("amount", Task::Regression)] {
        let inputs = table
            .columns()
            .iter()
            .filter(|column| column.name == target || !["class", "amount"].contains(&column.name.as_str()));
        let table = Table::new(inputs.cloned().collect()).unwrap();
        let target = Target::of(&table, target, None).unwrap();
        let train: Vec<u32> = (0..ROWS as u32).collect();
        let preparation = Preparation::fit(&table, &target, &train, &PrepareConfig::default()).unwrap();
        let prepared = preparation.apply(&table, &train, Some(&target)).unwrap();
        let presets = PRESETS.iter().filter(|preset| preset.takes == Takes::Tables);
        let networks = presets.map(|preset| (preset.name, (preset.network)(&circumstances(task))));
        let layer_norms = NetworkConfig::Mlp(MlpConfig {
            hidden: vec![16; 2],
            norm: Some(NormKind::Layer),
            activation: Activation::Gelu,
            dropout: 0.0,
            embedding: 3,
        });
        for (name, network) in networks.chain([("layer norms", layer_norms)]) {
            let config = ModelConfig {
                schema: 1,
                inputs: Inputs::of(&preparation),
                outputs: if task == Task::Regression { 1 } else { 3 },
                network,
                views: Vec::new(),
            };
            let start = Arrays::of(&config.start(Seed(1), &prepared, &Device::flex()));
            let model = TrainedModel::new(config, preparation.clone(), &start).unwrap();
            assert_same(&model, &table, &format!("{name} {task:?}"));
            if name != "tabm" {
                let inputs = model.onnx_inputs(&table, &train).unwrap();
                assert_felt(&model, &prepared, &inputs, (&format!("{name} {task:?}"), 0.05));
            }
            match prune(&model, 0.5, Importance::Taylor, &prepared) {
                Ok(pruned) => assert_same(&pruned.model, &table, &format!("{name} {task:?}, pruned")),
                Err(reason) => assert_eq!(name, "layer norms", "{reason}"),
            }
        }
    }
}

const SIDE: usize = 64;

fn picture(row: usize) -> Picture {
    let stream = Seed(row as u64).stream("picture");
    let pixels = (0..SIDE * SIDE * 3).map(|at| stream.below(at as u64, 256) as u8).collect();
    Picture::new(SIDE, SIDE, Channels::Rgb, pixels).unwrap()
}

/// Channel by channel, as a file's input of bytes has them.
fn by_channel(picture: &Picture) -> Vec<i64> {
    let of_channel =
        |channel: usize| picture.pixels().iter().skip(channel).step_by(3).copied().map(i64::from);
    (0..3).flat_map(of_channel).collect()
}

/// Norms as after a training: folding them changes what it must.
fn with_statistics(mut weights: Arrays) -> Arrays {
    let stream = Seed(4).stream("statistics");
    for (at, (name, array)) in weights.0.iter_mut().enumerate() {
        for (place, value) in array.values.iter_mut().enumerate() {
            let draw = stream.at(at as u64).uniform(place as u64) as f32;
            if name.ends_with("running_mean") {
                *value = draw - 0.5;
            } else if name.ends_with("running_var") {
                *value = 0.5 + draw;
            }
        }
    }
    weights
}

/// Norms that change nothing when they are folded. In a file biases are whole numbers of tiny steps, and each code that falls on the other
/// side for it moves hundreds behind it: with biases two roundings of a deep network are soon two different ones.
fn with_exact_norms(mut weights: Arrays) -> Arrays {
    const EPSILON: f32 = 1e-5;
    for (name, array) in &mut weights.0 {
        if name.ends_with("running_mean") {
            array.values.fill(0.0);
        } else if name.ends_with("running_var") {
            array.values.fill(1.0 - EPSILON);
        }
    }
    weights
}

#[test]
fn every_backbone_from_bytes() {
    let (table, rows) = (table(), [0u32, 1, 2]);
    let target = Target::of(&table, "class", None).unwrap();
    let fitted = Preparation::fit(&table, &target, &rows, &PrepareConfig::default()).unwrap();
    let encoding = ImageEncoding {
        side: SIDE,
        resized: SIDE,
        channels: Channels::Rgb,
        mean: vec![0.48, 0.45, 0.4],
        deviation: vec![0.23, 0.22, 0.25],
    };
    let column = PreparedColumn {
        name: "photo".to_owned(),
        kind: Kind::Image,
        encoding: Encoding::Image(encoding.clone()),
    };
    let preparation = Preparation { columns: vec![column], ..fitted };
    let bytes: Vec<i64> = (0..3).flat_map(|row| by_channel(&picture(row))).collect();
    let set = Arc::new((0..3).map(picture).collect());
    let images = PreparedImages { set, rows: rows.to_vec(), encoding, view: VIEWS[0] };
    let prepared = Prepared { images: Some(images), ..crate::made_up::empty(3) };
    for backbone in [
        BackboneConfig::Resnet(ResNetConfig {
            blocks: vec![1; 3],
            width: 16,
            ..ResNetConfig::resnet18(Stem::Large)
        }),
        BackboneConfig::Resnet(ResNetConfig {
            blocks: vec![1; 2],
            width: 16,
            ..ResNetConfig::resnet50(Stem::Small)
        }),
        BackboneConfig::MobilenetV2(Widths::default()),
        BackboneConfig::Squeezenet1_1(Widths::default()),
        BackboneConfig::EfficientnetLite0(Widths::default()),
        BackboneConfig::Vit(VitConfig { patch: 16, width: 48, depth: 2, heads: 3, sizes: Vec::new() }),
    ] {
        let what = format!("{backbone:?}");
        let network = NetworkConfig::Pictures(PictureConfig { backbone, embedding: 8, dropout: 0.0 });
        let config = ModelConfig {
            schema: 1,
            inputs: Inputs::pictures(SIDE, 3),
            outputs: 3,
            network,
            views: Vec::new(),
        };
        let start = Arrays::of(&config.start(Seed(1), &prepared, &Device::flex()));
        let of = |start: &Arrays| TrainedModel::new(config.clone(), preparation.clone(), start).unwrap();
        let exact = of(&with_exact_norms(start.clone()));
        let model = of(&with_statistics(start));
        let inputs = || {
            let input = Tensor::new(vec![3, 3, SIDE, SIDE], OnnxValues::Whole(bytes.clone())).unwrap();
            vec![("photo".to_owned(), input)]
        };
        // Through dozens of layers the last digit of single precision grows too.
        let deep = !what.starts_with("Resnet") && !what.starts_with("Vit");
        let share = if deep { 0.5 } else { 0.01 };
        assert_felt(&exact, &prepared, &inputs(), (&what, share));
        let exact = prune(&exact, 0.5, Importance::Magnitude, &prepared).unwrap().model;
        assert_felt(&exact, &prepared, &inputs(), (&format!("{what}, pruned"), share));
        let pruned = prune(&model, 0.5, Importance::Magnitude, &prepared).unwrap().model;
        for (model, what) in [(model, what.clone()), (pruned, format!("{what}, pruned"))] {
            let written = OnnxModel::read(model.to_onnx("test").unwrap()).unwrap();
            let found = written.run(inputs(), "probabilities").unwrap();
            let (Predictions::Probabilities { values, .. }, OnnxValues::Floats(found)) =
                (model.predict_prepared(&prepared), found.values())
            else {
                panic!("{what}: no probabilities")
            };
            for (own, found) in values.iter().zip(found) {
                assert!((own - f64::from(*found)).abs() < 1e-4, "{what}: {found} for {own}");
            }
        }
    }
}
