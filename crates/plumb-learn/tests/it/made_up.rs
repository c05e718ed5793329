//! Made-up prepared tables, observers and settings.

use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_learn::model::{Inputs, ModelConfig, TabularNetwork, training_device};
use plumb_learn::presets::{self, Circumstances};
use plumb_learn::train::{Checkpoint, Control, Event, Observer, TrainConfig, TrainData};
use plumb_ledger::{Seed, Stream};
use plumb_stats::Task;

/// Two numbers, one flag and one embedded category; the class is a curved function of all, a tenth is noise.
pub(crate) fn classes(rows: usize, stream: Stream) -> Prepared {
    let (mut numbers, mut flags, mut codes, mut labels) = (vec![], vec![], vec![], vec![]);
    for row in 0..rows as u64 {
        let (x, y) = (stream.normal(4 * row), stream.normal(4 * row + 1));
        let (flag, code) =
            (stream.below(8 * row + 100, 2) as f64, stream.below(8 * row + 101, 20) as u32 + 1);
        let score = x * x + y + flag - 1.0 + if code > 10 { 0.5 } else { -0.5 };
        let flipped = stream.uniform(8 * row + 102) < 0.1;
        numbers.extend([x as f32, y as f32]);
        flags.push(flag as f32);
        codes.push(code);
        labels.push(u32::from((score > 0.0) != flipped));
    }
    let labels = PreparedLabels::Classes(labels);
    Prepared { rows, numbers, numbers_width: 2, flags, flags_width: 1, codes, codes_width: 1, labels }
}

pub(crate) struct Setup {
    pub(crate) train: Prepared,
    pub(crate) valid: Prepared,
    pub(crate) model: ModelConfig,
    pub(crate) config: TrainConfig,
}

/// A quick training of a preset on 600 made-up rows.
pub(crate) fn setup(preset: &str, epochs: u64) -> Setup {
    let preset = presets::named(preset).unwrap();
    let of = Circumstances { task: Task::Binary, rows: 600, columns: 4, primary: "log_loss" };
    let inputs = Inputs { numbers: 2, flags: 1, levels: vec![21] };
    Setup {
        train: classes(600, Seed(1).stream("train")),
        valid: classes(200, Seed(1).stream("valid")),
        model: ModelConfig { schema: 1, inputs, outputs: 2, network: (preset.network)(&of) },
        config: TrainConfig { epochs, batch_size: 128, seed: 7, ..(preset.train)(&of) },
    }
}

impl Setup {
    pub(crate) fn data(&self) -> TrainData<'_> {
        TrainData { train: &self.train, valid: &self.valid, task: Task::Binary, label_scale: None }
    }

    pub(crate) fn network(&self) -> TabularNetwork {
        self.model.start(Seed(self.config.seed), &self.train, &training_device())
    }
}

/// Keeps everything it is told; stops after the given number of steps.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) events: Vec<Event>,
    pub(crate) last: Option<Checkpoint>,
    pub(crate) stop_after: Option<usize>,
    pub(crate) steps: usize,
}

impl Observer for Recorder {
    fn event(&mut self, event: &Event) -> Control {
        self.events.push(event.clone());
        self.steps += usize::from(matches!(event, Event::Step { .. }));
        if self.stop_after.is_some_and(|stop| self.steps >= stop) { Control::Stop } else { Control::Continue }
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        self.last = Some(checkpoint.clone());
        Ok(())
    }
}
