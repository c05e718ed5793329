//! A network for rows that hold several kinds of things: an encoder for each kind, a combiner, a head.

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use super::pictures::{PictureConfig, PictureNetwork};
use super::text::{TextConfig, TextNetwork};
use crate::batches::Batch;
use crate::combiner::join;
use crate::encoders::CategoryEncoder;
use crate::export::attention::Sight;
use crate::export::{Export, ExportError, Written, joined};
use crate::layers::{Activation, EncoderLayer, EncoderLayerConfig, LayerNorm, Linear, normal, parameter};
use crate::model::Inputs;
use crate::network::{Network, ParameterRule, Pass};
use crate::parameters::host;

/// What looks at each kind, and what joins them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixedConfig {
    /// What looks at the picture; none for rows without.
    pub picture: Option<PictureConfig>,
    /// What reads the texts; none for rows without.
    pub text: Option<TextConfig>,
    /// The length of the vector that each kind becomes.
    pub width: usize,
    /// The length of a category's vector.
    pub embedding: usize,
    /// How the vectors become one.
    pub combiner: Combiner,
    /// The share of features dropped before the head.
    pub dropout: f64,
}

/// How the vectors of several kinds become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combiner {
    /// Side by side.
    Concatenate,
    /// They see each other through a layer of a Transformer; then their mean.
    Attention,
}

/// An encoder for each kind of column, a combiner, a head.
///
/// # Shapes
/// Whatever the rows hold to `[batch, outputs]`. A picture that is missing is plain, a text that is missing is empty, a number that is missing
/// is its mean with a flag beside it: the preparation sees to that.
#[derive(Module, Debug)]
pub struct MixedNetwork {
    /// Pictures to vectors.
    pub picture: Option<PictureNetwork>,
    /// Texts to vectors.
    pub text: Option<TextNetwork>,
    /// Numbers and flags, first half of the way.
    pub numbers: Option<Linear>,
    /// Second half.
    pub numbers_out: Option<Linear>,
    /// Categories' vectors.
    pub categories: CategoryEncoder,
    /// They to one.
    pub categories_out: Option<Linear>,
    /// What tells the kinds apart, `[kinds, width]`, where they see each other.
    pub kinds: Option<Param<Tensor<2>>>,
    /// How they do.
    pub layer: Option<EncoderLayer>,
    /// Of what the combiner gives.
    pub norm: LayerNorm,
    /// To the outputs.
    pub classifier: Linear,
    #[module(skip)]
    dropout: f64,
}

/// The deviation of start values of vectors that tell kinds apart.
const DEVIATION: f64 = 0.02;

impl MixedNetwork {
    /// A network with its start values.
    pub fn new(
        config: &MixedConfig,
        inputs: &Inputs,
        outputs: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let (width, categories) = (config.width, inputs.levels.len() * config.embedding);
        let pictures = Inputs { image: inputs.image, ..Inputs::default() };
        let texts = Inputs { text: inputs.text, ..Inputs::default() };
        let picture = config.picture.as_ref().filter(|_| inputs.image.is_some());
        let text = config.text.as_ref().filter(|_| inputs.text.is_some());
        let plain = inputs.numbers + inputs.flags;
        let has_numbers = plain > 0;
        let kinds: usize =
            [picture.is_some(), text.is_some(), has_numbers, categories > 0].map(usize::from).iter().sum();
        let sees = config.combiner == Combiner::Attention;
        let joined = if sees { width } else { width * kinds };
        let start = normal(stream.at(7));
        Self {
            picture: picture.map(|of| PictureNetwork::new(of, &pictures, width, stream.at(0), device)),
            text: text.map(|of| TextNetwork::new(of, &texts, width, stream.at(1), device)),
            numbers: has_numbers.then(|| Linear::new(plain, width, stream.at(2), device)),
            numbers_out: has_numbers.then(|| Linear::new(width, width, stream.at(3), device)),
            categories: CategoryEncoder::new(&inputs.levels, config.embedding, stream.at(99), device),
            categories_out: (categories > 0).then(|| Linear::new(categories, width, stream.at(4), device)),
            kinds: sees.then(|| parameter([kinds, width], device, move |i| DEVIATION * start(i))),
            layer: sees.then(|| EncoderLayer::new(&layer(config), stream.at(5), device)),
            norm: LayerNorm::new(joined, device),
            classifier: Linear::new(joined, outputs, stream.at(6), device),
            dropout: config.dropout,
        }
    }

    /// The vector of each kind, `[batch, width]` each, in the order of the fields.
    fn encode(&self, batch: &Batch, pass: &mut Pass) -> Vec<Tensor<2>> {
        let mut kinds = Vec::new();
        let last = self.stages();
        if let (Some(network), Some(images)) = (&self.picture, &batch.images) {
            pass.count_stages_from(last - network.stages());
            kinds.push(network.of_images(images.clone(), pass));
        }
        if let (Some(network), Some(tokens)) = (&self.text, &batch.tokens) {
            pass.count_stages_from(last - network.stages());
            kinds.push(network.of_tokens(tokens, pass));
        }
        pass.count_stages_from(0);
        pass.stage(last - 1);
        if let (Some(first), Some(second)) = (&self.numbers, &self.numbers_out)
            && let Some(numbers) = join(vec![batch.numbers.clone(), batch.flags.clone()])
        {
            kinds.push(second.forward(relu(first.forward(numbers, pass)), pass));
        }
        if let (Some(out), Some(vectors)) = (&self.categories_out, join(self.categories.forward(batch))) {
            kinds.push(out.forward(vectors, pass));
        }
        kinds
    }

