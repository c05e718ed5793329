//! The Transformer over patches of a picture (Dosovitskiy et al. 2021, <https://arxiv.org/abs/2010.11929>), with timm's names.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::{Attention, Conv2d, Dropout, gelu, self_attention};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use super::convolutions::conv;
use super::{Head, Look, WriteLook};
use crate::explain::AttentionMap;
use crate::export::ExportError;
use crate::export::attention::{self, Sight};
use crate::layers::{Activation, Conv, LayerNorm, LayerSize, Linear, normal, parameter};
use crate::network::Pass;
use crate::parameters::host;

/// The size of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitConfig {
    /// Height and width of a patch.
    pub patch: usize,
    /// The length of a token's vector.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads; they divide the width.
    pub heads: usize,
    /// What pruning has left of each block; empty where nothing was pruned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<LayerSize>,
}

impl VitConfig {
    /// `vit_tiny_patch16`: 5.7 million values.
    pub const TINY: Self = Self { patch: 16, width: 192, depth: 12, heads: 3, sizes: Vec::new() };

    /// Heads and units of the block at `index`.
    pub(crate) fn size(&self, index: usize) -> LayerSize {
        let published = LayerSize { heads: self.heads, hidden: WIDENING * self.width };
        let LayerSize { heads, hidden } = self.sizes.get(index).copied().unwrap_or(published);
        LayerSize { heads: heads.max(1), hidden: hidden.max(1) }
    }
}

/// Patches as tokens, a class token before them, blocks, a norm.
///
/// # Shapes
/// `[batch, channels, side, side]` to `[batch, width, 1, tokens]`.
#[derive(Module, Debug)]
pub struct Vit {
    /// The class token, `[1, 1, width]`.
    pub cls_token: Param<Tensor<3>>,
    /// What is added for the place, `[1, tokens, width]`.
    pub pos_embed: Param<Tensor<3>>,
    /// Patches to vectors.
    pub patch_embed: PatchEmbed,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// The last norm.
    pub norm: LayerNorm,
    /// The head.
    pub head: Linear,
}

/// Patches to vectors.
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// A convolution whose stride is its kernel.
    pub proj: Conv,
}

/// Attention and a map of each token, each behind a norm.
#[derive(Module, Debug)]
pub struct Block {
    /// Before the attention.
    pub norm1: LayerNorm,
    /// The attention.
    pub attn: SelfAttention,
    /// Before the map.
    pub norm2: LayerNorm,
    /// The map.
    pub mlp: Map,
}

/// Attention of a token to all.
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// Queries, keys and values side by side.
    pub qkv: Linear,
    /// What the heads have found, mixed.
    pub proj: Linear,
    #[module(skip)]
    heads: usize,
}

/// Four times as wide and back.
#[derive(Module, Debug)]
pub struct Map {
    /// Wider.
    pub fc1: Linear,
    /// Back.
    pub fc2: Linear,
}

/// How much wider than a token the map of a token is.
const WIDENING: usize = 4;
/// timm's.
const EPSILON: f32 = 1e-6;
/// The deviation of start values, timm's.
const DEVIATION: f64 = 0.02;

impl Vit {
    /// For pictures of `channels` and `side`.
    pub(super) fn new(
        config: &VitConfig,
        [channels, side]: [usize; 2],
        head: Head,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let (width, patch) = (config.width, config.patch.max(1));
        let places = (side / patch).pow(2) + 1;
        let small = |stream: Stream| {
            let start = normal(stream);
            move |i| DEVIATION * start(i)
        };
        let options = Conv2d { stride: [patch; 2], ..Conv2d::default() };
        let block =
            |index: usize| Block::new(config, config.size(index), stream.at(10 + index as u64), device);
        Self {
            cls_token: parameter([1, 1, width], device, |_| 0.0),
            pos_embed: parameter([1, places, width], device, small(stream.at(0))),
            patch_embed: PatchEmbed {
                proj: conv(channels, width, patch, options, stream.at(1), device).with_bias(device),
            },
            blocks: (0..config.depth).map(block).collect(),
            norm: LayerNorm::with_epsilon(width, EPSILON, device),
            head: Linear::normal(width + head.beside, head.outputs, DEVIATION, stream.at(98), device),
        }
    }
}

impl Block {
    fn new(config: &VitConfig, size: LayerSize, stream: Stream, device: &Device) -> Self {
        let (width, inner) = (config.width, size.heads * (config.width / config.heads.max(1)));
        let linear = |from, to, part| Linear::normal(from, to, DEVIATION, stream.at(part), device);
        Self {
            norm1: LayerNorm::with_epsilon(width, EPSILON, device),
            attn: SelfAttention {
                qkv: linear(width, 3 * inner, 0),
                proj: linear(inner, width, 1),
                heads: size.heads,
            },
            norm2: LayerNorm::with_epsilon(width, EPSILON, device),
            mlp: Map { fc1: linear(width, size.hidden, 2), fc2: linear(size.hidden, width, 3) },
        }
    }

    /// How evenly each head attends in the first picture of a batch.
    fn evenness(&self, tokens: &Tensor<3>) -> Vec<f64> {
        let [_, count, width] = tokens.dims();
        let first = tokens.clone().slice([0..1, 0..count, 0..width]);
        let projected = self.attn.qkv.forward(self.norm1.forward(first), &Pass::inference());
        AttentionMap::of(projected, self.attn.heads).evenness()
    }

