//! Everything that the next step depends on besides the network: what a checkpoint holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Device;
use plumb_data::prepare::Prepared;
use plumb_ledger::{Seed, Stream};
use serde::{Deserialize, Serialize};

use super::distillation::Lesson;
use super::mitigation::{Hold, Mitigation, Multipliers, row_weights};
use super::{TrainConfig, TrainData, TrainError};
use crate::batches::{Batches, Sampling};
use crate::layers::Linear;
use crate::network::{LayerCodes, Network, ParameterRule};
use crate::optim::{Ema, Optimizer};
use crate::parameters::{Arrays, train_only, trained_names};
use crate::schedules::{Plateau, ScheduleConfig};

/// What changes as training goes on.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) progress: Progress,
    pub(super) optimizer: Optimizer,
    pub(super) ema: Option<Ema>,
    /// The weights of the best epoch.
    pub(super) best: Option<Arrays>,
    /// From what the network's head sees to what its teacher's does.
    pub(super) map: Option<Linear>,
    /// Where the time of this process went.
    pub(super) seconds: Seconds,
}

/// Seconds by step of the pipeline. No result depends on them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Seconds {
    /// Gathering batches: what the network waits for.
    pub wait: f64,
    /// Forward, backward and update.
    pub compute: f64,
    /// Scoring the validation rows.
    pub validate: f64,
    /// What the threads that make batches of pictures did meanwhile, all together.
    pub making: Making,
}

/// Seconds by step of making batches of pictures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Making {
    /// Cutting out what is shown, and resizing it.
    pub cut: f64,
    /// Changing it.
    pub change: f64,
    /// Copying it out of memory, and turning bytes into numbers.
    pub scale: f64,
    /// Blending pictures with each other.
    pub blend: f64,
}

/// The counters and scores: `state.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// The version of this format: 1.
    pub(super) schema: u32,
    /// Steps taken.
    pub(super) step: u64,
    /// Epochs completed.
    pub(super) epoch: u64,
    /// Batches of the current epoch that are done.
    pub(super) batch: usize,
    /// The sum of this epoch's step losses.
    pub(super) loss_sum: f64,
    /// How many there are.
    pub(super) losses: u64,
    /// The best epoch's score, more is better.
    pub(super) best_score: Option<f64>,
    /// The best epoch's validation loss.
    pub(super) best_loss: Option<f64>,
    /// By how much its groups differed beyond what is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) best_excess: Option<f64>,
    /// The best epoch.
    pub(super) best_epoch: Option<u64>,
    /// What holds groups together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) multipliers: Option<Multipliers>,
    /// The plateau schedule's memory.
    pub(super) plateau: Plateau,
    /// Updates of each parameter so far.
    pub(super) updates: BTreeMap<String, u64>,
    /// What must be the same to go on.
    pub(super) identity: BTreeMap<String, String>,
}

impl State {
    pub(super) fn new(config: &TrainConfig) -> Result<Self, TrainError> {
        Ok(Self {
            progress: Progress { schema: 1, identity: config.identity.clone(), ..Progress::default() },
            optimizer: Optimizer::new(config.optimizer.clone())?,
            ema: config.ema.map(Ema::new).transpose()?,
            best: None,
            map: None,
            seconds: Seconds::default(),
        })
    }
}

/// What stays the same.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) data: TrainData<'a>,
    pub(super) config: &'a TrainConfig,
    pub(super) device: Device,
    pub(super) batches: Batches,
    pub(super) dropout: Stream,
    pub(super) rules: BTreeMap<String, ParameterRule>,
    /// The stage of each parameter that is trained at some time.
    stage_of: BTreeMap<String, usize>,
    stages: usize,
    pub(super) total_steps: u64,
    /// How much each train row counts; empty for all the same.
    row_weights: Vec<f32>,
    pub(super) hold: Option<Hold<'a>>,
    pub(super) lesson: Option<Lesson<'a>>,
    /// The codes around layers, where values are rounded.
    pub(super) codes: Option<Arc<LayerCodes>>,
}

/// The rates of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) lr: f64,
    pub(super) weight_decay: f64,
    pub(super) dropout_factor: f64,
}

fn batches(train: &Prepared, config: &TrainConfig) -> Batches {
    let sampling = if config.balanced { Sampling::balanced(&train.labels) } else { Sampling::Shuffled };
    let stream = Seed(config.seed).stream("shuffle");
    Batches::new(train.rows, config.batch_size, stream, sampling).of_similar_length(train)
}

