//! The plain multilayer perceptron: linear, norm, activation, dropout, as in every textbook.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::combiner::join;
use crate::encoders::CategoryEncoder;
use crate::export::{Export, ExportError, Written, joined};
use crate::layers::{Activation, Linear, Norm, NormKind};
use crate::model::Inputs;
use crate::network::{Network, Pass};

/// The size of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    /// The width of each hidden layer.
    pub hidden: Vec<usize>,
    /// After each linear layer but the last.
    pub norm: Option<NormKind>,
    /// After the norm.
    pub activation: Activation,
    /// The share of hidden units dropped in training.
    pub dropout: f64,
    /// The length of a category's vector.
    pub embedding: usize,
}

/// Numbers and indicators as they are, categories as vectors, then hidden blocks and a linear head.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The categories' vectors.
    pub categories: CategoryEncoder,
    /// The hidden layers.
    pub blocks: Vec<MlpBlock>,
    /// The outputs.
    pub head: Linear,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    dropout: f64,
}

/// A hidden layer.
#[derive(Module, Debug)]
pub struct MlpBlock {
    /// The products.
    pub linear: Linear,
    /// Its normalization.
    pub norm: Option<Norm>,
}

impl Mlp {
    /// A network with its start values.
    pub fn new(config: &MlpConfig, inputs: &Inputs, outputs: usize, stream: Stream, device: &Device) -> Self {
        let mut width = inputs.numbers + inputs.flags + inputs.levels.len() * config.embedding;
        let mut blocks = Vec::new();
        for (index, &units) in config.hidden.iter().enumerate() {
            blocks.push(MlpBlock {
                linear: Linear::new(width, units, stream.at(2 + index as u64), device),
                norm: config.norm.map(|kind| Norm::new(kind, units, device)),
            });
            width = units;
        }
        Self {
            categories: CategoryEncoder::new(&inputs.levels, config.embedding, stream.at(0), device),
            blocks,
            head: Linear::new(width, outputs, stream.at(1), device),
            activation: config.activation,
            dropout: config.dropout,
        }
    }
}

impl Network for Mlp {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let mut parts = vec![batch.numbers.clone(), batch.flags.clone()];
        parts.extend(self.categories.forward(batch));
        let mut hidden = join(parts).unwrap_or_else(|| batch.numbers.clone());
        for (index, block) in self.blocks.iter().enumerate() {
            hidden = block.linear.forward(hidden, pass);
            hidden = match &block.norm {
                Some(norm) => norm.forward(hidden, self.activation, pass),
                None => self.activation.apply(hidden),
            };
            pass.tap(&format!("blocks.{index}"), &hidden);
            hidden = pass.dropout(hidden, self.dropout);
        }
        pass.feature(&hidden);
        self.head.forward(hidden, pass)
    }
}

impl Export for Mlp {
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError> {
        let columns = inputs.columns(graph, inputs.numbers.clone(), &self.categories);
        let mut hidden = joined(graph, &columns)?;
        for (index, block) in self.blocks.iter().enumerate() {
            hidden = block.linear.write(graph, &format!("blocks.{index}.linear"), &hidden);
            if let Some(norm) = &block.norm {
                hidden = norm.write(graph, &format!("blocks.{index}.norm"), &hidden);
            }
            hidden = self.activation.write(graph, &hidden);
        }
        Ok(self.head.write(graph, "head", &hidden))
    }
}
