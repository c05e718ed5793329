//! What the loop tells while it runs: the lines of `history.jsonl`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Checkpoint, Histogram};
use crate::parameters::Arrays;

/// One line of `history.jsonl`, told apart by the key `event`. Numbers that JSON lacks are `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A step was taken.
    Step {
        /// Steps before it, over all epochs.
        step: u64,
        /// Epochs before it.
        epoch: u64,
        /// The mean loss of its rows, before the step.
        loss: f64,
        /// The learning rate after its schedule, before groups.
        lr: f64,
        /// The norm of all gradients together, before clipping.
        grad_norm: f64,
    },
    /// A closer look at a step (one in `watch_every`).
    Layers {
        /// The step, as in `step`.
        step: u64,
        /// By parameter.
        layers: BTreeMap<String, LayerStats>,
        /// By layer that shows its activation.
        activations: BTreeMap<String, ActivationStats>,
        /// By layer with attention, one number a head: the mean entropy of what a token takes from the others, as a
        /// share of that of equal parts. 0 looks at one token, 1 at all alike.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        attention: BTreeMap<String, Vec<f64>>,
    },
    /// An epoch was completed and validated.
    Epoch {
        /// Epochs before it.
        epoch: u64,
        /// Steps so far, this epoch's included.
        step: u64,
        /// The mean loss over its steps.
        train_loss: f64,
        /// `loss` (without smoothing and weights) and metrics on the validation rows; empty without such rows.
        valid: BTreeMap<String, f64>,
        /// Whether it is the best one so far.
        best: bool,
        /// Seconds since training (or its resumed part) began.
        seconds: f64,
    },
}

/// One parameter at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerStats {
    /// The norm of its gradient, before clipping.
    pub grad_norm: f64,
    /// The norm of its values before the step.
    pub weight_norm: f64,
    /// The norm of its change over `weight_norm`; 0 when that is 0.
    pub update_ratio: f64,
    /// Its values before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Histogram>,
    /// Its gradient, before clipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient: Option<Histogram>,
}

/// One layer's activations over one batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivationStats {
    /// The mean over rows and units.
    pub mean: f64,
    /// The standard deviation over rows and units.
    pub sd: f64,
    /// The share of units that give the same value for every row.
    pub dead: f64,
    /// The share of entries other than 0 within 1 % of the layer's range from its least or greatest value.
    pub saturated: f64,
    /// Over rows and units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Histogram>,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Take the next step.
    Continue,
    /// Save a checkpoint and end.
    Stop,
}

/// Whoever watches the training: it writes files, shows progress, and may stop the run.
pub trait Observer {
    /// Something happened.
    fn event(&mut self, event: &Event) -> Control;
    /// The weights that an epoch is validated with, before its event: averages where training keeps some. Each call of
    /// `weights` copies them.
    fn epoch_weights(&mut self, _epoch: u64, _weights: &dyn Fn() -> Arrays) {}
    /// A checkpoint to keep, whole or not at all. An error ends the training.
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), String>;
}

/// An observer that lets everything pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: &Event) -> Control {
        Control::Continue
    }
    fn checkpoint(&mut self, _checkpoint: &Checkpoint) -> Result<(), String> {
        Ok(())
    }
}
