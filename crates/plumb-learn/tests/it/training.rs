//! What the loop learns, keeps and refuses.

use burn::module::Module;
use plumb_learn::parameters::{Arrays, declared};
use plumb_learn::predict::{last_activations, outputs, probabilities};
use plumb_learn::train::{Event, Stopped, TrainError, Transfer, train};
use plumb_ledger::Seed;
use plumb_ledger::clock::StoppedClock;

use crate::made_up::{Recorder, Setup, rows_for, setup, tried};

fn fit(setup: &Setup) -> (plumb_learn::train::Trained, Recorder) {
    let mut watcher = Recorder::default();
    let clock = StoppedClock::default();
    let trained = train(setup.network(), &setup.data(), &setup.config, None, &mut watcher, &clock).unwrap();
    (trained, watcher)
}

fn valid_losses(watcher: &Recorder) -> Vec<f64> {
    let loss = |event: &Event| match event {
        Event::Epoch { valid, .. } => Some(valid["loss"]),
        _ => None,
    };
    watcher.events.iter().filter_map(loss).collect()
}

#[test]
fn every_preset_learns_a_curved_boundary() {
    for preset in tried() {
        let mut setup = setup(preset, 30);
        setup.train = rows_for(preset, 2000, Seed(1).stream("more"));
        let (_, watcher) = fit(&setup);
        let best = valid_losses(&watcher).into_iter().fold(f64::INFINITY, f64::min);
        // A tenth of the labels is flipped, so about 0.33 is the least possible; log 2 is a coin's.
        assert!(best < 0.5, "{preset}: {best}");
    }
}

#[test]
fn every_network_lists_its_values_and_shows_its_rows_last() {
    for preset in tried() {
        let setup = setup(preset, 1);
        let network = setup.network().valid();
        let arrays = Arrays::of(&network);
        let listed = declared(&network);
        assert_eq!(listed.len(), arrays.0.len(), "{preset}");
        for of in &listed {
            assert_eq!(of.shape, arrays.0[&of.name].shape, "{preset}: {}", of.name);
            assert!(!of.layer.is_empty() && !of.layer.contains(':'), "{preset}: {of:?}");
        }
        let rows = rows_for(preset, 70, Seed(2).stream("shown"));
        let (name, values, width) = last_activations(&network, &rows);
        assert_eq!(values.len(), 70 * width, "{preset}");
        assert!(width > 1 && values.iter().all(|value| value.is_finite()), "{preset}");
        assert!(values.chunks(width).any(|row| row != &values[..width]), "{preset}: all rows alike");
        let kinds = ["features", "blocks.", "outputs"];
        assert!(kinds.iter().any(|kind| name.starts_with(kind)), "{preset}: {name}");
    }
}

#[test]
fn the_number_of_loader_threads_changes_no_weight() {
    let weights = |workers| {
        let mut setup = setup("resnet14", 2);
        setup.config.workers = workers;
        setup.config.augmentation.mix = plumb_data::augment::Mix::CutMix { alpha: 1.0 };
        fit(&setup).0.weights
    };
    let one = weights(1);
    assert_eq!(one, weights(2));
    assert_eq!(one, weights(4));
}

#[test]
fn stages_at_rest_keep_their_weights_and_statistics() {
    let mut setup = setup("resnet14", 3);
    // No validation rows: the last epoch's weights are kept.
    setup.valid = rows_for("resnet14", 0, Seed(1).stream("none"));
    let start = Arrays::of(&setup.network());
    for (transfer, moved) in [
        (Transfer { head_epochs: None, stage_epochs: 1, stage_decay: 1.0 }, ["fc"].as_slice()),
        (Transfer { head_epochs: Some(1), stage_epochs: 1, stage_decay: 1.0 }, &["fc", "layer4", "layer3"]),
        (
            Transfer { head_epochs: Some(0), stage_epochs: 0, stage_decay: 0.5 },
            &["fc", "layer", "conv1", "bn1"],
        ),
    ] {
        setup.config.transfer = Some(transfer);
        let end = fit(&setup).0.weights;
        for (name, before) in &start.0 {
            let may_move = moved.iter().any(|prefix| name.starts_with(prefix));
            assert_eq!(end.0[name] != *before, may_move, "{name} with {transfer:?}");
        }
    }
}

#[test]
fn the_weights_kept_are_those_of_the_best_epoch() {
    let setup = setup("mlp", 12);
    let (trained, watcher) = fit(&setup);
    let losses = valid_losses(&watcher);
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let network = trained.weights.load(setup.network()).unwrap().valid();
    let kept = outputs(&network, &setup.valid);
    let loss = setup.config.loss.plain().on_host(&kept, &setup.valid.labels);
    assert!((loss - best).abs() < 1e-9, "kept {loss}, best {best}");
    assert!((losses[trained.best_epoch.unwrap() as usize] - best).abs() < 1e-12);
    assert!(probabilities(&kept, 2).chunks(2).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
}

#[test]
fn patience_ends_a_run_that_has_stopped_improving() {
    let mut setup = setup("mlp", 200);
    (setup.config.patience, setup.config.lr) = (Some(3), 0.01);
    let (trained, _) = fit(&setup);
    assert_eq!(trained.stopped, Stopped::Early);
    assert_eq!(trained.epochs, trained.best_epoch.unwrap() + 1 + 4);
}

#[test]
fn a_loss_that_is_not_finite_names_layer_step_and_rows() {
    let mut setup = setup("mlp", 1);
    setup.train.numbers[10] = f32::NAN;
    let clock = StoppedClock::default();
    let failed = train(setup.network(), &setup.data(), &setup.config, None, &mut Recorder::default(), &clock);
    let Err(TrainError::NonFinite { what, layer, rows, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!((what, layer.as_str()), ("loss", "blocks.0"));
    assert!(rows.contains(&5), "row 5 holds the NaN");
}

#[test]
fn accumulated_batches_equal_the_big_batch() {
    // Without batch norm and dropout, which look at the batch itself.
    let one_step = |batch_size, accumulate| {
        let mut setup = setup("realmlp", 1);
        (setup.config.batch_size, setup.config.accumulate) = (batch_size, accumulate);
        setup.config.dropout_schedule = plumb_learn::schedules::ScheduleConfig::Coslog4; // 0 at the first step
        fit(&setup).1.events.iter().find_map(|event| match event {
            Event::Step { loss, grad_norm, .. } => Some((*loss, *grad_norm)),
            _ => None,
        })
    };
    let (big, parts) = (one_step(600, 1).unwrap(), one_step(150, 4).unwrap());
    assert!((big.0 - parts.0).abs() < 1e-5 && (big.1 - parts.1).abs() < 1e-4 * big.1, "{big:?} {parts:?}");
}

#[test]
fn events_are_lines_of_json() {
    let (_, watcher) = fit(&setup("realmlp", 1));
    let lines: Vec<String> =
        watcher.events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    assert!(lines[0].starts_with(r#"{"event":"step","step":0,"epoch":0,"loss":"#), "{}", lines[0]);
    assert!(lines[1].starts_with(r#"{"event":"layers","step":0,"layers":{"blocks.0.activation.strength":"#));
    assert!(lines.last().unwrap().contains(r#""valid":{"accuracy":"#));
    let read: Event = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(read, watcher.events[1]);
}
