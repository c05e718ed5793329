//! Networks for texts: an encoder of tokens, a pool, beside it the other columns of the row.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use crate::batches::{Batch, Tokens};
use crate::combiner::join;
use crate::encoders::CategoryEncoder;
use crate::export::{Export, ExportError, Written, joined};
use crate::layers::{Linear, is_low_rank};
use crate::model::Inputs;
use crate::network::{Network, ParameterRule, Pass};

pub mod encoder;
mod pool;
mod positions;
pub mod recurrent;

use encoder::{EncoderConfig, TextEncoder};
use pool::Pool;
pub use pool::Pooling;
pub use positions::Positions;
pub(crate) use positions::rotate;
use recurrent::{Recurrent, RecurrentConfig};

/// What reads a text, and what stands beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// What reads the tokens.
    pub encoder: EncoderConfig,
    /// What reads them one after the other, behind the encoder; none where its layers see all at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrent: Option<RecurrentConfig>,
    /// How the vectors of the tokens become one.
    pub pooling: Pooling,
    /// The length of a category's vector, for tables that hold more than texts.
    pub embedding: usize,
    /// The share of features dropped before the head.
    pub dropout: f64,
    /// The family of published encoders whose names the stored weights have; none for our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
}

/// An encoder of tokens, the vectors of categories beside it, a head.
///
/// # Shapes
/// `[batch, tokens]` and the other columns of the rows to `[batch, outputs]`. What fills a batch up is seen by nothing.
#[derive(Module, Debug)]
pub struct TextNetwork {
    /// What reads the tokens.
    pub encoder: TextEncoder,
    /// What reads them one after the other.
    pub recurrent: Option<Recurrent>,
    /// What makes one vector of them.
    pub pool: Pool,
    /// The categories' vectors; none for texts alone.
    pub categories: CategoryEncoder,
    /// From the pooled vector and what stands beside it to the outputs.
    pub classifier: Linear,
    #[module(skip)]
    dropout: f64,
}

/// The deviation of the head's start values (BERT's).
const DEVIATION: f64 = 0.02;

impl TextNetwork {
    /// A network with its start values.
    pub fn new(
        config: &TextConfig,
        inputs: &Inputs,
        outputs: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let beside = inputs.numbers + inputs.flags + inputs.levels.len() * config.embedding;
        let (width, vocabulary) = (config.encoder.width, inputs.text.map_or(1, |text| text.vocabulary));
        let recurrent = config.recurrent.as_ref();
        let of_encoder = width;
        let width = recurrent.map_or(width, |of| 2 * of.units);
        Self {
            encoder: TextEncoder::new(&config.encoder, vocabulary, stream.at(0), device),
            recurrent: recurrent.map(|of| Recurrent::new(of, of_encoder, stream.at(3), device)),
            pool: Pool::new(config.pooling, width, stream.at(1), device),
            categories: CategoryEncoder::new(&inputs.levels, config.embedding, stream.at(99), device),
            classifier: Linear::normal(width + beside, outputs, DEVIATION, stream.at(2), device),
            dropout: config.dropout,
        }
    }

    /// The vector that the head sees of each text, `[batch, width]`.
    pub fn features(&self, tokens: &Tokens, pass: &mut Pass) -> Tensor<2> {
        let hidden = self.encoder.forward(tokens, pass);
        self.pooled(hidden, tokens, pass)
    }

    /// The outputs of texts that nothing stands beside.
    pub(crate) fn of_tokens(&self, tokens: &Tokens, pass: &mut Pass) -> Tensor<2> {
        let features = self.features(tokens, pass);
        self.classifier.forward(pass.dropout(features, self.dropout), pass)
    }

    fn pooled(&self, mut hidden: Tensor<3>, tokens: &Tokens, pass: &mut Pass) -> Tensor<2> {
        if let Some(recurrent) = &self.recurrent {
            pass.stage(self.encoder.stages());
            hidden = recurrent.forward(hidden, &tokens.lengths, pass);
        }
        pass.stage(self.stages() - 1);
        self.pool.forward(hidden, &tokens.lengths, pass)
    }

    /// The outputs for texts whose tokens' vectors are known, `[batch, tokens, width]`.
    pub(crate) fn of_embedded(&self, hidden: Tensor<3>, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let features = batch.tokens.as_ref().map(|tokens| {
            let hidden = self.encoder.of_embedded(hidden, tokens, pass);
            self.pooled(hidden, tokens, pass)
        });
        self.of_features(features, batch, pass)
    }

    /// From the vector of a text and what stands beside it to the outputs.
    fn of_features(&self, features: Option<Tensor<2>>, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let mut features: Vec<Tensor<2>> = features.into_iter().collect();
        features.extend([batch.numbers.clone(), batch.flags.clone()]);
        features.extend(self.categories.forward(batch));
        // Rows without texts are refused where tables are prepared.
        let Some(features) = join(features) else { return batch.numbers.clone() };
        let features = pass.dropout(features, self.dropout);
        pass.feature(&features);
        self.classifier.forward(features, pass)
    }
}

impl Network for TextNetwork {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let features = batch.tokens.as_ref().map(|tokens| self.features(tokens, pass));
        self.of_features(features, batch, pass)
    }

    fn stages(&self) -> usize {
        self.encoder.stages() + usize::from(self.recurrent.is_some()) + 1
    }

    fn stage_of(&self, name: &str) -> usize {
        if name.starts_with("recurrent.") {
            return self.encoder.stages();
        }
        let of_encoder = name.strip_prefix("encoder.");
        of_encoder.map_or(self.stages() - 1, |name| self.encoder.stage_of(name))
    }

    /// Decay on matrices, but not on the vectors of tokens and positions, of which a step sees a few.
    fn rule(&self, name: &str, shape: &[usize]) -> ParameterRule {
        let is_table = ["encoder.words", "encoder.positions", "encoder.kinds", "categories"]
            .iter()
            .any(|table| name.starts_with(table));
        let decay = shape.len() >= 2 && !is_table;
        if !self.encoder.has_low_rank() || !name.starts_with("encoder.") {
            return ParameterRule { rate: 1.0, decay };
        }
        // What is trained beside resting layers wants about ten times their rate (Hu et al. 2021, section D).
        ParameterRule { rate: if is_low_rank(name) { 10.0 } else { 0.0 }, decay }
    }
}

impl Export for TextNetwork {
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError> {
        let tokens = inputs.tokens.as_ref().ok_or(ExportError::NoInputs)?;
        let mut hidden = self.encoder.write(graph, "encoder", tokens);
        if let Some(recurrent) = &self.recurrent {
            hidden = recurrent.write(graph, "recurrent", &hidden, tokens);
        }
        let features = self.pool.write(graph, "pool", &hidden, tokens);
        let beside = inputs.columns(graph, inputs.numbers.clone(), &self.categories);
        let all = joined(graph, &[vec![features], beside].concat())?;
        Ok(self.classifier.write(graph, "classifier", &all))
    }
}
