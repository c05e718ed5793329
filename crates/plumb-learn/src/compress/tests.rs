//! Pruning of every preset, on made-up rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use burn::tensor::Device;
use plumb_data::augment::VIEWS;
use plumb_data::pictures::{Channels, Picture};
use plumb_data::prepare::{
    ImageEncoding, Preparation, PrepareConfig, Prepared, PreparedImages, PreparedLabels,
};
use plumb_data::{Column, Kind, Table, Target};
use plumb_ledger::Seed;
use plumb_stats::Task;

use super::cut::without;
use super::{Cost, Importance, PruneError, prune, prune_weights, units};
use crate::model::{Inputs, ModelConfig, NetworkConfig, TextInput};
use crate::models::pictures::vit::VitConfig;
use crate::models::pictures::{BackboneConfig, PictureConfig};
use crate::parameters::Arrays;
use crate::predict::{TrainedModel, outputs};
use crate::presets::{Circumstances, PRESETS, Preset, Takes};

const ROWS: usize = 12;
const SIDE: usize = 32;

/// Rows with everything that any preset takes.
fn rows(takes: Takes) -> Prepared {
    let stream = Seed(5).stream("rows");
    let picture = |row: u64| {
        let pixels = (0..SIDE * SIDE).map(|at| stream.at(row).below(at as u64, 256) as u8).collect();
        Picture::new(SIDE, SIDE, Channels::Grey, pixels).unwrap()
    };
    let encoding = ImageEncoding {
        side: SIDE,
        resized: SIDE,
        channels: Channels::Grey,
        mean: vec![0.5],
        deviation: vec![0.3],
    };
    let set = Arc::new((0..ROWS as u64).map(picture).collect());
    let images = PreparedImages { set, rows: (0..ROWS as u32).collect(), encoding, view: VIEWS[0] };
    let text =
        |row: u64| -> Vec<u32> { (0..4 + row % 3).map(|at| stream.at(row).below(at, 26) as u32).collect() };
    let (pictures, texts, tables) = (
        matches!(takes, Takes::Pictures | Takes::Mixed),
        matches!(takes, Takes::Texts | Takes::Mixed),
        matches!(takes, Takes::Tables | Takes::Mixed),
    );
    let width = usize::from(tables);
    let many = |width: usize| ROWS * width;
    Prepared {
        rows: ROWS,
        numbers: (0..many(2 * width)).map(|at| stream.normal(at as u64) as f32).collect(),
        numbers_width: 2 * width,
        flags: (0..many(width)).map(|at| (at % 2) as f32).collect(),
        flags_width: width,
        codes: (0..many(width)).map(|at| at as u32 % 21).collect(),
        codes_width: width,
        images: pictures.then_some(images),
        texts: texts.then(|| (0..ROWS as u64).map(text).collect()),
        labels: PreparedLabels::Classes((0..ROWS as u32).map(|row| row % 3).collect()),
    }
}

/// The preparation of another table: what pruning asks of it is the task.
fn preparation() -> Preparation {
    let names = ["a", "b", "c"];
    let table = Table::new(vec![
        Column::number("x", Kind::Number, (0..ROWS).map(|row| Some(row as f64))),
        Column::category("y", Kind::Category, (0..ROWS).map(|row| Some(names[row % 3]))),
    ])
    .unwrap();
    let target = Target::of(&table, "y", None).unwrap();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    Preparation::fit(&table, &target, &rows, &PrepareConfig::default()).unwrap()
}

