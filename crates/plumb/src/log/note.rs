//! What a run has to tell. A note is made once and shared by all destinations, each of which takes from it what it can show.

use plumb_data::pictures::Picture;
use plumb_learn::parameters::Declared;
use plumb_learn::train::Event;
use plumb_ledger::Verdict;

/// Something that a run tells, and when.
#[derive(Debug)]
pub(crate) struct Note {
    /// Milliseconds since 1970.
    pub(crate) unix_ms: u64,
    /// What.
    pub(crate) content: Content,
}

/// What a run tells.
#[derive(Debug)]
pub(crate) enum Content {
    /// Everything is settled, the training begins or goes on.
    Settled(Settled),
    /// Something happened in training.
    Event(Event),
    /// Pictures of the network while it learns.
    Pictures {
        /// Steps so far.
        step: u64,
        /// Each under its tag.
        pictures: Vec<(String, Picture)>,
    },
    /// The trained model was measured.
    Measured(Box<Measured>),
    /// The run is over.
    Ended(Ended),
}

/// What is fixed before training.
#[derive(Debug)]
pub(crate) struct Settled {
    /// The resolved job as a file.
    pub(crate) job: String,
    /// Its keys and values: `train.lr`.
    pub(crate) settings: Vec<(String, toml::Value)>,
    /// The values of the network, in the order of its layers.
    pub(crate) network: Vec<Declared>,
    /// Steps before this: more than 0 in a resumed run.
    pub(crate) first_step: u64,
    /// Whether this step and later ones were told of already, by a run that ended after its checkpoint: they are void.
    pub(crate) told_beyond: bool,
}

/// What is known when the trained model has been measured.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Steps of the training.
    pub(crate) step: u64,
    /// The settings of the job, as in [`Settled`].
    pub(crate) settings: Vec<(String, toml::Value)>,
    /// Final figures: `test/accuracy`.
    pub(crate) figures: Vec<(String, f64)>,
    /// Scores of one class against the rest.
    pub(crate) curves: Vec<ClassScores>,
    /// How often each class (row) was taken for each (column); empty for regression.
    pub(crate) confusion: Vec<Vec<u64>>,
    /// The names of the classes; empty for regression.
    pub(crate) classes: Vec<String>,
    /// PNG files that belong together.
    pub(crate) pictures: Vec<PictureGroup>,
    /// Rows as points.
    pub(crate) points: Option<Points>,
}

/// How rows were scored for one class.
#[derive(Debug)]
pub(crate) struct ClassScores {
    /// `test/CLASS`.
    pub(crate) tag: String,
    /// The probability of the class and whether the row is of it, by row.
    pub(crate) rows: Vec<(f64, bool)>,
}

/// Pictures under one tag.
#[derive(Debug)]
pub(crate) struct PictureGroup {
    /// What they are.
    pub(crate) title: String,
    /// What to look for.
    pub(crate) caption: String,
    /// PNG files.
    pub(crate) pngs: Vec<Vec<u8>>,
}

/// Rows as points in many dimensions.
#[derive(Debug)]
pub(crate) struct Points {
    /// What the coordinates are, in words.
    pub(crate) title: String,
    /// The coordinates, point by point.
    pub(crate) values: Vec<f32>,
    /// How many a point has.
    pub(crate) width: usize,
    /// What each point is, by column; the first row names the columns.
    pub(crate) labels: Vec<Vec<String>>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// In which way.
    pub(crate) outcome: Outcome,
    /// All verdicts, in the order in which they were given.
    pub(crate) verdicts: Vec<Judged>,
}

/// The ways in which a run can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did all that it was to do.
    Finished,
    /// An error or a gate ended it.
    Failed,
    /// Somebody ended it, and it can go on.
    Interrupted,
}

/// One verdict.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The practice.
    pub(crate) practice: String,
    /// Its answer.
    pub(crate) verdict: Verdict,
    /// In a sentence.
    pub(crate) summary: String,
}

/// Steps between points of the step curves; the pages thin them anyway.
const EVERY: u64 = 10;

/// The figures of a step or an epoch, each under its tag; none for steps between points, and for looks at layers.
pub(crate) fn curves(event: &Event) -> Vec<(String, f64)> {
    match event {
        Event::Step { step, loss, lr, grad_norm, .. } if step % EVERY == 0 => {
            let figures = [("train/loss", *loss), ("train/lr", *lr), ("train/grad_norm", *grad_norm)];
            figures.map(|(tag, value)| (tag.to_owned(), value)).to_vec()
        }
        Event::Epoch { train_loss, valid, .. } => {
            let valid = valid.iter().map(|(name, value)| (format!("valid/{name}"), *value));
            std::iter::once(("train/epoch_loss".to_owned(), *train_loss)).chain(valid).collect()
        }
        Event::Step { .. } | Event::Layers { .. } => Vec::new(),
    }
}

/// Whether an event has anything that a destination shows.
pub(crate) fn is_shown(event: &Event) -> bool {
    !matches!(event, Event::Step { step, .. } if step % EVERY != 0)
}

impl Content {
    /// About how much memory it takes while it waits; only what comes with progress is counted.
    pub(crate) fn bytes(&self) -> usize {
        const NOTE: usize = 256;
        const LAYER: usize = 1024;
        match self {
            Self::Event(Event::Layers { layers, activations, .. }) => {
                NOTE + LAYER * (layers.len() + activations.len())
            }
            Self::Pictures { pictures, .. } => {
                NOTE + pictures.iter().map(|(_, picture)| picture.pixels().len()).sum::<usize>()
            }
            _ => NOTE,
        }
    }
}
