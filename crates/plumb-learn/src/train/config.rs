//! All that a training run is told, every value resolved.

use std::collections::BTreeMap;

use plumb_data::augment::Augmentation;
use plumb_data::prepare::{LabelScale, Prepared};
use plumb_data::texts::ChangedTexts;
use plumb_stats::Task;
use serde::{Deserialize, Serialize};

use super::distillation::{Distillation, Teacher};
use super::mitigation::{Groups, Mitigation};
use crate::compress::Rounding;
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
    /// How the stages of a network that was trained before come to be trained; none for all from the beginning.
    pub transfer: Option<Transfer>,
    /// What is done about differences between groups ([`TrainData::groups`]).
    pub mitigation: Option<Mitigation>,
    /// How much is learned from a teacher ([`TrainData::teacher`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distillation: Option<Distillation>,
    /// The metric by which the best epoch is chosen, among those in which the groups are held together.
    pub primary: String,
    /// Which epoch wins among equals.
    pub ties: Ties,
    /// Seconds between checkpoints at least; 0 for one after each step. When they are made changes no result.
    pub checkpoint_seconds: f64,
    /// Steps between looks at gradients and activations, more where a run would have over a thousand looks; 0 for none.
    pub watch_every: u64,
    /// What must be the same for a checkpoint to be resumed, by name: digests of the job and the data, the version.
    pub identity: BTreeMap<String, String>,
}

/// How the stages of a network that was trained before come to be trained: from the head backwards, so that what it
/// knows is not overwritten while the head says nothing yet (Howard, Ruder 2018).
///
/// A stage at rest has no gradients, and its batch norms keep their statistics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Epochs in which the head alone is trained; none for all of them.
    pub head_epochs: Option<u64>,
    /// Epochs from one stage's beginning to the one's before it; 0 for all at once.
    pub stage_epochs: u64,
    /// What the rate is multiplied by for each stage between a parameter and the head.
    pub stage_decay: f64,
}

impl Transfer {
    /// Stages at rest in an epoch.
    pub fn at_rest(&self, epoch: u64, stages: usize) -> usize {
        let behind_head = stages.saturating_sub(1);
        let Some(since) = self.head_epochs.and_then(|head| epoch.checked_sub(head)) else {
            return behind_head;
        };
        let begun = since.checked_div(self.stage_epochs).map_or(u64::MAX, |stages| stages + 1);
        behind_head.saturating_sub(usize::try_from(begun).unwrap_or(usize::MAX))
    }

    /// What the rate of a stage is multiplied by.
    pub fn rate(&self, stage: usize, stages: usize) -> f64 {
        self.stage_decay.powi(stages.saturating_sub(stage + 1) as i32)
    }
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
    /// The texts of the train rows, if they are changed each time that they are seen.
    pub changed: Option<&'a ChangedTexts>,
    /// The groups of the rows, where training is to know them.
    pub groups: Option<&'a Groups>,
    /// A model to learn from, beside the labels.
    pub teacher: Option<&'a Teacher>,
    /// Numbers that the network is to be sound in.
    pub rounding: Option<&'a Rounding>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_begin_from_the_head_backwards() {
        let gradual = Transfer { head_epochs: Some(1), stage_epochs: 2, stage_decay: 0.5 };
        let at_rest: Vec<usize> = (0..9).map(|epoch| gradual.at_rest(epoch, 4)).collect();
        assert_eq!(at_rest, [3, 2, 2, 1, 1, 0, 0, 0, 0]);
        assert!((gradual.rate(0, 4) - 0.125).abs() < 1e-12 && (gradual.rate(3, 4) - 1.0).abs() < 1e-12);
        let full = Transfer { head_epochs: Some(0), stage_epochs: 0, stage_decay: 1.0 };
        let head = Transfer { head_epochs: None, ..full };
        assert_eq!([full.at_rest(0, 4), head.at_rest(1_000_000, 4)], [0, 3]);
    }
}