    /// The part that a parameter belongs to: its network, and what is left of its name.
    fn part<'a>(&self, name: &'a str) -> Option<(&dyn Stages, &'a str)> {
        if let (Some(network), Some(rest)) = (&self.picture, name.strip_prefix("picture.")) {
            return Some((network, rest));
        }
        match (&self.text, name.strip_prefix("text.")) {
            (Some(network), Some(rest)) => Some((network, rest)),
            _ => None,
        }
    }
}

/// What a part knows of its parameters.
trait Stages {
    fn count(&self) -> usize;
    fn of(&self, name: &str) -> usize;
    fn treat(&self, name: &str, shape: &[usize]) -> ParameterRule;
}

impl<N: Network> Stages for N {
    fn count(&self) -> usize {
        self.stages()
    }
    fn of(&self, name: &str) -> usize {
        self.stage_of(name)
    }
    fn treat(&self, name: &str, shape: &[usize]) -> ParameterRule {
        self.rule(name, shape)
    }
}

/// The layer through which the kinds see each other.
fn layer(config: &MixedConfig) -> EncoderLayerConfig {
    EncoderLayerConfig {
        width: config.width,
        heads: 4,
        depth: None,
        hidden: 2 * config.width,
        activation: Activation::Gelu,
        dropout: config.dropout,
        norm_first: true,
        epsilon: 1e-5,
        rotary: false,
        lora: 0,
    }
}

impl Network for MixedNetwork {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let kinds = self.encode(batch, pass);
        let combined = match (&self.kinds, &self.layer) {
            (Some(names), Some(layer)) if !kinds.is_empty() => {
                let [rows, width] = kinds[0].dims();
                let count = kinds.len();
                let together = Tensor::stack::<3>(kinds, 1) + names.val().reshape([1, count, width]);
                pass.attention_with("layer", || layer.evenness(&together, count));
                layer.forward(together, None, pass).mean_dim(1).reshape([rows, width])
            }
            // Tables without inputs are refused where they are prepared.
            _ => match join(kinds) {
                Some(joined) => joined,
                None => return batch.numbers.clone(),
            },
        };
        let combined = relu(self.norm.forward(combined));
        let combined = pass.dropout(combined, self.dropout);
        pass.feature(&combined);
        self.classifier.forward(combined, pass)
    }

    /// As many as the deepest part has: all parts end together, with the combiner.
    fn stages(&self) -> usize {
        let of = [self.picture.as_ref().map(Network::stages), self.text.as_ref().map(Network::stages)];
        of.into_iter().flatten().max().unwrap_or(1)
    }

    fn stage_of(&self, name: &str) -> usize {
        let last = self.stages();
        self.part(name).map_or(last - 1, |(part, rest)| last - part.count() + part.of(rest))
    }

    fn rule(&self, name: &str, shape: &[usize]) -> ParameterRule {
        if let Some((part, rest)) = self.part(name) {
            return part.treat(rest, shape);
        }
        let is_table = name.starts_with("kinds") || name.starts_with("categories.");
        ParameterRule { rate: 1.0, decay: shape.len() >= 2 && !is_table }
    }
}

impl MixedNetwork {
    /// The vector of each kind as operators, in the order of the fields.
    fn write_kinds(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Vec<Name>, ExportError> {
        let mut kinds = Vec::new();
        if let Some(network) = self.picture.as_ref().filter(|_| inputs.pixels.is_some()) {
            let own = Written { pixels: inputs.pixels.clone(), ..Written::default() };
            kinds.push(graph.within("picture", |graph| network.write(graph, &own))?);
        }
        if let Some(network) = self.text.as_ref().filter(|_| inputs.tokens.is_some()) {
            let own = Written { tokens: inputs.tokens.clone(), ..Written::default() };
            kinds.push(graph.within("text", |graph| network.write(graph, &own))?);
        }
        if let (Some(first), Some(second)) = (&self.numbers, &self.numbers_out) {
            let numbers: Vec<Name> =
                [&inputs.numbers, &inputs.flags].into_iter().flatten().cloned().collect();
            let numbers = joined(graph, &numbers)?;
            let hidden = first.write(graph, "numbers", &numbers);
            let hidden = Activation::Relu.write(graph, &hidden);
            kinds.push(second.write(graph, "numbers_out", &hidden));
        }
        if let Some(out) = &self.categories_out {
            let vectors = self.categories.write(graph, "categories", &inputs.codes);
            let vectors = joined(graph, &vectors)?;
            kinds.push(out.write(graph, "categories_out", &vectors));
        }
        Ok(kinds)
    }
}

impl Export for MixedNetwork {
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError> {
        let kinds = self.write_kinds(graph, inputs)?;
        let combined = match (&self.kinds, &self.layer) {
            (Some(names), Some(layer)) => {
                let place = graph.wholes("kind", &[1], &[1]);
                let apart = |kind: &Name| graph.node("Unsqueeze", &[kind, &place], &[]);
                let kinds: Vec<Name> = kinds.iter().map(apart).collect();
                let together = joined(graph, &kinds)?;
                let [count, width] = names.dims();
                let names = graph.floats("kinds", &[1, count, width], &host(names.val().inner()));
                let together = graph.node("Add", &[&together, &names], &[]);
                let seen = layer.write(graph, "layer", &together, &Sight::default());
                let mean = [("axes", Setting::Ints(&[1])), ("keepdims", Setting::Int(0))];
                graph.node("ReduceMean", &[&seen], &mean)
            }
            _ => joined(graph, &kinds)?,
        };
        let normed = self.norm.write(graph, "norm", &combined);
        let normed = Activation::Relu.write(graph, &normed);
        Ok(self.classifier.write(graph, "classifier", &normed))
    }
}
