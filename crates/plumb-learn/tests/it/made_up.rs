//! Made-up prepared tables, observers and settings.

use std::sync::Arc;

use plumb_data::augment::VIEWS;
use plumb_data::pictures::{Channels, Picture};
use plumb_data::prepare::{ImageEncoding, Prepared, PreparedImages, PreparedLabels};
use plumb_learn::model::{Inputs, ModelConfig, NetworkConfig, TabularNetwork, TextInput, training_device};
use plumb_learn::models::pictures::{BackboneConfig, PictureConfig};
use plumb_learn::presets::{self, Circumstances, PRESETS, Preset, Takes};
use plumb_learn::train::{Checkpoint, Control, Event, Groups, Observer, Teacher, TrainConfig, TrainData};
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
    Prepared {
        rows,
        numbers,
        numbers_width: 2,
        flags,
        flags_width: 1,
        codes,
        codes_width: 1,
        images: None,
        texts: None,
        labels,
    }
}

/// Noise with bars, upright or level; the class says which, a tenth is wrong.
fn pictures(rows: usize, stream: Stream) -> Prepared {
    let mut labels = Vec::new();
    let picture = |row: u64| {
        let stream = stream.at(row);
        let upright = stream.uniform(1000) < 0.5;
        labels.push(u32::from(upright != (stream.uniform(1001) < 0.1)));
        let phase = stream.below(1002, 2);
        let pixel = |at: usize| {
            let along = if upright { at % SIDE } else { at / SIDE };
            let bar = if (along + phase) % 4 < 2 { 150.0 } else { 90.0 };
            (bar + 20.0 * stream.normal(at as u64)).clamp(0.0, 255.0) as u8
        };
        Picture::new(SIDE, SIDE, Channels::Grey, (0..SIDE * SIDE).map(pixel).collect()).unwrap()
    };
    let set = Arc::new((0..rows as u64).map(picture).collect());
    let encoding = ImageEncoding {
        side: SIDE,
        resized: SIDE,
        channels: Channels::Grey,
        mean: vec![0.47],
        deviation: vec![0.14],
    };
    Prepared {
        rows,
        images: Some(PreparedImages { set, rows: (0..rows as u32).collect(), encoding, view: VIEWS[0] }),
        labels: PreparedLabels::Classes(labels),
        numbers: vec![],
        numbers_width: 0,
        flags: vec![],
        flags_width: 0,
        codes: vec![],
        codes_width: 0,
        texts: None,
    }
}

/// Words in random order; the class says whether the first of two is there, a tenth is wrong.
fn texts(rows: usize, stream: Stream) -> Prepared {
    let has_first = |row: u64| row.is_multiple_of(3);
    let text = |row: u64| -> Vec<u32> {
        let stream = stream.at(row);
        let told = if has_first(row) { 4 } else { 5 };
        let words = 3 + stream.below(0, 9) as u64;
        let mut tokens: Vec<u32> = (0..words).map(|at| 6 + stream.below(1 + at, 20) as u32).collect();
        tokens.insert(stream.below(50, tokens.len()), told);
        [vec![2], tokens, vec![3]].concat()
    };
    let wrong = |row: u64| stream.at(row).uniform(99) < 0.1;
    let labels = (0..rows as u64).map(|row| u32::from(has_first(row) != wrong(row))).collect();
    Prepared {
        texts: Some((0..rows as u64).map(text).collect()),
        labels: PreparedLabels::Classes(labels),
        ..empty(rows)
    }
}

/// The tokens of made-up texts.
const VOCABULARY: usize = 26;

/// Rows of nothing.
pub(crate) fn empty(rows: usize) -> Prepared {
    Prepared {
        rows,
        numbers: vec![],
        numbers_width: 0,
        flags: vec![],
        flags_width: 0,
        codes: vec![],
        codes_width: 0,
        images: None,
        texts: None,
        labels: PreparedLabels::Absent,
    }
}

/// The side of made-up pictures.
const SIDE: usize = 8;

/// The presets that are tried: one stands for those for pictures, whose networks have tests of their own, and one for those for
/// texts.
pub(crate) fn tried() -> impl Iterator<Item = &'static str> {
    let tried = |preset: &&Preset| {
        preset.takes == Takes::Tables || ["resnet14", "transformer", "gru", "mixed"].contains(&preset.name)
    };
    PRESETS.iter().filter(tried).map(|preset| preset.name)
}

pub(crate) struct Setup {
    pub(crate) train: Prepared,
    pub(crate) valid: Prepared,
    pub(crate) model: ModelConfig,
    pub(crate) config: TrainConfig,
    pub(crate) groups: Option<Groups>,
    pub(crate) teacher: Option<Teacher>,
}

/// Made-up rows of the kind that a preset takes in.
pub(crate) fn rows_for(preset: &str, rows: usize, stream: Stream) -> Prepared {
    match presets::named(preset).unwrap().takes {
        Takes::Tables => classes(rows, stream),
        Takes::Pictures => pictures(rows, stream),
        Takes::Texts => texts(rows, stream),
        Takes::Mixed => {
            let (pictures, texts) = (pictures(rows, stream), texts(rows, stream));
            Prepared { images: pictures.images, texts: texts.texts, ..classes(rows, stream) }
        }
    }
}

/// A quick training of a preset on 600 made-up rows.
pub(crate) fn setup(preset: &str, epochs: u64) -> Setup {
    let preset = presets::named(preset).unwrap();
    let picture_side = matches!(preset.takes, Takes::Pictures | Takes::Mixed).then_some(SIDE);
    let of = Circumstances {
        task: Task::Binary,
        rows: 600,
        columns: 4,
        picture_side,
        pretrained: false,
        encoder: None,
        backbone: None,
        primary: "log_loss",
    };
    let table = Inputs { numbers: 2, flags: 1, levels: vec![21], ..Inputs::default() };
    let text = Some(TextInput { vocabulary: VOCABULARY, length: 16 });
    let pictures = Inputs::pictures(SIDE, 1);
    let inputs = match preset.takes {
        Takes::Tables => table,
        Takes::Pictures => pictures,
        Takes::Texts => Inputs { text, ..Inputs::default() },
        Takes::Mixed => Inputs { text, image: pictures.image, ..table },
    };
    let rows = |count, name| rows_for(preset.name, count, Seed(1).stream(name));
    let mut network = (preset.network)(&of);
    let picture = match &mut network {
        NetworkConfig::Pictures(config) => Some(config),
        NetworkConfig::Mixed(config) => config.picture.as_mut(),
        _ => None,
    };
    if let Some(PictureConfig { backbone: BackboneConfig::Resnet(config), .. }) = picture {
        // A tenth of the operations, the same code.
        (config.blocks, config.width) = (vec![1; 3], 16);
    }
    Setup {
        train: rows(600, "train"),
        valid: rows(200, "valid"),
        model: ModelConfig { schema: 1, inputs, outputs: 2, network, views: Vec::new() },
        groups: None,
        teacher: None,
        config: TrainConfig { epochs, batch_size: 128, seed: 7, ..(preset.train)(&of) },
    }
}

impl Setup {
    pub(crate) fn data(&self) -> TrainData<'_> {
        TrainData {
            train: &self.train,
            valid: &self.valid,
            task: Task::Binary,
            label_scale: None,
            changed: None,
            groups: self.groups.as_ref(),
            teacher: self.teacher.as_ref(),
            rounding: None,
        }
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
