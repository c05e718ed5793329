//! Optimizers on plain `f32` slices: one pass over a parameter's memory for each step, state as named arrays.
//!
//! They are equal to `torch.optim` (held over 50 steps by `oracles/optimizers.py`). The arithmetic is
//! element-wise, so neither the number of threads nor the vector width can change a bit of the result.

mod adam;
mod adamw;
pub mod clip;
mod config;
mod ema;
#[cfg(test)]
mod golden;
mod sgd;

use std::collections::BTreeMap;

use plumb_kernels::vectorized;
use rayon::prelude::*;

pub use adam::AdamConfig;
pub use config::{OptimizerConfig, OptimizerError};
pub use ema::Ema;
pub use sgd::SgdConfig;

/// What one parameter's update takes besides its gradient; this is all that a parameter group is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hyper {
    /// The learning rate of this parameter at this step.
    pub lr: f64,
    /// The weight decay: an L2 term of the gradient for SGD and Adam, decoupled for AdamW. 0 for biases and norms.
    pub weight_decay: f64,
    /// The gradient is multiplied by this first: clipping and the mean over accumulated batches cost no pass.
    pub gradient_scale: f32,
}

impl Hyper {
    /// A plain update at this rate: no decay, the gradient as it is.
    pub fn at_rate(lr: f64) -> Self {
        Self { lr, weight_decay: 0.0, gradient_scale: 1.0 }
    }
}

/// One parameter's memory of its past gradients.
#[derive(Debug, Clone, Default, PartialEq)]
struct Memory {
    /// How many updates this parameter has had: a layer that is unfrozen late starts its bias correction then.
    steps: u64,
    /// Momentum, or Adam's first moment; empty for plain SGD.
    first: Vec<f32>,
    /// Adam's second moment; empty for SGD.
    second: Vec<f32>,
}

/// All that an optimizer remembers, for the checkpoint.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OptimizerState {
    /// Updates of each parameter so far.
    pub steps: BTreeMap<String, u64>,
    /// First moment (or momentum) of each parameter; empty for plain SGD.
    pub first: BTreeMap<String, Vec<f32>>,
    /// Second moment of each parameter; empty for SGD.
    pub second: BTreeMap<String, Vec<f32>>,
}

/// An optimizer over named parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    config: OptimizerConfig,
    memory: BTreeMap<String, Memory>,
}

impl Optimizer {
    /// An optimizer that has seen nothing. Refuses settings outside their range.
    pub fn new(config: OptimizerConfig) -> Result<Self, OptimizerError> {
        config.check()?;
        Ok(Self { config, memory: BTreeMap::new() })
    }

    /// The settings.
    pub fn config(&self) -> &OptimizerConfig {
        &self.config
    }

    /// Moves one parameter by one step. `values` and `gradient` have the same length, the same at every step.
    ///
    /// Reads the gradient once and reads and writes each of values and state once: 20 bytes an element for
    /// SGD with momentum, 28 for Adam. Slices over 32,768 elements are shared among threads.
    pub fn update(
        &mut self,
        name: &str,
        values: &mut [f32],
        gradient: &[f32],
        hyper: &Hyper,
    ) -> Result<(), OptimizerError> {
        if values.len() != gradient.len() {
            return Err(OptimizerError::shape(name, values.len(), gradient.len()));
        }
        if !self.memory.contains_key(name) {
            self.memory.insert(name.to_owned(), Memory::default());
        }
        let Some(memory) = self.memory.get_mut(name) else { return Ok(()) };
        if memory.steps == 0 {
            memory.first = vec![0.0; if self.config.has_first() { values.len() } else { 0 }];
            memory.second = vec![0.0; if self.config.has_second() { values.len() } else { 0 }];
        }
        for state in [&memory.first, &memory.second] {
            if !state.is_empty() && state.len() != values.len() {
                return Err(OptimizerError::shape(name, values.len(), state.len()));
            }
        }
        memory.steps += 1;
        match &self.config {
            OptimizerConfig::Sgd(config) => sgd::update(config, memory, values, gradient, hyper),
            OptimizerConfig::Adam(config) => adam::update(config, memory, values, gradient, hyper),
            OptimizerConfig::AdamW(config) => adamw::update(config, memory, values, gradient, hyper),
        }
        Ok(())
    }

    /// A copy of everything it remembers.
    pub fn state(&self) -> OptimizerState {
        let mut state = OptimizerState::default();
        for (name, memory) in &self.memory {
            state.steps.insert(name.clone(), memory.steps);
            if !memory.first.is_empty() {
                state.first.insert(name.clone(), memory.first.clone());
            }
            if !memory.second.is_empty() {
                state.second.insert(name.clone(), memory.second.clone());
            }
        }
        state
    }

    /// Goes on from `state`: the next updates are bit for bit those of the optimizer that gave it.
    pub fn restore(&mut self, mut state: OptimizerState) -> Result<(), OptimizerError> {
        let mut memory = BTreeMap::new();
        for (name, steps) in state.steps {
            let first = state.first.remove(&name).unwrap_or_default();
            let second = state.second.remove(&name).unwrap_or_default();
            let needs = [(self.config.has_first(), &first), (self.config.has_second(), &second)];
            if needs.iter().any(|(needed, array)| *needed == array.is_empty()) {
                return Err(OptimizerError::State { name, optimizer: self.config.name() });
            }
            memory.insert(name, Memory { steps, first, second });
        }
        if let Some(name) = state.first.into_keys().chain(state.second.into_keys()).next() {
            return Err(OptimizerError::State { name, optimizer: self.config.name() });
        }
        self.memory = memory;
        Ok(())
    }
}

/// Elements that one thread takes at a time: four arrays of this length fit a core's second-level cache.
const CHUNK: usize = 32_768;

/// Calls `step(values, gradient, first)` on matching pieces. Element-wise work only.
fn in_pieces_of_three(
    values: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    step: impl Fn(&mut [f32], &[f32], &mut [f32]) + Sync,
) {
    let step = |values: &mut [f32], gradient: &[f32], first: &mut [f32]| {
        vectorized(
            #[inline(always)]
            || step(values, gradient, first),
        );
    };
    if values.len() <= CHUNK {
        return step(values, gradient, first);
    }
    let pieces =
        values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(first.par_chunks_mut(CHUNK));
    pieces.for_each(|((values, gradient), first)| step(values, gradient, first));
}

/// Calls `step(values, gradient, first, second)` on matching pieces. Element-wise work only.
fn in_pieces_of_four(
    values: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    step: impl Fn(&mut [f32], &[f32], &mut [f32], &mut [f32]) + Sync,
) {
    let step = |values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]| {
        vectorized(
            #[inline(always)]
            || step(values, gradient, first, second),
        );
    };
    if values.len() <= CHUNK {
        return step(values, gradient, first, second);
    }
    let inputs = values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
    let state = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
    inputs.zip(state).for_each(|((values, gradient), (first, second))| step(values, gradient, first, second));
}
