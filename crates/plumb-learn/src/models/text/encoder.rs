//! A Transformer over tokens: its own, trained from nothing, and BERT's family.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::embedding;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use super::positions::{Positions, angles_written, of_places, sinusoidal};
use crate::batches::Tokens;
use crate::explain::AttentionMap;
use crate::export::WrittenTokens;
use crate::export::attention::Sight;
use crate::layers::{EncoderLayer, EncoderLayerConfig, LayerNorm, LayerSize, normal, parameter};
use crate::network::Pass;
use crate::parameters::host;

/// The size of an encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The length of a token's vector.
    pub width: usize,
    /// Its layers, one after the other.
    pub layers: usize,
    /// Each of them.
    pub layer: EncoderLayerConfig,
    /// What pruning has left of each of them; empty where nothing was pruned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<LayerSize>,
    /// How a token knows its place.
    pub positions: Positions,
    /// Kinds of segments that have a vector of their own (BERT's two); every token is of the first.
    pub kinds: usize,
}

/// Vectors of tokens, layers that let them see each other.
///
/// # Shapes
/// `[batch, tokens]` to `[batch, tokens, width]`.
#[derive(Module, Debug)]
pub struct TextEncoder {
    /// `[vocabulary, width]`.
    pub words: Param<Tensor<2>>,
    /// `[places, width]`, where places are learned.
    pub positions: Option<Param<Tensor<2>>>,
    /// `[kinds, width]`, where there are kinds.
    pub kinds: Option<Param<Tensor<2>>>,
    /// Of the sum, before the first layer, where norms come last.
    pub norm: Option<LayerNorm>,
    /// The layers.
    pub layers: Vec<EncoderLayer>,
    /// Of the last layer's output, where norms come first.
    pub last_norm: Option<LayerNorm>,
    #[module(skip)]
    config: Skipped,
}

/// What of the config is needed later.
#[derive(Debug, Clone)]
struct Skipped {
    positions: Positions,
    dropout: f64,
}

/// The deviation of start values (BERT's).
const DEVIATION: f64 = 0.02;

impl TextEncoder {
    /// An encoder with its start values, for so many tokens.
    pub fn new(config: &EncoderConfig, vocabulary: usize, stream: Stream, device: &Device) -> Self {
        let width = config.width;
        let table = |rows: usize, part: u64| {
            let start = normal(stream.at(part));
            parameter([rows.max(1), width], device, move |i| DEVIATION * start(i))
        };
        let norm = || LayerNorm::with_epsilon(width, config.layer.epsilon as f32, device);
        let first = config.layer.norm_first;
        let layer = |index: usize| {
            let size = config.sizes.get(index).copied();
            let of = size.map_or_else(|| config.layer.clone(), |size| config.layer.of_size(size));
            EncoderLayer::new(&of, stream.at(10 + index as u64), device)
        };
        Self {
            words: table(vocabulary, 0),
            positions: match config.positions {
                Positions::Learned { places, .. } => Some(table(places, 1)),
                Positions::Sinusoidal | Positions::Rotary | Positions::None => None,
            },
            kinds: (config.kinds > 0).then(|| table(config.kinds, 2)),
            norm: (!first).then(norm),
            layers: (0..config.layers).map(layer).collect(),
            last_norm: (first && config.layers > 0).then(norm),
            config: Skipped { positions: config.positions, dropout: config.layer.dropout },
        }
    }

    /// The vectors of the tokens; those that fill a batch up have no meaning.
    pub fn forward(&self, tokens: &Tokens, pass: &mut Pass) -> Tensor<3> {
        pass.stage(0);
        self.of_embedded(self.embed(tokens), tokens, pass)
    }

    /// The same, of tokens whose vectors are known.
    pub(super) fn of_embedded(&self, mut hidden: Tensor<3>, tokens: &Tokens, pass: &mut Pass) -> Tensor<3> {
        if let Some(norm) = &self.norm {
            hidden = norm.forward(hidden);
        }
        hidden = pass.dropout(hidden, self.config.dropout);
        for (index, layer) in self.layers.iter().enumerate() {
            pass.stage(1 + index);
            pass.attention_with(&format!("layers.{index}"), || {
                layer.evenness(&hidden, tokens.lengths.first().copied().unwrap_or(1).max(1))
            });
            hidden = layer.forward(hidden, Some(&tokens.lengths), pass);
            pass.tap_with(&format!("layers.{index}"), || {
                let [batch, count, width] = hidden.dims();
                hidden.clone().inner().reshape([batch * count, width])
            });
        }
        match &self.last_norm {
            Some(norm) => norm.forward(hidden),
            None => hidden,
        }
    }

    /// Where attention goes in each layer, of a batch of one text.
    pub(crate) fn attentions(&self, tokens: &Tokens) -> Vec<AttentionMap> {
        let mut hidden = self.embed(tokens);
        if let Some(norm) = &self.norm {
            hidden = norm.forward(hidden);
        }
        let mut found = Vec::new();
        for layer in &self.layers {
            found.push(layer.attention(&hidden));
            hidden = layer.forward(hidden, Some(&tokens.lengths), &mut Pass::inference());
        }
        found
    }

