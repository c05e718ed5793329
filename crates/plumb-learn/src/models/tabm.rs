//! TabM-mini (Gorishniy, Kotelnikov, Babenko 2025): an ensemble inside one network.
//!
//! The members share the hidden layers; the scaling of the input and the head are each member's own. A training pass
//! gives the outputs of all members, so that the loss is the mean of the members' losses, never the loss of the mean;
//! a prediction averages the members' probabilities, or numbers.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use plumb_data::prepare::Prepared;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::combiner::join;
use crate::encoders::{CategoryEncoder, PiecewiseConfig, PiecewiseLinear};
use crate::export::{Export, ExportError, Written, joined};
use crate::layers::{Activation, Linear, MemberLinear, MemberScaling};
use crate::model::Inputs;
use crate::network::{Network, ParameterRule, Pass};

/// The size of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TabMConfig {
    /// How many members there are.
    pub members: usize,
    /// The width of each hidden layer.
    pub hidden: Vec<usize>,
    /// The embedding of numbers.
    pub numbers: PiecewiseConfig,
    /// The length of a category's vector.
    pub embedding: usize,
    /// The share of hidden units dropped in training.
    pub dropout: f64,
}

/// Embedded inputs, each member's scaling, shared hidden layers, each member's head.
#[derive(Module, Debug)]
pub struct TabM {
    /// The numbers' embedding; none when there are no numbers.
    pub numbers: Option<PiecewiseLinear>,
    /// The categories' vectors.
    pub categories: CategoryEncoder,
    /// The members' factors on the joined input.
    pub scaling: MemberScaling,
    /// The hidden layers.
    pub blocks: Vec<Linear>,
    /// The members' outputs.
    pub head: MemberLinear,
    #[module(skip)]
    dropout: f64,
}

impl TabM {
    /// A network with its start values; [`TabM::fit_start`] completes them.
    pub fn new(
        config: &TabMConfig,
        inputs: &Inputs,
        outputs: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let numbers = (inputs.numbers > 0)
            .then(|| PiecewiseLinear::new(inputs.numbers, config.numbers, stream.at(0), device));
        let categories = CategoryEncoder::new(&inputs.levels, config.embedding, stream.at(1), device);
        let owners = owners(config, inputs);
        let (scales, features) = (stream.at(2), owners.len() as u64);
        let start = |member, input: u64| {
            scales.normal(member * features + owners.get(input as usize).copied().unwrap_or(input))
        };
        let mut width = owners.len();
        let scaling = MemberScaling::new(config.members, width, device, start);
        let mut blocks = Vec::new();
        for (index, &units) in config.hidden.iter().enumerate() {
            blocks.push(Linear::new(width, units, stream.at(4 + index as u64), device));
            width = units;
        }
        let head = MemberLinear::new(config.members, width, outputs, stream.at(3), device);
        Self { numbers, categories, scaling, blocks, head, dropout: config.dropout }
    }

    /// Fits the numbers' bins to the training rows.
    #[must_use]
    pub fn fit_start(self, train: &Prepared) -> Self {
        Self { numbers: self.numbers.map(|numbers| numbers.fit_bins(train)), ..self }
    }

    fn encode(&self, batch: &Batch) -> Tensor<2> {
        let mut parts: Vec<Tensor<2>> = Vec::new();
        let of_numbers = |numbers: &PiecewiseLinear| numbers.forward(batch.numbers.clone());
        parts.extend(batch.embedded.numbers.clone().or_else(|| self.numbers.as_ref().map(of_numbers)));
        parts.push(batch.flags.clone());
        parts.extend(self.categories.forward(batch));
        join(parts).unwrap_or_else(|| batch.numbers.clone())
    }
}

/// For each number that enters the first layer, which input it comes from: a member's factor starts the same for
/// everything that one input became (the authors' start for embedded inputs).
fn owners(config: &TabMConfig, inputs: &Inputs) -> Vec<u64> {
    let numbers = (0..inputs.numbers).flat_map(|owner| vec![owner; config.numbers.outputs]);
    let flags = (0..inputs.flags).map(|flag| inputs.numbers + flag);
    let first = inputs.numbers + inputs.flags;
    let categories = (0..inputs.levels.len()).flat_map(|column| vec![first + column; config.embedding]);
    numbers.chain(flags).chain(categories).map(|owner| owner as u64).collect()
}

impl Network for TabM {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let mut hidden = self.scaling.forward(self.encode(batch));
        for (index, block) in self.blocks.iter().enumerate() {
            hidden = Activation::Relu.apply(block.forward(hidden, pass));
            pass.tap(&format!("blocks.{index}"), &hidden);
            hidden = pass.dropout(hidden, self.dropout);
        }
        pass.feature(&hidden);
        let outputs = self.head.forward(hidden);
        let [members, _, _] = self.head.weight.dims();
        if pass.is_training() { outputs } else { average(outputs, members) }
    }

    /// Everything decays but biases (the authors' example).
    fn rule(&self, name: &str, _shape: &[usize]) -> ParameterRule {
        ParameterRule { rate: 1.0, decay: !name.ends_with("bias") }
    }
}

/// Far below any probability that training can tell from 0, and a finite logarithm.
const LEAST_SHARE: f32 = 1e-30;

/// One output for each row: the logarithm of the members' mean probability, or the mean of their numbers.
fn average(outputs: Tensor<2>, members: usize) -> Tensor<2> {
    let [all, columns] = outputs.dims();
    let rows = all / members;
    let is_classification = columns > 1;
    let values = if is_classification { activation::softmax(outputs, 1) } else { outputs };
    let mean = values.reshape([members, rows, columns]).mean_dim(0).reshape([rows, columns]);
    if is_classification { mean.clamp_min(LEAST_SHARE).log() } else { mean }
}

impl Export for TabM {
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError> {
        let numbers = self.numbers.as_ref().zip(inputs.numbers.as_ref());
        let numbers = numbers.map(|(embedding, numbers)| embedding.write(graph, "numbers", numbers));
        let columns = inputs.columns(graph, numbers, &self.categories);
        let all = joined(graph, &columns)?;
        let mut hidden = self.scaling.write(graph, "scaling", &all);
        for (index, block) in self.blocks.iter().enumerate() {
            let linear = block.write(graph, &format!("blocks.{index}"), &hidden);
            hidden = Activation::Relu.write(graph, &linear);
        }
        let outputs = self.head.write(graph, "head", &hidden);
        let [_, _, columns] = self.head.weight.dims();
        let mean = [("axes", Setting::Ints(&[0])), ("keepdims", Setting::Int(0))];
        if columns == 1 {
            return Ok(graph.node("ReduceMean", &[&outputs], &mean));
        }
        let shares = graph.node("Softmax", &[&outputs], &[("axis", Setting::Int(-1))]);
        let shares = graph.node("ReduceMean", &[&shares], &mean);
        let least = graph.floats("least", &[], &[LEAST_SHARE]);
        let shares = graph.node("Max", &[&shares, &least], &[]);
        Ok(graph.node("Log", &[&shares], &[]))
    }
}
