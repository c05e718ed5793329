//! A layer of a Transformer encoder (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>).

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_kernels::{Attention, add_dropped, self_attention};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use super::{Activation, LayerNorm, Linear, LowRank};
use crate::explain::AttentionMap;
use crate::export::attention::{Sight, self_attention as self_attention_written};
use crate::models::text::rotate;
use crate::network::Pass;

/// The size of a layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderLayerConfig {
    /// The length of a token's vector.
    pub width: usize,
    /// Attention heads; they divide the width, where nothing says how long their vectors are.
    pub heads: usize,
    /// The length of a head's vectors; none for the width over the heads. A layer that has lost heads keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<usize>,
    /// Units between the two linear maps.
    pub hidden: usize,
    /// Between them.
    pub activation: Activation,
    /// The share dropped of attention weights, of hidden units and of what each part adds.
    pub dropout: f64,
    /// Whether norms come before attention and map (steadier in deep networks) or after the additions (the paper).
    pub norm_first: bool,
    /// Added to the variances of the norms; PyTorch's 1e-5, BERT's 1e-12.
    pub epsilon: f64,
    /// Whether queries and keys are turned by their places.
    pub rotary: bool,
    /// The rank of what is trained beside each linear layer, which then rests (LoRA); 0 trains the layers themselves.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lora: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(rank: &usize) -> bool {
    *rank == 0
}

/// What pruning has left of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSize {
    /// Attention heads.
    pub heads: usize,
    /// Units between the two linear maps.
    pub hidden: usize,
}

impl EncoderLayerConfig {
    /// The same with so many heads, each as long as before, and units.
    pub(crate) fn of_size(&self, size: LayerSize) -> Self {
        let (heads, hidden) = (size.heads.max(1), size.hidden.max(1));
        let depth = Some(self.depth()).filter(|depth| depth * heads != self.width);
        Self { heads, depth, hidden, ..self.clone() }
    }

    /// The length of a head's vectors.
    pub(crate) fn depth(&self) -> usize {
        self.depth.unwrap_or(self.width / self.heads.max(1))
    }
}

/// What is trained beside the linear layers of an encoder layer.
#[derive(Module, Debug)]
pub struct LayerLowRank {
    /// Beside [`EncoderLayer::in_proj`].
    pub in_proj: LowRank,
    /// Beside [`EncoderLayer::out_proj`].
    pub out_proj: LowRank,
    /// Beside [`EncoderLayer::linear1`].
    pub linear1: LowRank,
    /// Beside [`EncoderLayer::linear2`].
    pub linear2: LowRank,
}

/// Self-attention and a map of each token, each with a norm and a way around it; PyTorch's `TransformerEncoderLayer`.
///
/// # Shapes
/// `[batch, tokens, width]` to the same.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    /// Queries, keys and values side by side.
    pub in_proj: Linear,
    /// What the heads have found, mixed.
    pub out_proj: Linear,
    /// Into the hidden units.
    pub linear1: Linear,
    /// Out of them.
    pub linear2: Linear,
    /// Of the attention.
    pub norm1: LayerNorm,
    /// Of the map.
    pub norm2: LayerNorm,
    /// What is trained in place of the linear layers, if they rest.
    pub lora: Option<LayerLowRank>,
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    dropout: f64,
    #[module(skip)]
    norm_first: bool,
    #[module(skip)]
    rotary: bool,
}

impl EncoderLayer {
    /// A layer with its start values.
    pub fn new(config: &EncoderLayerConfig, stream: Stream, device: &Device) -> Self {
        let (width, hidden, inner) = (config.width, config.hidden, config.heads * config.depth());
        let norm = || LayerNorm::with_epsilon(width, config.epsilon as f32, device);
        Self {
            in_proj: Linear::new(width, 3 * inner, stream.at(0), device),
            out_proj: Linear::new(inner, width, stream.at(1), device),
            linear1: Linear::new(width, hidden, stream.at(2), device),
            linear2: Linear::new(hidden, width, stream.at(3), device),
            norm1: norm(),
            norm2: norm(),
            lora: (config.lora > 0).then(|| LayerLowRank {
                in_proj: LowRank::new(width, 3 * inner, config.lora, stream.at(4), device),
                out_proj: LowRank::new(inner, width, config.lora, stream.at(5), device),
                linear1: LowRank::new(width, hidden, config.lora, stream.at(6), device),
                linear2: LowRank::new(hidden, width, config.lora, stream.at(7), device),
            }),
            heads: config.heads,
            activation: config.activation,
            dropout: config.dropout,
            norm_first: config.norm_first,
            rotary: config.rotary,
        }
    }

    /// `lengths` tells how many tokens of each sequence are real.
    pub fn forward(&self, input: Tensor<3>, lengths: Option<&Arc<[usize]>>, pass: &mut Pass) -> Tensor<3> {
        if self.norm_first {
            let found = self.attend(self.norm1.forward(input.clone()), lengths, pass);
            let hidden = add_dropped(input, found, pass.chance(self.dropout));
            let mapped = self.map(self.norm2.forward(hidden.clone()), pass);
            return add_dropped(hidden, mapped, pass.chance(self.dropout));
        }
        let found = self.attend(input.clone(), lengths, pass);
        let hidden = self.norm1.forward(add_dropped(input, found, pass.chance(self.dropout)));
        let mapped = self.map(hidden.clone(), pass);
        self.norm2.forward(add_dropped(hidden, mapped, pass.chance(self.dropout)))
    }

