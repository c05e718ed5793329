//! RealMLP-TD (Holzmueller, Grinsztajn, Steinwart 2024), a single network: the numbers are the authors' defaults.
//!
//! The preparation does ingredients 1 and 2's one-hot part, [`crate::presets`] holds 8-10, the rest is here.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::combiner::join;
use crate::encoders::{CategoryEncoder, Pbld, PbldConfig};
use crate::export::{Export, ExportError, Written, joined};
use crate::layers::{Activation, NtkLinear, ParametricActivation, Scaling};
use crate::model::Inputs;
use crate::network::{Network, ParameterRule, Pass};

/// The size of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealMlpConfig {
    /// The width of each hidden layer.
    pub hidden: Vec<usize>,
    /// The embedding of numbers.
    pub numbers: PbldConfig,
    /// The length of a category's vector.
    pub embedding: usize,
    /// The nonlinearity inside the parametric activation.
    pub activation: Activation,
    /// The share of hidden units dropped in training, before its schedule.
    pub dropout: f64,
}

/// Embedded inputs, a learned scaling, parametric hidden layers in NTK form, a linear head.
#[derive(Module, Debug)]
pub struct RealMlp {
    /// The numbers' embedding; none when there are no numbers.
    pub numbers: Option<Pbld>,
    /// The categories' vectors.
    pub categories: CategoryEncoder,
    /// The learned factors in front of the first layer.
    pub scaling: Scaling,
    /// The hidden layers.
    pub blocks: Vec<RealMlpBlock>,
    /// The outputs.
    pub head: NtkLinear,
    #[module(skip)]
    dropout: f64,
}

/// A hidden layer.
#[derive(Module, Debug)]
pub struct RealMlpBlock {
    /// The products.
    pub linear: NtkLinear,
    /// Its activation.
    pub activation: ParametricActivation,
}

impl RealMlp {
    /// A network with start values that do not depend on data; [`RealMlp::fit_start`] completes them.
    pub fn new(
        config: &RealMlpConfig,
        inputs: &Inputs,
        outputs: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let embedded = inputs.numbers * config.numbers.outputs;
        let mut width = embedded + inputs.flags + inputs.levels.len() * config.embedding;
        let scaling = Scaling::new(width, device);
        let mut blocks = Vec::new();
        for (index, &units) in config.hidden.iter().enumerate() {
            blocks.push(RealMlpBlock {
                linear: NtkLinear::new(width, units, stream.at(3 + index as u64), device),
                activation: ParametricActivation::new(units, config.activation, device),
            });
            width = units;
        }
        let has_numbers = inputs.numbers > 0;
        Self {
            numbers: has_numbers.then(|| Pbld::new(inputs.numbers, config.numbers, stream.at(0), device)),
            categories: CategoryEncoder::new(&inputs.levels, config.embedding, stream.at(1), device),
            scaling,
            blocks,
            head: NtkLinear::new(width, outputs, stream.at(2), device),
            dropout: config.dropout,
        }
    }

    /// Starts each layer on what the layers before it make of these training rows (ingredient 6). The batch must
    /// be on the network's device.
    #[must_use]
    pub fn fit_start(mut self, batch: &Batch, stream: Stream) -> Self {
        let mut hidden = self.encode(batch);
        let mut blocks = Vec::new();
        for (index, block) in self.blocks.into_iter().enumerate() {
            let linear = block.linear.fit_start(hidden.clone(), stream.at(1 + index as u64));
            hidden = block.activation.forward(linear.forward(hidden, &Pass::inference()));
            blocks.push(RealMlpBlock { linear, activation: block.activation });
        }
        self.blocks = blocks;
        self.head = self.head.fit_start(hidden, stream.at(0));
        self
    }

    fn encode(&self, batch: &Batch) -> Tensor<2> {
        let mut parts: Vec<Tensor<2>> = Vec::new();
        parts.extend(self.numbers.as_ref().map(|pbld| pbld.forward(batch.numbers.clone())));
        parts.push(batch.flags.clone());
        parts.extend(self.categories.forward(batch));
        match join(parts) {
            Some(joined) => self.scaling.forward(joined),
            None => batch.numbers.clone(),
        }
    }
}

impl Network for RealMlp {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let mut hidden = self.encode(batch);
        for (index, block) in self.blocks.iter().enumerate() {
            hidden = block.activation.forward(block.linear.forward(hidden, pass));
            pass.tap(&format!("blocks.{index}"), &hidden);
            hidden = pass.dropout(hidden, self.dropout);
        }
        pass.feature(&hidden);
        self.head.forward(hidden, pass)
    }

    /// The authors' groups: the scaling learns six times as fast; biases, the numbers' embedding and the
    /// activations a tenth; everything decays but biases.
    fn rule(&self, name: &str, _shape: &[usize]) -> ParameterRule {
        let bias = name.ends_with("bias") || name.ends_with("phase");
        let tenth = bias || name.starts_with("numbers.") || name.ends_with("strength");
        let rate = match name {
            "scaling.scale" => 6.0,
            _ if tenth => 0.1,
            _ => 1.0,
        };
        ParameterRule { rate, decay: !bias }
    }
}

impl Export for RealMlp {
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError> {
        let numbers = self.numbers.as_ref().zip(inputs.numbers.as_ref());
        let numbers = numbers.map(|(embedding, numbers)| embedding.write(graph, "numbers", numbers));
        let columns = inputs.columns(graph, numbers, &self.categories);
        let all = joined(graph, &columns)?;
        let mut hidden = self.scaling.write(graph, "scaling", &all);
        for (index, block) in self.blocks.iter().enumerate() {
            let linear = block.linear.write(graph, &format!("blocks.{index}.linear"), &hidden);
            hidden = block.activation.write(graph, &format!("blocks.{index}.activation"), &linear);
        }
        Ok(self.head.write(graph, "head", &hidden))
    }
}