    fn forward(&self, tokens: Tensor<3>, pass: &Pass) -> Tensor<3> {
        let attention =
            Attention { heads: self.attn.heads, causal: false, lengths: None, dropout: Dropout::NONE };
        let projected = self.attn.qkv.forward(self.norm1.forward(tokens.clone()), pass);
        let tokens = tokens + self.attn.proj.forward(self_attention(projected, attention), pass);
        let wide = gelu(self.mlp.fc1.forward(self.norm2.forward(tokens.clone()), pass));
        tokens + self.mlp.fc2.forward(wide, pass)
    }
}

impl Look for Vit {
    const STAGES: &'static [&'static [&'static str]] = &[
        &["cls_token", "pos_embed", "patch_embed"],
        &["blocks.0", "blocks.1", "blocks.2", "blocks.3"],
        &["blocks.4", "blocks.5", "blocks.6", "blocks.7"],
        &["blocks.8", "blocks.9", "blocks.10", "blocks.11", "norm"],
        &["head"],
    ];

    fn look(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let patches = self.patch_embed.proj.forward(images, pass);
        let [batch, width, height, along] = patches.dims();
        let patches = patches.reshape([batch, width, height * along]).swap_dims(1, 2);
        let class = self.cls_token.val().repeat_dim(0, batch);
        let mut tokens = Tensor::cat(vec![class, patches], 1) + self.pos_embed.val();
        for (index, block) in self.blocks.iter().enumerate() {
            pass.stage(Self::stage_of(&format!("blocks.{index}.")));
            pass.attention_with(&format!("blocks.{index}"), || block.evenness(&tokens));
            tokens = block.forward(tokens, pass);
            pass.tap_with(&format!("blocks.{index}"), || {
                let [batch, count, width] = tokens.dims();
                tokens.clone().inner().reshape([batch * count, width])
            });
        }
        let tokens = self.norm.forward(tokens).swap_dims(1, 2);
        let [batch, width, count] = tokens.dims();
        tokens.reshape([batch, width, 1, count])
    }

    /// The class token.
    fn features(&self, map: Tensor<4>) -> Tensor<2> {
        let [batch, width, _, _] = map.dims();
        map.slice([0..batch, 0..width, 0..1, 0..1]).reshape([batch, width])
    }

    fn head(&self, features: Tensor<2>, pass: &Pass) -> Tensor<2> {
        self.head.forward(features, pass)
    }
}

impl WriteLook for Vit {
    fn write_look(&self, graph: &mut GraphWriter, images: &Name) -> Result<Name, ExportError> {
        let patches = self.patch_embed.proj.write(graph, "patch_embed.proj", None, images);
        let [_, _, width] = self.cls_token.dims();
        let rows = graph.wholes("tokens", &[3], &[0, width as i64, -1]);
        let patches = graph.node("Reshape", &[&patches, &rows], &[]);
        let patches = graph.node("Transpose", &[&patches], &[("perm", Setting::Ints(&[0, 2, 1]))]);
        let class = graph.floats("cls_token", &[1, 1, width], &host(self.cls_token.val().inner()));
        // One class token a picture: the first patch of each, times 0, has the extent that is wanted.
        let (first, nothing) = (graph.wholes("first", &[1], &[0]), graph.floats("nothing", &[], &[0.0]));
        let of_rows = graph.node("Gather", &[&patches, &first], &[("axis", Setting::Int(1))]);
        let of_rows = graph.node("Mul", &[&of_rows, &nothing], &[]);
        let class = graph.node("Add", &[&of_rows, &class], &[]);
        let tokens = graph.node("Concat", &[&class, &patches], &[("axis", Setting::Int(1))]);
        let places = graph.floats("pos_embed", &self.pos_embed.dims(), &host(self.pos_embed.val().inner()));
        let mut tokens = graph.node("Add", &[&tokens, &places], &[]);
        for (index, block) in self.blocks.iter().enumerate() {
            tokens = block.write(graph, &format!("blocks.{index}"), &tokens);
        }
        Ok(self.norm.write(graph, "norm", &tokens))
    }

    /// The class token.
    fn write_features(&self, graph: &mut GraphWriter, map: &Name) -> Name {
        let first = graph.wholes("class", &[], &[0]);
        graph.node("Gather", &[map, &first], &[("axis", Setting::Int(1))])
    }

    fn write_head(&self, graph: &mut GraphWriter, features: &Name) -> Name {
        self.head.write(graph, "head", features)
    }
}

impl Block {
    fn write(&self, graph: &mut GraphWriter, at: &str, tokens: &Name) -> Name {
        let normed = self.norm1.write(graph, &format!("{at}.norm1"), tokens);
        let projected = self.attn.qkv.write(graph, &format!("{at}.attn.qkv"), &normed);
        let [inner, _] = self.attn.proj.weight.dims();
        let found = attention::self_attention(graph, &projected, [inner, self.attn.heads], &Sight::default());
        let found = self.attn.proj.write(graph, &format!("{at}.attn.proj"), &found);
        let tokens = graph.node("Add", &[tokens, &found], &[]);
        let normed = self.norm2.write(graph, &format!("{at}.norm2"), &tokens);
        let wide = self.mlp.fc1.write(graph, &format!("{at}.mlp.fc1"), &normed);
        let wide = Activation::Gelu.write(graph, &wide);
        let mapped = self.mlp.fc2.write(graph, &format!("{at}.mlp.fc2"), &wide);
        graph.node("Add", &[&tokens, &mapped], &[])
    }
}
