//! All that a training run is told, every value resolved.

use std::collections::BTreeMap;

use plumb_data::augment::Augmentation;
use plumb_data::prepare::{LabelScale, Prepared};
use plumb_stats::Task;
use serde::{Deserialize, Serialize};

use crate::losses::Loss;
use crate::optim::OptimizerConfig;
use crate::schedules::ScheduleConfig;

/// How to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// The seed of shuffles, dropout and start values.
    pub seed: u64,
    /// Passes over the training rows.
    pub epochs: u64,
    /// Rows in a batch.
    pub batch_size: usize,
    /// Batches whose gradients make one step, at least 1.
    pub accumulate: usize,
    /// Whether every class is drawn equally often.
    pub balanced: bool,
    /// How pictures are changed at random.
    pub augmentation: Augmentation,
    /// Threads that make batches of pictures. Changes no result.
    pub workers: usize,
    /// What is minimized.
    pub loss: Loss,
    /// How gradients become steps.
    pub optimizer: OptimizerConfig,
    /// The learning rate, before schedule and groups.
    pub lr: f64,
    /// Multiplies the rate, by step.
    pub schedule: ScheduleConfig,
    /// The weight decay, before its schedule.
    pub weight_decay: f64,
    /// Multiplies the decay, by step.
    pub decay_schedule: ScheduleConfig,
    /// Multiplies the network's dropout rates, by step.
    pub dropout_schedule: ScheduleConfig,
    /// Gradients longer than this, all parameters together, are shortened to it.
    pub clip_norm: Option<f64>,
    /// The weights evaluated and kept are a moving average that keeps this share of itself at each step.
    pub ema: Option<f64>,
    /// Epochs without a better validation score before training ends.
    pub patience: Option<u64>,
    /// The metric by which the best epoch is chosen.
    pub primary: String,
    /// Which epoch wins among equals.
    pub ties: Ties,
    /// Seconds between checkpoints at least; 0 for one after each step. When they are made changes no result.
    pub checkpoint_seconds: f64,
    /// Steps between looks at gradients and activations; 0 for none.
    pub watch_every: u64,
    /// What must be the same for a checkpoint to be resumed, by name: digests of the job and the data, the version.
    pub identity: BTreeMap<String, String>,
}

/// Which epoch wins among equal scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// The one with the lower validation loss.
    Loss,
    /// The last one: a lower rate (RealMLP).
    Last,
}

/// What to train on and to choose by.
#[derive(Debug, Clone, Copy)]
pub struct TrainData<'a> {
    /// The rows that gradients come from.
    pub train: &'a Prepared,
    /// The rows that choose the epoch; may be empty, then the last epoch is kept.
    pub valid: &'a Prepared,
    /// What is to be predicted.
    pub task: Task,
    /// How regression labels were standardised: metrics are in the target's own unit.
    pub label_scale: Option<LabelScale>,
}