/// Weights of the train rows, and what holds groups together.
fn mitigated<'a>(data: &TrainData<'a>, config: &TrainConfig, steps: usize) -> (Vec<f32>, Option<Hold<'a>>) {
    let labels = &data.train.labels;
    match data.groups.zip(config.mitigation) {
        Some((groups, Mitigation::Reweigh)) => (row_weights(groups, labels), None),
        Some((groups, Mitigation::Hold { rates, slack })) => {
            (Vec::new(), Some(Hold::new(rates, slack, groups, labels, steps)))
        }
        None => (Vec::new(), None),
    }
}

/// The prepared rows that a step sees, in the order of its batches.
pub fn rows_of_step(train: &Prepared, config: &TrainConfig, step: u64) -> Vec<u32> {
    let batches = batches(train, config);
    let accumulate = config.accumulate.max(1);
    let per_epoch = batches.per_epoch().div_ceil(accumulate).max(1) as u64;
    let order = batches.order(step / per_epoch);
    let first = (step % per_epoch) as usize * accumulate;
    let last = (first + accumulate).min(batches.per_epoch());
    (first..last).flat_map(|index| batches.slice(&order, index).to_vec()).collect()
}

impl<'a> Plan<'a> {
    pub(super) fn new<N: Network>(network: &N, data: TrainData<'a>, config: &'a TrainConfig) -> Self {
        let seed = Seed(config.seed);
        let batches = batches(data.train, config);
        let rules = Arrays::of(network).0.into_iter().map(|(name, array)| {
            let mut rule = network.rule(&name, &array.shape);
            if let Some(transfer) = &config.transfer {
                rule.rate *= transfer.rate(network.stage_of(&name), network.stages());
            }
            (name, rule)
        });
        let rules: BTreeMap<String, ParameterRule> = rules.collect();
        let is_trained = |name: &String| rules.get(name).is_none_or(|rule| rule.rate > 0.0);
        let stage_of = trained_names(network).into_iter().filter(is_trained).map(|name| {
            let stage = network.stage_of(&name);
            (name, stage)
        });
        let steps = batches.per_epoch().div_ceil(config.accumulate.max(1));
        let (row_weights, hold) = mitigated(&data, config, steps);
        Self {
            data,
            config,
            row_weights,
            hold,
            lesson: Lesson::new(&data, config),
            codes: data.rounding.map(|rounding| rounding.codes(network)),
            device: network.devices().into_iter().next().unwrap_or_else(Device::flex).autodiff(),
            dropout: seed.stream("dropout"),
            stage_of: stage_of.collect(),
            rules,
            stages: network.stages(),
            total_steps: config.epochs * steps as u64,
            batches,
        }
    }

    /// How much each of these train rows counts in the loss.
    pub(super) fn weights_of(&self, rows: &[u32]) -> Option<Vec<f32>> {
        let weight = |&row: &u32| self.row_weights.get(row as usize).copied().unwrap_or(1.0);
        (!self.row_weights.is_empty()).then(|| rows.iter().map(weight).collect())
    }

    /// Whether the gradients and activations of a step are looked at.
    pub(super) fn is_watched(&self, step: u64) -> bool {
        /// Looks of a run: charts show no more, and `history.jsonl` stays under some ten megabytes.
        const LOOKS: u64 = 1000;
        let every = self.config.watch_every;
        every > 0 && step.is_multiple_of(every.max(self.total_steps / LOOKS))
    }

    /// Stages at rest in an epoch.
    pub(super) fn at_rest(&self, epoch: u64) -> usize {
        self.config.transfer.as_ref().map_or(0, |transfer| transfer.at_rest(epoch, self.stages))
    }

    /// The network with those stages at rest.
    pub(super) fn with_rest<N: Network>(&self, network: N, epoch: u64) -> N {
        if self.config.transfer.is_none() {
            return network;
        }
        let at_rest = self.at_rest(epoch);
        train_only(network, |name| self.stage_of.get(name).is_some_and(|&stage| stage >= at_rest))
    }

    pub(super) fn rates(&self, progress: &Progress) -> Rates {
        let at = |schedule: &ScheduleConfig| schedule.factor(progress.step, self.total_steps);
        Rates {
            lr: self.config.lr * at(&self.config.schedule) * progress.plateau.factor,
            weight_decay: self.config.weight_decay * at(&self.config.decay_schedule),
            dropout_factor: at(&self.config.dropout_schedule),
        }
    }
}
