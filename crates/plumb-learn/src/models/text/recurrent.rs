//! Recurrent layers over the vectors of tokens, both ways: for short texts.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

use crate::layers::{LayerNorm, Linear};
use crate::network::Pass;

/// What remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// Long short-term memory (Hochreiter, Schmidhuber 1997; with the forget gate of Gers et al. 2000).
    Lstm,
    /// Gated recurrent units (Cho et al. 2014), the reset gate behind the product as PyTorch has it.
    Gru,
}

impl CellKind {
    fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }
}

/// The size of the layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecurrentConfig {
    /// What remembers.
    pub cell: CellKind,
    /// Units of each direction.
    pub units: usize,
    /// Layers, one after the other.
    pub layers: usize,
    /// The share dropped between layers.
    pub dropout: f64,
    /// Whether the products with inputs, states and memory are normalised (Ba et al. 2016).
    pub norm: bool,
}

/// Layers that read from both ends.
///
/// # Shapes
/// `[batch, tokens, width]` to `[batch, tokens, 2 units]`, from the beginning first. What fills a batch up changes no state.
#[derive(Module, Debug)]
pub struct Recurrent {
    /// The layers.
    pub layers: Vec<BothWays>,
    #[module(skip)]
    dropout: f64,
}

/// A cell for each direction.
#[derive(Module, Debug)]
pub struct BothWays {
    /// From the beginning.
    pub ahead: Cell,
    /// From the end.
    pub back: Cell,
}

/// What is done at a token.
#[derive(Module, Debug)]
pub struct Cell {
    /// From the token's vector to the gates: of `lstm` in, forget, new, out; of `gru` reset, keep, new.
    pub input: Linear,
    /// From the state to the gates.
    pub state: Linear,
    /// Of the gates from the vector.
    pub input_norm: Option<LayerNorm>,
    /// Of the gates from the state.
    pub state_norm: Option<LayerNorm>,
    /// Of the memory before it is shown.
    pub memory_norm: Option<LayerNorm>,
    #[module(skip)]
    kind: CellKind,
    #[module(skip)]
    units: usize,
}

impl Recurrent {
    /// Layers with their start values, over vectors of `width`.
    pub fn new(config: &RecurrentConfig, width: usize, stream: Stream, device: &Device) -> Self {
        let layer = |index: usize| {
            let width = if index == 0 { width } else { 2 * config.units };
            let cell = |way: u64| Cell::new(config, width, stream.at(2 * index as u64 + way), device);
            BothWays { ahead: cell(0), back: cell(1) }
        };
        Self { layers: (0..config.layers).map(layer).collect(), dropout: config.dropout }
    }

    /// The states after each token; `lengths` tells how many tokens of each text are real.
    pub fn forward(&self, mut hidden: Tensor<3>, lengths: &Arc<[usize]>, pass: &mut Pass) -> Tensor<3> {
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                hidden = pass.dropout(hidden, self.dropout);
            }
            let ahead = layer.ahead.forward(hidden.clone(), lengths, false);
            hidden = Tensor::cat(vec![ahead, layer.back.forward(hidden, lengths, true)], 2);
            pass.tap_with(&format!("recurrent.{index}"), || {
                let [batch, tokens, width] = hidden.dims();
                hidden.clone().inner().reshape([batch * tokens, width])
            });
        }
        hidden
    }
}

impl Cell {
    fn new(config: &RecurrentConfig, width: usize, stream: Stream, device: &Device) -> Self {
        let (units, gates) = (config.units, config.cell.gates() * config.units);
        let norm = |units: usize| config.norm.then(|| LayerNorm::new(units, device));
        Self {
            input: Linear::new(width, gates, stream.at(0), device),
            state: Linear::new(units, gates, stream.at(1), device),
            input_norm: norm(gates),
            state_norm: norm(gates),
            memory_norm: norm(units).filter(|_| config.cell == CellKind::Lstm),
            kind: config.cell,
            units,
        }
    }

    fn forward(&self, vectors: Tensor<3>, lengths: &Arc<[usize]>, backwards: bool) -> Tensor<3> {
        let [batch, tokens, _] = vectors.dims();
        let device = vectors.device();
        let gates = normed(self.input.forward(vectors), self.input_norm.as_ref());
        let all = gates.dims()[2];
        let nothing = Tensor::<2>::zeros([batch, self.units], &device);
        let (mut state, mut memory) = (nothing.clone(), nothing);
        let mut states = vec![None; tokens];
        for step in 0..tokens {
            let at = if backwards { tokens - 1 - step } else { step };
            let of_input = gates.clone().narrow(1, at, 1).reshape([batch, all]);
            let of_state = normed(self.state.forward(state.clone()), self.state_norm.as_ref());
            let (next, next_memory) = self.step(&of_input, &of_state, &state, memory.clone());
            if lengths.iter().all(|&length| at < length) {
                (state, memory) = (next, next_memory);
            } else {
                let real: Vec<f32> = lengths.iter().map(|&length| f32::from(u8::from(at < length))).collect();
                let real = Tensor::<2>::from_data(TensorData::new(real, [batch, 1]), &device);
                state = state.clone() + (next - state) * real.clone();
                memory = memory.clone() + (next_memory - memory) * real;
            }
            states[at] = Some(state.clone());
        }
        Tensor::stack(states.into_iter().flatten().collect(), 1)
    }

    /// The next state and memory; of `gru` they are one.
    fn step(
        &self,
        input: &Tensor<2>,
        from_state: &Tensor<2>,
        state: &Tensor<2>,
        memory: Tensor<2>,
    ) -> (Tensor<2>, Tensor<2>) {
        let part = |of: &Tensor<2>, gate: usize| of.clone().narrow(1, gate * self.units, self.units);
        let both = |gate: usize| part(input, gate) + part(from_state, gate);
        match self.kind {
            CellKind::Lstm => {
                let memory = sigmoid(both(1)) * memory + sigmoid(both(0)) * both(2).tanh();
                let shown = match &self.memory_norm {
                    Some(norm) => norm.forward(memory.clone()),
                    None => memory.clone(),
                };
                (sigmoid(both(3)) * shown.tanh(), memory)
            }
            CellKind::Gru => {
                let new = (part(input, 2) + sigmoid(both(0)) * part(from_state, 2)).tanh();
                let next = new.clone() + sigmoid(both(1)) * (state.clone() - new);
                (next.clone(), next)
            }
        }
    }
}

fn normed<const D: usize>(gates: Tensor<D>, norm: Option<&LayerNorm>) -> Tensor<D> {
    match norm {
        Some(norm) => norm.forward(gates),
        None => gates,
    }
}