    /// What each token takes from each, head by head, of a batch of one sequence `[1, tokens, width]`.
    pub(crate) fn attention(&self, input: &Tensor<3>) -> AttentionMap {
        let input = if self.norm_first { self.norm1.forward(input.clone()) } else { input.clone() };
        AttentionMap::of(self.projected(input, &Pass::inference()), self.heads)
    }

    /// How evenly each head attends: of the first sequence of a batch, which has so many real tokens.
    pub(crate) fn evenness(&self, input: &Tensor<3>, tokens: usize) -> Vec<f64> {
        let [_, _, width] = input.dims();
        self.attention(&input.clone().slice([0..1, 0..tokens, 0..width])).evenness()
    }

    fn attend(&self, input: Tensor<3>, lengths: Option<&Arc<[usize]>>, pass: &mut Pass) -> Tensor<3> {
        let attention = Attention {
            heads: self.heads,
            causal: false,
            lengths: lengths.cloned(),
            dropout: pass.chance(self.dropout),
        };
        let projected = self.projected(input, pass);
        let found = self_attention(projected, attention);
        self.beside(self.out_proj.forward(found.clone(), pass), found, |lora| &lora.out_proj)
    }

    fn map(&self, input: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let chance = pass.chance(self.dropout);
        let hidden = self.beside(self.linear1.forward(input.clone(), pass), input, |lora| &lora.linear1);
        let hidden = self.activation.apply_dropped(hidden, chance);
        self.beside(self.linear2.forward(hidden.clone(), pass), hidden, |lora| &lora.linear2)
    }

    /// Queries, keys and values, turned by their places where they are.
    fn projected(&self, input: Tensor<3>, pass: &Pass) -> Tensor<3> {
        let projected = self.beside(self.in_proj.forward(input.clone(), pass), input, |lora| &lora.in_proj);
        if self.rotary { rotate(projected, self.heads) } else { projected }
    }

    /// The units of a head, where queries and keys are turned by their places.
    pub(crate) fn turned_depth(&self) -> Option<usize> {
        self.rotary.then(|| self.out_proj.weight.dims()[0] / self.heads.max(1))
    }

    /// The layer as operators, what was trained beside its linear layers put into them; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name, sight: &Sight) -> Name {
        let add = |graph: &mut GraphWriter, a: &Name, b: &Name| graph.node("Add", &[a, b], &[]);
        let (norm1, norm2) = (format!("{at}.norm1"), format!("{at}.norm2"));
        if self.norm_first {
            let normed = self.norm1.write(graph, &norm1, input);
            let found = self.write_attention(graph, at, &normed, sight);
            let hidden = add(graph, input, &found);
            let normed = self.norm2.write(graph, &norm2, &hidden);
            let mapped = self.write_map(graph, at, &normed);
            return add(graph, &hidden, &mapped);
        }
        let found = self.write_attention(graph, at, input, sight);
        let sum = add(graph, input, &found);
        let hidden = self.norm1.write(graph, &norm1, &sum);
        let mapped = self.write_map(graph, at, &hidden);
        let sum = add(graph, &hidden, &mapped);
        self.norm2.write(graph, &norm2, &sum)
    }

    fn write_attention(&self, graph: &mut GraphWriter, at: &str, input: &Name, sight: &Sight) -> Name {
        let projected = self.whole(&self.in_proj, |lora| &lora.in_proj);
        let projected = projected.write(graph, &format!("{at}.in_proj"), input);
        let width = self.out_proj.weight.dims()[0];
        let found = self_attention_written(graph, &projected, [width, self.heads], sight);
        let out = self.whole(&self.out_proj, |lora| &lora.out_proj);
        out.write(graph, &format!("{at}.out_proj"), &found)
    }

    fn write_map(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let first = self.whole(&self.linear1, |lora| &lora.linear1);
        let hidden = first.write(graph, &format!("{at}.linear1"), input);
        let hidden = self.activation.write(graph, &hidden);
        let second = self.whole(&self.linear2, |lora| &lora.linear2);
        second.write(graph, &format!("{at}.linear2"), &hidden)
    }

    /// A linear layer with what was trained beside it.
    fn whole(&self, layer: &Linear, of: fn(&LayerLowRank) -> &LowRank) -> Linear {
        self.lora.as_ref().map_or_else(|| layer.clone(), |lora| of(lora).put_into(layer))
    }

    /// A linear layer's output, and what is trained beside the layer.
    fn beside(&self, output: Tensor<3>, input: Tensor<3>, of: fn(&LayerLowRank) -> &LowRank) -> Tensor<3> {
        match &self.lora {
            Some(lora) => output + of(lora).forward(input),
            None => output,
        }
    }
}