/// A model of a preset whose norms have seen something.
fn model(preset: &Preset, rows: &Prepared) -> TrainedModel {
    let of = Circumstances {
        task: Task::Multiclass,
        rows: 600,
        columns: 4,
        picture_side: rows.images.as_ref().map(|_| SIDE),
        pretrained: false,
        encoder: None,
        backbone: None,
        primary: "log_loss",
    };
    let mut network = (preset.network)(&of);
    if let NetworkConfig::Pictures(PictureConfig { backbone: BackboneConfig::Vit(config), .. }) = &mut network
    {
        *config = VitConfig { patch: 8, width: 48, depth: 2, heads: 3, sizes: Vec::new() };
    }
    let inputs = Inputs {
        numbers: rows.numbers_width,
        flags: rows.flags_width,
        levels: vec![21; rows.codes_width],
        image: rows.images.as_ref().and(Inputs::pictures(SIDE, 1).image),
        text: rows.texts.as_ref().map(|_| TextInput { vocabulary: 26, length: 16 }),
    };
    let config = ModelConfig { schema: 1, inputs, outputs: 3, network, views: Vec::new() };
    let mut weights = Arrays::of(&config.start(Seed(1), rows, &Device::flex()));
    let stream = Seed(4).stream("statistics");
    for (at, (name, array)) in weights.0.iter_mut().enumerate() {
        let draw = |place: usize| stream.at(at as u64).uniform(place as u64) as f32;
        for (place, value) in array.values.iter_mut().enumerate() {
            match name.rsplit('.').next() {
                Some("running_mean") => *value = draw(place) - 0.5,
                Some("running_var") => *value = 0.5 + draw(place),
                Some("bias") => *value += 0.2 * (draw(place) - 0.5),
                _ => {}
            }
        }
    }
    TrainedModel::new(config, preparation(), &weights).unwrap()
}

/// Whether the units of a preset's network can go.
fn can_be_pruned(preset: &Preset) -> bool {
    !["lstm", "gru"].contains(&preset.name)
}

#[test]
fn units_that_nothing_feeds_on_go_without_a_trace() {
    for preset in PRESETS.iter().filter(|preset| can_be_pruned(preset)) {
        let rows = rows(preset.takes);
        let model = model(preset, &rows);
        let sets = units::of(&model.config().network).unwrap();
        let mut weights = model.weights();
        let mut sets_kept = Vec::new();
        for units in sets {
            // Every third one goes: the first one, too, and never all.
            let gone: BTreeSet<usize> = (0..units.count).step_by(3).collect();
            for place in &units.fed {
                let array = weights.0.get_mut(&place.name).unwrap();
                let inner: usize = array.shape[place.axis + 1..].iter().product();
                let (extent, entries) = (array.shape[place.axis], &gone);
                let dead: BTreeSet<usize> =
                    entries.iter().flat_map(|&unit| place.entries(units.count, unit)).collect();
                for (at, value) in array.values.iter_mut().enumerate() {
                    if dead.contains(&(at / inner % extent)) {
                        *value = 0.0;
                    }
                }
            }
            let kept: Vec<usize> = (0..units.count).filter(|unit| !gone.contains(unit)).collect();
            sets_kept.push((units, kept));
        }
        let counts: Vec<usize> = sets_kept.iter().map(|(_, kept)| kept.len()).collect();
        let network = units::with_counts(&model.config().network, &counts);
        let smaller = ModelConfig { network, ..model.config().clone() };
        let dead = weights.load(model.config().empty(&Device::flex())).unwrap();
        let cut = without(&weights, &sets_kept).load(smaller.empty(&Device::flex())).unwrap();
        let (with, left) = (outputs(&dead, &rows), outputs(&cut, &rows));
        let largest = with.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        for (with, left) in with.iter().zip(&left) {
            assert!((with - left).abs() <= 1e-5 * largest, "{}: {left} for {with}", preset.name);
        }
        assert!(largest > 1e-3, "{}: {largest}", preset.name);
    }
}