    /// The sum of the vectors of word, place and kind.
    pub(crate) fn embed(&self, tokens: &Tokens) -> Tensor<3> {
        let (words, width) = (self.words.val(), self.words.dims()[1]);
        let hidden = embedding(words, &tokens.ids).reshape([tokens.lengths.len(), tokens.longest, width]);
        self.with_places(hidden)
    }

    /// The same with vectors of 0 in place of the words.
    pub(crate) fn embed_places(&self, tokens: &Tokens) -> Tensor<3> {
        let shape = [tokens.lengths.len(), tokens.longest, self.words.dims()[1]];
        self.with_places(Tensor::zeros(shape, &self.words.val().device()))
    }

    fn with_places(&self, mut hidden: Tensor<3>) -> Tensor<3> {
        let [_, longest, width] = hidden.dims();
        let device = hidden.device();
        match (self.config.positions, &self.positions) {
            (Positions::Learned { skipped, .. }, Some(table)) => {
                let rows = table.dims()[0];
                let place = |at: usize| ((skipped + at).min(rows - 1)) as u32;
                let places: Vec<u32> = (0..longest).map(place).collect();
                hidden = hidden + embedding(table.val(), &places).reshape([1, longest, width]);
            }
            // A word's vector grows by the root of the width first, or the places would drown it (Vaswani et al. 2017).
            (Positions::Sinusoidal, _) => {
                hidden = hidden.mul_scalar((width as f64).sqrt()) + sinusoidal(longest, width, &device);
            }
            _ => {}
        }
        match &self.kinds {
            Some(table) => hidden + embedding(table.val(), &[0]).reshape([1, 1, width]),
            None => hidden,
        }
    }

    /// The vectors of tokens as operators, `[rows, tokens, width]`; `at` is its path.
    pub(super) fn write(&self, graph: &mut GraphWriter, at: &str, tokens: &WrittenTokens) -> Name {
        let mut hidden = self.write_embedded(graph, at, tokens);
        if let Some(norm) = &self.norm {
            hidden = norm.write(graph, &format!("{at}.norm"), &hidden);
        }
        let depth = self.layers.iter().find_map(EncoderLayer::turned_depth);
        let sight = Sight {
            hidden: (!self.layers.is_empty()).then(|| tokens.hidden(graph, &[1, 2])),
            turned: depth.map(|depth| angles_written(graph, depth, tokens)),
        };
        for (index, layer) in self.layers.iter().enumerate() {
            hidden = layer.write(graph, &format!("{at}.layers.{index}"), &hidden, &sight);
        }
        match &self.last_norm {
            Some(norm) => norm.write(graph, &format!("{at}.last_norm"), &hidden),
            None => hidden,
        }
    }

    /// The sum of the vectors of word, place and kind.
    fn write_embedded(&self, graph: &mut GraphWriter, at: &str, tokens: &WrittenTokens) -> Name {
        let [vocabulary, width] = self.words.dims();
        let words = host(self.words.val().inner());
        let words = graph.floats(&format!("{at}.words"), &[vocabulary, width], &words);
        let mut hidden = graph.node("Gather", &[&words, &tokens.ids], &[]);
        let places = match (self.config.positions, &self.positions) {
            (Positions::Learned { skipped, .. }, Some(table)) => {
                let values = host(table.val().inner());
                let table = graph.floats(&format!("{at}.positions"), &table.dims(), &values);
                Some(of_places(graph, &table, skipped, tokens))
            }
            (Positions::Sinusoidal, _) => {
                let factor = graph.floats("root", &[], &[(width as f64).sqrt() as f32]);
                hidden = graph.node("Mul", &[&hidden, &factor], &[]);
                let values = host(sinusoidal(tokens.longest, width, &Device::flex()));
                let table = graph.floats(&format!("{at}.waves"), &[tokens.longest, width], &values);
                Some(of_places(graph, &table, 0, tokens))
            }
            _ => None,
        };
        if let Some(places) = places {
            hidden = graph.node("Add", &[&hidden, &places], &[]);
        }
        let Some(kinds) = &self.kinds else { return hidden };
        // Every token is of the first kind.
        let first = &host(kinds.val().inner())[..width];
        let first = graph.floats(&format!("{at}.kinds"), &[width], first);
        graph.node("Add", &[&hidden, &first], &[])
    }

    /// Whether what is trained stands beside the layers.
    pub(super) fn has_low_rank(&self) -> bool {
        self.layers.iter().any(|layer| layer.lora.is_some())
    }

    /// The vectors, and each layer.
    pub(super) fn stages(&self) -> usize {
        1 + self.layers.len()
    }

    pub(super) fn stage_of(&self, name: &str) -> usize {
        if name.starts_with("last_norm") {
            return self.layers.len();
        }
        let layer =
            name.strip_prefix("layers.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
        layer.map_or(0, |layer| 1 + layer)
    }
}
