//! What the `train.*` practices look at.

use super::History;

/// Facts about a training run. The default knows nothing: then every practice is skipped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainContext {
    /// What happened.
    pub history: History,
    /// Whether training is over. While it runs, what only the end can show is not judged.
    pub finished: bool,
    /// The number that is not finite and ended the training, if any.
    pub non_finite: Option<NonFinite>,
    /// Series of another tool's log that hold numbers which are none. Where it is empty, the history is searched.
    pub broken: Vec<BrokenSeries>,
    /// The training loss of the best constant prediction: the entropy of the classes, or the variance.
    pub constant_loss: Option<f64>,
    /// The metric that chooses the epoch.
    pub primary: Option<Primary>,
    /// The difference between groups up to which an epoch may be chosen for its score (`train.mitigation`).
    pub slack: Option<f64>,
    /// The epoch whose weights are kept, as evaluated again after training.
    pub kept: Option<Kept>,
    /// What holds the model back.
    pub regularisation: Option<Regularisation>,
    /// Seconds by step of the pipeline: `wait` is the time that training waited for its batches.
    pub seconds: Vec<(String, f64)>,
    /// Seconds by step of making batches ahead, over all threads; empty where batches are only gathered.
    pub making: Vec<(String, f64)>,
    /// The rows of the batch of some steps, those that stand out.
    pub rows: Vec<(u64, Vec<u32>)>,
    /// The weights' hashes of two short runs with the same seed.
    pub repeated_hashes: Option<(String, String)>,
}

/// Rows that evidence names at most.
pub(super) const LISTED: usize = 20;

impl TrainContext {
    /// Of the batch of a step, at most 20 of its rows; none where they are not known.
    pub(super) fn rows_of(&self, step: u64) -> Vec<u32> {
        let known = self.rows.iter().find(|(of, _)| *of == step);
        known.map(|(_, rows)| rows.iter().copied().take(LISTED).collect()).unwrap_or_default()
    }
}

/// Where a number stopped being one.
#[derive(Debug, Clone, PartialEq)]
pub struct NonFinite {
    /// `loss`, `gradient` or `weight`.
    pub what: String,
    /// The step.
    pub step: u64,
    /// The layer or parameter where it shows first.
    pub layer: String,
    /// The rows of the batch.
    pub rows: Vec<u32>,
}

/// A recorded series with a number that is not finite.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenSeries {
    /// Its name, as recorded.
    pub name: String,
    /// What it measures.
    pub kind: SeriesKind,
    /// The step of the first such number, where known.
    pub step: Option<u64>,
    /// Its epoch, where known.
    pub epoch: Option<u64>,
    /// The number: NaN or an infinity.
    pub value: f64,
    /// How many there are.
    pub count: usize,
    /// Of how many in all.
    pub of: usize,
    /// Whether the series ends with a finite number.
    pub recovered: bool,
}

/// What a recorded series measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesKind {
    /// A loss, on the training or the validation rows.
    Loss,
    /// The norm of gradients.
    Gradient,
    /// Anything else: a metric, a rate.
    Other,
}

/// The metric that chooses the epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Primary {
    /// Its name, as in the history's `valid`.
    pub name: String,
    /// Whether more is better.
    pub more_is_better: bool,
}

/// The weights that training returned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// Their epoch.
    pub epoch: u64,
    /// Their primary metric on the validation rows, computed again from the kept weights.
    pub score: Option<f64>,
}

/// What holds the model back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularisation {
    /// Dropout's rate.
    pub dropout: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Label smoothing.
    pub label_smoothing: f64,
}