#[test]
fn every_preset_is_smaller_afterwards_or_says_why_not() {
    for preset in PRESETS {
        let rows = rows(preset.takes);
        let model = model(preset, &rows);
        let found = prune(&model, 0.5, Importance::Taylor, &rows);
        if !can_be_pruned(preset) {
            let error = found.unwrap_err();
            assert!(
                matches!(error, PruneError::NoUnits(why) if why.contains("recurrent")),
                "{}",
                preset.name
            );
            continue;
        }
        let pruned = found.unwrap();
        let (before, after) = (pruned.before, pruned.after);
        assert_eq!(after.parameters, pruned.model.weights().count() as u64);
        let share = |of: fn(&Cost) -> u64| of(&after) as f64 / of(&before) as f64;
        let (numbers, products) = (share(|cost| cost.parameters), share(|cost| cost.multiply_adds));
        assert!(numbers < 0.92 && products < 0.82, "{}: {numbers} {products}", preset.name);
        let units = |of: fn(&super::PrunedLayer) -> usize| pruned.layers.iter().map(of).sum::<usize>() as f64;
        let left = units(|layer| layer.after) / units(|layer| layer.before);
        assert!((left - 0.5).abs() < 0.1, "{}: {left}", preset.name);
        for layer in &pruned.layers {
            let fills = layer.before < 16 || layer.after.is_multiple_of(8);
            assert!(layer.after > 0 && fills, "{}: {layer:?}", preset.name);
        }
        let (description, weights) =
            (pruned.model.description().unwrap(), pruned.model.weights_file().unwrap());
        let read = TrainedModel::read(&description, &weights, &preparation().to_json().unwrap()).unwrap();
        assert_eq!(read.predict_prepared(&rows), pruned.model.predict_prepared(&rows), "{}", preset.name);
        let again = prune(&read, 0.5, Importance::Magnitude, &rows).unwrap();
        assert!(again.after.multiply_adds < after.multiply_adds, "{}", preset.name);
    }
}

#[test]
fn products_are_counted_as_by_hand() {
    let of = |name: &str| {
        let preset = crate::presets::named(name).unwrap();
        let rows = rows(preset.takes);
        Cost::of(&model(preset, &rows), &rows).multiply_adds
    };
    // Two numbers, a flag, a category of 8; two layers of 256; three classes.
    assert_eq!(of("mlp"), 11 * 256 + 256 * 256 + 256 * 3);
    // Eight members share the layers; each has a head. Each number has an embedding of 48 bins to 16.
    let embedded = 2 * 16 + 1 + 8;
    let shared = 8 * (embedded * 256 + 256 * 256);
    assert!(of("tabm") > shared + 8 * 256 * 3 && of("tabm") < shared + 8 * 256 * 3 + 4 * 48 * 16);
    // 32 pixels: the stem, then stages of two blocks at 32, 16 and 8 pixels with 32, 64 and 128 channels.
    let stage = |pixels: u64, from: u64, to: u64| {
        let around = if from == to { 0 } else { from * to };
        pixels * pixels * (9 * from * to + 3 * 9 * to * to + around)
    };
    let stem = 32 * 32 * 9 * 32;
    assert_eq!(of("resnet14"), stem + stage(32, 32, 32) + stage(16, 32, 64) + stage(8, 64, 128) + 128 * 3);
}

#[test]
fn what_is_no_share_and_what_has_no_labels_is_refused() {
    let preset = crate::presets::named("mlp").unwrap();
    let rows = rows(preset.takes);
    let model = model(preset, &rows);
    for share in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(matches!(prune(&model, share, Importance::Taylor, &rows), Err(PruneError::Share(_))));
    }
    let unlabelled = Prepared { labels: PreparedLabels::Absent, ..rows };
    assert_eq!(prune(&model, 0.5, Importance::Taylor, &unlabelled).unwrap_err(), PruneError::NoRows);
}

#[test]
fn single_weights_of_0_leave_every_product() {
    let preset = crate::presets::named("mlp").unwrap();
    let rows = rows(preset.takes);
    let model = model(preset, &rows);
    let sparse = prune_weights(&model, 0.9).unwrap();
    assert!((sparse.zeros as f64 / sparse.weights as f64 - 0.9).abs() < 0.01);
    assert_eq!(Cost::of(&sparse.model, &rows), Cost::of(&model, &rows));
}
