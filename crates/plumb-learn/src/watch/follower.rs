//! For a training loop that is not Plumb's: tell it what each step did, and the practices judge it as they do Plumb's own.

use std::collections::BTreeMap;

use burn::module::Module;
use plumb_ledger::{Judgement, Page};

use super::{NonFinite, PRACTICES, TrainContext, figures};
use crate::parameters::Arrays;
use crate::train::{ActivationStats, Event, LayerStats};

/// Follows a training loop. Every event it gives back is a line of `history.jsonl` when serialized, so that what reads
/// Plumb's runs reads this one too.
#[derive(Debug)]
pub struct Follower {
    /// What is known so far. Add what only the loop knows: the metric that chooses the epoch, the kept weights, seconds.
    pub context: TrainContext,
    every: u64,
    step: u64,
    epoch: u64,
    losses: Vec<f64>,
    /// The largest gradient norm so far.
    largest: f64,
}

/// One step of a loop.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a, M> {
    /// The mean loss of its rows, before the step.
    pub loss: f64,
    /// The learning rate.
    pub lr: f64,
    /// Which rows it saw.
    pub rows: &'a [u32],
    /// The gradient of each parameter, by its path in the module: [`crate::parameters::gradients`].
    pub gradients: &'a [(String, Vec<f32>)],
    /// The module before the step.
    pub before: &'a M,
    /// The module after it.
    pub after: &'a M,
    /// Activations of layers by name, `[rows, units]` each, with the number of units; may be empty.
    pub activations: &'a [(String, Vec<f32>, usize)],
}

impl Follower {
    /// Looks at all layers in one of `every` steps, which costs about as much as a step; 0 never does.
    pub fn new(every: u64) -> Self {
        let context = TrainContext::default();
        Self { context, every, step: 0, epoch: 0, losses: Vec::new(), largest: 0.0 }
    }

    /// A step was taken.
    pub fn step<M: Module>(&mut self, taken: &Taken<'_, M>) -> Vec<Event> {
        let squares = taken.gradients.iter().flat_map(|(_, values)| values).map(|&x| f64::from(x).powi(2));
        let grad_norm = squares.sum::<f64>().sqrt();
        if grad_norm > self.largest {
            self.largest = grad_norm;
            self.context.rows = vec![(self.step, taken.rows.to_vec())];
        }
        if self.context.non_finite.is_none() {
            self.context.non_finite = self.broken(taken, grad_norm);
        }
        let (step, epoch) = (self.step, self.epoch);
        let mut events = vec![Event::Step { step, epoch, loss: taken.loss, lr: taken.lr, grad_norm }];
        if self.every > 0 && step.is_multiple_of(self.every) {
            events.push(look(step, taken));
        }
        self.step += 1;
        self.losses.push(taken.loss);
        for event in &events {
            self.context.history.push(event);
        }
        events
    }

    /// An epoch ended: `valid` has `loss` and metrics on the validation rows, `seconds` have passed since the training began.
    pub fn epoch(&mut self, valid: BTreeMap<String, f64>, best: bool, seconds: f64) -> Event {
        let train_loss = self.losses.iter().sum::<f64>() / self.losses.len() as f64;
        self.losses.clear();
        let event = Event::Epoch { epoch: self.epoch, step: self.step, train_loss, valid, best, seconds };
        self.epoch += 1;
        self.context.history.push(&event);
        event
    }

    /// What all `train.*` practices say so far; set `context.finished` once training is over.
    pub fn verdicts(&self) -> Vec<(&'static Page, Judgement)> {
        PRACTICES.iter().map(|practice| (&practice.page, (practice.judge)(&self.context))).collect()
    }

    fn broken<M: Module>(&self, taken: &Taken<'_, M>, grad_norm: f64) -> Option<NonFinite> {
        let what = match (taken.loss.is_finite(), grad_norm.is_finite()) {
            (false, _) => "loss",
            (true, false) => "gradient",
            (true, true) => return None,
        };
        // Gradients come from the loss backwards, so the last parameter in the module's order broke first.
        let is_broken = |(_, values): &&(String, Vec<f32>)| values.iter().any(|value| !value.is_finite());
        let activation =
            taken.activations.iter().find(|(_, values, _)| values.iter().any(|x| !x.is_finite()));
        let layer = activation.map(|(name, _, _)| name);
        let layer = layer.or_else(|| taken.gradients.iter().rev().find(is_broken).map(|(name, _)| name));
        Some(NonFinite {
            what: what.to_owned(),
            step: self.step,
            layer: layer.cloned().unwrap_or_else(|| "output".to_owned()),
            rows: taken.rows.to_vec(),
        })
    }
}

fn look<M: Module>(step: u64, taken: &Taken<'_, M>) -> Event {
    let (before, after) = (Arrays::of(taken.before).0, Arrays::of(taken.after).0);
    let layer = |(name, gradient): &(String, Vec<f32>)| -> Option<(String, LayerStats)> {
        let (before, after) = (before.get(name)?, after.get(name)?);
        Some((name.clone(), figures::layer(&before.values, &after.values, gradient)))
    };
    let activation = |(name, values, units): &(String, Vec<f32>, usize)| -> (String, ActivationStats) {
        (name.clone(), figures::activation(values, *units))
    };
    Event::Layers {
        step,
        layers: taken.gradients.iter().filter_map(layer).collect(),
        activations: taken.activations.iter().map(activation).collect(),
        attention: BTreeMap::new(),
    }
}
