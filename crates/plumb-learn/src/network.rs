//! What the training loop, the preflight checks and the watch see of any model.

use std::sync::Arc;

use burn::module::{Module, ParamId};
use burn::tensor::Tensor;
use plumb_kernels::{Dropout, curve};
use plumb_ledger::Stream;
use plumb_onnx::Codes;

use crate::batches::Batch;

/// A trainable model: a Burn module from a batch to outputs.
///
/// A library user implements this for their own module and gets the loop, the checkpoints and all checks.
pub trait Network: Module {
    /// The outputs of a batch.
    ///
    /// # Shapes
    /// `[rows, classes]` logits (two columns for a binary target), or `[rows, 1]` for regression.
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2>;

    /// How the optimizer treats the parameter called `name` (its path in the module, joined by dots).
    ///
    /// The default is common practice: decay on matrices only, so not on biases and norms.
    fn rule(&self, name: &str, shape: &[usize]) -> ParameterRule {
        let _ = name;
        ParameterRule { rate: 1.0, decay: shape.len() >= 2 }
    }

    /// Parts that can be trained one after the other, from the inputs to the outputs; the last one is the head.
    fn stages(&self) -> usize {
        1
    }

    /// The part that the parameter called `name` belongs to, below [`Network::stages`].
    fn stage_of(&self, name: &str) -> usize {
        let _ = name;
        0
    }
}

/// How the optimizer treats one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterRule {
    /// Multiplies the learning rate; a parameter of rate 0 rests from the start, and no gradient is computed for it.
    pub rate: f64,
    /// Whether weight decay applies.
    pub decay: bool,
}

/// What one forward pass carries besides the batch: the mode, its randomness, and what it leaves behind.
#[derive(Debug, Default)]
pub struct Pass {
    training: Option<Training>,
    stage: usize,
    first_stage: usize,
    frozen: usize,
    taps: Option<Vec<(String, Tensor<2>)>>,
    attention: Vec<(String, Vec<f64>)>,
    buffers: Vec<(ParamId, Vec<f32>)>,
    keeps_features: bool,
    features: Option<Tensor<2>>,
    codes: Option<Arc<LayerCodes>>,
}

/// The 8 bits that values go through around layers, by the layers' weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayerCodes {
    /// What goes in.
    pub inputs: Vec<(ParamId, Codes)>,
    /// What comes out, the norm behind it included, where it meets another value.
    pub outputs: Vec<(ParamId, Codes)>,
}

fn through<const D: usize>(all: &[(ParamId, Codes)], layer: ParamId, values: Tensor<D>) -> Tensor<D> {
    match all.iter().find(|(of, _)| *of == layer) {
        Some(&(_, codes)) => curve(
            values,
            #[inline(always)]
            move |value| codes.at(value),
        ),
        None => values,
    }
}

#[derive(Debug, Clone, Copy)]
struct Training {
    stream: Stream,
    dropout_factor: f64,
    masks: u64,
}

impl Pass {
    /// A pass that predicts: no dropout, running statistics.
    pub fn inference() -> Self {
        Self::default()
    }

    /// A pass that trains. `stream` must differ from step to step; a layer's own dropout rate is multiplied
    /// by `dropout_factor`.
    pub fn training(stream: Stream, dropout_factor: f64) -> Self {
        Self { training: Some(Training { stream, dropout_factor, masks: 0 }), ..Self::default() }
    }

    /// The same pass, keeping the activations that layers hand to [`Pass::tap`].
    #[must_use]
    pub fn tapped(self) -> Self {
        Self { taps: Some(Vec::new()), ..self }
    }

    /// The same pass, keeping what the head sees ([`Pass::feature`]).
    #[must_use]
    pub fn with_features(self) -> Self {
        Self { keeps_features: true, ..self }
    }

    /// The same pass, in which what goes into these layers is rounded as it will be in 8 bits, and norms are those of prediction, as they
    /// will be part of the layers before them.
    #[must_use]
    pub fn rounded_by(self, codes: Option<Arc<LayerCodes>>) -> Self {
        Self { codes, ..self }
    }

    /// The same pass, in which the stages below this one are not trained.
    #[must_use]
    pub fn frozen_below(self, stage: usize) -> Self {
        Self { frozen: stage, ..self }
    }

