//! Recurrent layers over the vectors of tokens, both ways: for short texts.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use crate::export::WrittenTokens;
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
            let ahead = layer.ahead.forward(hidden.clone(), lengths, false, pass);
            hidden = Tensor::cat(vec![ahead, layer.back.forward(hidden, lengths, true, pass)], 2);
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

    fn forward(&self, vectors: Tensor<3>, lengths: &Arc<[usize]>, backwards: bool, pass: &Pass) -> Tensor<3> {
        let [batch, tokens, _] = vectors.dims();
        let device = vectors.device();
        let gates = normed(self.input.forward(vectors, pass), self.input_norm.as_ref());
        let all = gates.dims()[2];
        let nothing = Tensor::<2>::zeros([batch, self.units], &device);
        let (mut state, mut memory) = (nothing.clone(), nothing);
        let mut states = vec![None; tokens];
        for step in 0..tokens {
            let at = if backwards { tokens - 1 - step } else { step };
            let of_input = gates.clone().narrow(1, at, 1).reshape([batch, all]);
            let of_state = normed(self.state.forward(state.clone(), pass), self.state_norm.as_ref());
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

impl Recurrent {
    /// The layers as operators; `at` is their path. ONNX's own `LSTM` and `GRU` have no norms inside, so each direction is a `Loop`.
    pub(super) fn write(
        &self,
        graph: &mut GraphWriter,
        at: &str,
        hidden: &Name,
        tokens: &WrittenTokens,
    ) -> Name {
        let real = tokens.real(graph);
        let real = graph.node("Transpose", &[&real], &[("perm", Setting::Ints(&[1, 0]))]);
        let last = graph.wholes("last", &[1], &[2]);
        let real = graph.node("Unsqueeze", &[&real, &last], &[]);
        let mut states = graph.node("Transpose", &[hidden], &TURNED);
        for (index, layer) in self.layers.iter().enumerate() {
            let at = format!("{at}.layers.{index}");
            let ahead = layer.ahead.write(graph, &format!("{at}.ahead"), [&states, &real], false);
            let back = layer.back.write(graph, &format!("{at}.back"), [&states, &real], true);
            states = graph.node("Concat", &[&ahead, &back], &[("axis", Setting::Int(2))]);
        }
        graph.node("Transpose", &[&states], &TURNED)
    }
}

/// Tokens first, or rows first again.
const TURNED: [(&str, Setting<'static>); 1] = [("perm", Setting::Ints(&[1, 0, 2]))];

impl Cell {
    /// The states after each token, `[tokens, rows, units]`, of vectors `[tokens, rows, width]` and which of them are real,
    /// `[tokens, rows, 1]`.
    fn write(&self, graph: &mut GraphWriter, at: &str, [vectors, real]: [&Name; 2], backwards: bool) -> Name {
        let gates = self.input.write(graph, &format!("{at}.input"), vectors);
        let gates = normed_written(graph, &format!("{at}.input_norm"), gates, self.input_norm.as_ref());
        let (steps, rows) = extents(graph, &gates);
        let units = graph.wholes("units", &[1], &[self.units as i64]);
        let shape = graph.node("Concat", &[&rows, &units], &[("axis", Setting::Int(0))]);
        let nothing = graph.floats("nothing", &[1, 1], &[0.0]);
        let start = graph.node("Expand", &[&nothing, &shape], &[]);
        let last = backwards.then(|| {
            let one = graph.wholes("one", &[], &[1]);
            graph.node("Sub", &[&steps, &one], &[])
        });
        let carried = vec![&start; if self.kind == CellKind::Lstm { 2 } else { 1 }];
        let states = graph.repeat(&steps, &carried, self.units, |graph, step, carried| {
            let place = match &last {
                Some(last) => graph.node("Sub", &[last, step], &[]),
                None => step.clone(),
            };
            let [gates, real] = [&gates, real].map(|of| graph.node("Gather", &[of, &place], &[]));
            self.write_step(graph, at, [&gates, &real], carried)
        });
        if backwards { turned_round(graph, &states) } else { states }
    }

    /// The next state, and of `lstm` the next memory, where the token is real.
    fn write_step(
        &self,
        graph: &mut GraphWriter,
        at: &str,
        [input, real]: [&Name; 2],
        carried: &[Name],
    ) -> Vec<Name> {
        let Some(state) = carried.first() else { return Vec::new() };
        let from_state = self.state.write(graph, &format!("{at}.state"), state);
        let from_state =
            normed_written(graph, &format!("{at}.state_norm"), from_state, self.state_norm.as_ref());
        let mut gates = |of: &Name| {
            let shape = [0, self.kind.gates() as i64, self.units as i64];
            let shape = graph.wholes("gates", &[3], &shape);
            graph.node("Reshape", &[of, &shape], &[])
        };
        let [input, from_state] = [gates(input), gates(&from_state)];
        let next = match carried.get(1) {
            Some(memory) => self.write_lstm(graph, at, [&input, &from_state], memory),
            None => vec![write_gru(graph, [&input, &from_state], state)],
        };
        let mut moved = |(old, new): (&Name, &Name)| {
            let change = graph.node("Sub", &[new, old], &[]);
            let change = graph.node("Mul", &[&change, real], &[]);
            graph.node("Add", &[old, &change], &[])
        };
        carried.iter().zip(&next).map(&mut moved).collect()
    }

    fn write_lstm(&self, graph: &mut GraphWriter, at: &str, of: [&Name; 2], memory: &Name) -> Vec<Name> {
        let [takes, keeps, shows] = [0, 1, 3].map(|gate| open(graph, of, gate));
        let new = both(graph, of, 2);
        let new = graph.node("Tanh", &[&new], &[]);
        let kept = graph.node("Mul", &[&keeps, memory], &[]);
        let taken = graph.node("Mul", &[&takes, &new], &[]);
        let memory = graph.node("Add", &[&kept, &taken], &[]);
        let norm = self.memory_norm.as_ref();
        let shown = normed_written(graph, &format!("{at}.memory_norm"), memory.clone(), norm);
        let shown = graph.node("Tanh", &[&shown], &[]);
        vec![graph.node("Mul", &[&shows, &shown], &[]), memory]
    }
}

fn write_gru(graph: &mut GraphWriter, [input, from_state]: [&Name; 2], state: &Name) -> Name {
    let [resets, keeps] = [0, 1].map(|gate| open(graph, [input, from_state], gate));
    let [new, from_state] = [input, from_state].map(|of| gate_of(graph, of, 2));
    let from_state = graph.node("Mul", &[&resets, &from_state], &[]);
    let new = graph.node("Add", &[&new, &from_state], &[]);
    let new = graph.node("Tanh", &[&new], &[]);
    let off = graph.node("Sub", &[state, &new], &[]);
    let kept = graph.node("Mul", &[&keeps, &off], &[]);
    graph.node("Add", &[&new, &kept], &[])
}

/// The steps from the last to the first. ONNX Runtime takes a `Gather` by a falling `Range` for a `Slice` up to the last step.
fn turned_round(graph: &mut GraphWriter, steps: &Name) -> Name {
    let beyond = i64::from(i32::MIN + 1);
    let [from, to, axis, step] = [("from", -1), ("beyond", beyond), ("axis", 0), ("back", -1)]
        .map(|(name, value)| graph.wholes(name, &[1], &[value]));
    graph.node("Slice", &[steps, &from, &to, &axis, &step], &[])
}

/// A gate of `[rows, gates, units]`.
fn gate_of(graph: &mut GraphWriter, gates: &Name, gate: i64) -> Name {
    let gate = graph.wholes("gate", &[], &[gate]);
    graph.node("Gather", &[gates, &gate], &[("axis", Setting::Int(1))])
}

/// What a gate has from the token and from the state.
fn both(graph: &mut GraphWriter, of: [&Name; 2], gate: i64) -> Name {
    let [input, from_state] = of.map(|of| gate_of(graph, of, gate));
    graph.node("Add", &[&input, &from_state], &[])
}

/// How far a gate is open.
fn open(graph: &mut GraphWriter, of: [&Name; 2], gate: i64) -> Name {
    let sum = both(graph, of, gate);
    graph.node("Sigmoid", &[&sum], &[])
}

/// The first extent, a scalar, and the second, `[1]`.
fn extents(graph: &mut GraphWriter, of: &Name) -> (Name, Name) {
    let shape = graph.node("Shape", &[of], &[]);
    let (first, second) = (graph.wholes("first", &[], &[0]), graph.wholes("second", &[1], &[1]));
    (graph.node("Gather", &[&shape, &first], &[]), graph.node("Gather", &[&shape, &second], &[]))
}

fn normed_written(graph: &mut GraphWriter, at: &str, gates: Name, norm: Option<&LayerNorm>) -> Name {
    match norm {
        Some(norm) => norm.write(graph, at, &gates),
        None => gates,
    }
}

fn normed<const D: usize>(gates: Tensor<D>, norm: Option<&LayerNorm>) -> Tensor<D> {
    match norm {
        Some(norm) => norm.forward(gates),
        None => gates,
    }
}
