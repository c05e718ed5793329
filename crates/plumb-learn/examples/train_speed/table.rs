//! Presets for tables inside the real loop: gathering, forward, backward, gradient norm, update.

use std::time::Instant;

use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_learn::model::{Inputs, ModelConfig, training_device};
use plumb_learn::presets::{self, Circumstances};
use plumb_learn::train::{Checkpoint, Control, Event, Observer, TrainConfig, TrainData, train};
use plumb_ledger::Seed;
use plumb_ledger::clock::StoppedClock;
use plumb_stats::Task;
use serde_json::Value;

use crate::Failure;

const INPUTS: usize = 32;
const CLASSES: usize = 10;
const EPOCHS: u64 = 40;
const STEPS_PER_EPOCH: usize = 10;

struct Stopwatch {
    last: Instant,
    milliseconds: Vec<f64>,
}

impl Observer for Stopwatch {
    fn event(&mut self, event: &Event) -> Control {
        if matches!(event, Event::Step { .. }) {
            self.milliseconds.push(self.last.elapsed().as_secs_f64() * 1e3);
        }
        self.last = Instant::now();
        Control::Continue
    }
    fn checkpoint(&mut self, _checkpoint: &Checkpoint) -> Result<(), String> {
        Ok(())
    }
}

fn made_up(rows: usize) -> Prepared {
    let stream = Seed(0).stream("made-up");
    Prepared {
        rows,
        numbers: (0..(rows * INPUTS) as u64).map(|i| stream.normal(i) as f32).collect(),
        numbers_width: INPUTS,
        flags: Vec::new(),
        flags_width: 0,
        codes: Vec::new(),
        codes_width: 0,
        images: None,
        texts: None,
        labels: PreparedLabels::Classes((0..rows as u64).map(|i| stream.below(i, CLASSES) as u32).collect()),
    }
}

/// The step of a preset on 256 rows of 32 numbers and 10 classes.
pub(crate) fn preset(name: &str, rows: usize) -> Result<Value, Failure> {
    let data = made_up(rows * STEPS_PER_EPOCH);
    let nothing = made_up(0);
    let preset = presets::named(name)?;
    let of = Circumstances {
        task: Task::Multiclass,
        rows: data.rows,
        columns: data.numbers_width,
        picture_side: None,
        pretrained: false,
        encoder: None,
        backbone: None,
        primary: "log_loss",
    };
    let config = TrainConfig {
        epochs: EPOCHS,
        batch_size: rows,
        watch_every: 0,
        checkpoint_seconds: f64::INFINITY,
        ..(preset.train)(&of)
    };
    let model = ModelConfig {
        schema: 1,
        inputs: Inputs { numbers: INPUTS, ..Inputs::default() },
        outputs: CLASSES,
        network: (preset.network)(&of),
        views: Vec::new(),
    };
    let network = model.start(Seed(0), &data, &training_device());
    let parts = TrainData {
        train: &data,
        valid: &nothing,
        task: Task::Multiclass,
        label_scale: None,
        changed: None,
        groups: None,
        teacher: None,
        rounding: None,
    };
    let mut stopwatch = Stopwatch { last: Instant::now(), milliseconds: Vec::new() };
    train(network, &parts, &config, None, &mut stopwatch, &StoppedClock::default())?;
    let mut times = stopwatch.milliseconds.split_off(STEPS_PER_EPOCH);
    times.sort_by(f64::total_cmp);
    Ok(serde_json::json!({ "median_ms": times.get(times.len() / 2) }))
}