    /// Whether this pass trains.
    pub fn is_training(&self) -> bool {
        self.training.is_some()
    }

    /// Whether inputs of layers are rounded.
    pub fn rounds(&self) -> bool {
        self.codes.is_some()
    }

    /// What goes into the layer of these weights, rounded where that is asked for.
    pub fn rounded<const D: usize>(&self, weight: ParamId, input: Tensor<D>) -> Tensor<D> {
        match &self.codes {
            Some(codes) => through(&codes.inputs, weight, input),
            None => input,
        }
    }

    /// What comes out of the layer of these weights and meets another value, rounded where that is asked for.
    pub fn rounded_output<const D: usize>(&self, weight: ParamId, output: Tensor<D>) -> Tensor<D> {
        match &self.codes {
            Some(codes) => through(&codes.outputs, weight, output),
            None => output,
        }
    }

    /// Tells that what follows belongs to this stage of the network.
    pub fn stage(&mut self, stage: usize) {
        self.stage = self.first_stage + stage;
    }

    /// Tells that what follows counts its own stages, and that its first one is this one of the whole network.
    pub fn count_stages_from(&mut self, first: usize) {
        self.first_stage = first;
    }

    /// Whether this pass trains the stage that it is in.
    pub fn trains_stage(&self) -> bool {
        self.is_training() && self.stage >= self.frozen
    }

    /// Drops units of `input` with the given rate when training; the rest is scaled up to keep the mean.
    pub fn dropout<const D: usize>(&mut self, input: Tensor<D>, rate: f64) -> Tensor<D> {
        plumb_kernels::dropout(input, self.chance(rate))
    }

    /// The dropout of the next mask of this pass; none when predicting.
    pub fn chance(&mut self, rate: f64) -> Dropout {
        let Some(training) = &mut self.training else { return Dropout::NONE };
        let key = training.stream.at(training.masks).key();
        training.masks += 1;
        Dropout { rate: rate * training.dropout_factor, key }
    }

    /// Shows the activation of the layer called `name`, `[rows, units]`; kept only by a tapped pass.
    pub fn tap(&mut self, name: &str, activation: &Tensor<2>) {
        if let Some(taps) = &mut self.taps {
            taps.push((name.to_owned(), activation.clone().inner()));
        }
    }

    /// Like [`Pass::tap`], for an activation that costs something to bring into shape.
    pub fn tap_with(&mut self, name: &str, activation: impl FnOnce() -> Tensor<2>) {
        if let Some(taps) = &mut self.taps {
            taps.push((name.to_owned(), activation()));
        }
    }

    /// The activations kept, in the order of the pass, off the gradient graph.
    pub fn take_taps(&mut self) -> Vec<(String, Tensor<2>)> {
        self.taps.take().unwrap_or_default()
    }

    /// Shows what the head of the network is about to see, `[rows, features]`; kept on the gradient graph, by a pass that was asked to.
    pub fn feature(&mut self, seen: &Tensor<2>) {
        if self.keeps_features {
            self.features = Some(seen.clone());
        }
    }

    /// What [`Pass::feature`] was shown last.
    pub fn take_features(&mut self) -> Option<Tensor<2>> {
        self.features.take()
    }

    /// Shows how evenly each head of the layer called `name` attends ([`crate::explain::AttentionMap::evenness`]);
    /// computed for a tapped pass alone.
    pub fn attention_with(&mut self, name: &str, evenness: impl FnOnce() -> Vec<f64>) {
        if self.taps.is_some() {
            self.attention.push((name.to_owned(), evenness()));
        }
    }

    /// What [`Pass::attention_with`] was shown.
    pub fn take_attention(&mut self) -> Vec<(String, Vec<f64>)> {
        std::mem::take(&mut self.attention)
    }

    /// Leaves a new value for a parameter that no gradient reaches, such as a running mean. The loop writes it
    /// after the step ([`crate::parameters::write_buffers`]); nothing shared changes during the pass.
    pub fn leave_buffer(&mut self, id: ParamId, values: Vec<f32>) {
        self.buffers.push((id, values));
    }

    /// The values left for buffers.
    pub fn take_buffers(&mut self) -> Vec<(ParamId, Vec<f32>)> {
        std::mem::take(&mut self.buffers)
    }
}
