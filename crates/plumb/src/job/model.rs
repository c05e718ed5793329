//! `[model]`: which network.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Auto;

/// A named network with its published recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Preset {
    /// `mixed` where there are pictures and texts of six words or more; else the network of `model.pretrained`; without, `tabm` for tables, `transformer` for those with a column of texts of six words
    /// or more, for pictures `resnet14` up to 64 pixels and `resnet18` beyond.
    #[default]
    Auto,
    /// Linear, batch norm, ReLU, dropout; AdamW. The plain network, as a bar for the others.
    Mlp,
    /// TabM-mini (Gorishniy, Kotelnikov, Babenko 2025): an ensemble inside one network.
    Tabm,
    /// RealMLP-TD (Holzmueller, Grinsztajn, Steinwart 2024), all twelve ingredients.
    Realmlp,
    /// A residual network of three stages, for pictures of 64 pixels or less.
    Resnet14,
    /// The residual network of 18 layers (He et al. 2016).
    Resnet18,
    /// The residual network of 34 layers.
    Resnet34,
    /// The residual network of 50 layers.
    Resnet50,
    /// MobileNetV2 (Sandler et al. 2018).
    MobilenetV2,
    /// EfficientNet-Lite0 (Tan, Le 2019), as timm has it.
    TfEfficientnetLite0,
    /// SqueezeNet 1.1 (Iandola et al. 2016).
    #[serde(rename = "squeezenet1_1")]
    Squeezenet11,
    /// A small Transformer over patches (Dosovitskiy et al. 2021), as timm has it.
    #[serde(rename = "vit_tiny_patch16_224")]
    VitTiny,
    /// A small Transformer over the tokens of texts (Vaswani et al. 2017), norms first, trained from nothing.
    Transformer,
    /// Long short-term memory over the tokens of short texts, both ways (Hochreiter, Schmidhuber 1997), normalised.
    Lstm,
    /// Gated recurrent units over the tokens of short texts, both ways (Cho et al. 2014), normalised.
    Gru,
    /// An encoder of texts of BERT's family, with the weights of `model.pretrained` (Devlin et al. 2019).
    Bert,
    /// An encoder for each kind of column: pictures, texts, numbers, categories; joined before the head.
    Mixed,
}

/// How the vectors of several kinds of columns become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CombinerName {
    /// Side by side.
    Concatenate,
    /// They see each other through a layer of a Transformer.
    Attention,
}

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PoolingName {
    /// Their mean.
    Mean,
    /// The first one, mapped: BERT's pool.
    Cls,
    /// Their mean, weighted by a learned score of each.
    Attention,
}

/// How a token of a text knows its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PositionsName {
    /// Sines and cosines are added (Vaswani et al. 2017).
    Sinusoidal,
    /// A learned vector for each place is added (BERT).
    Learned,
    /// Queries and keys are turned by the place (Su et al. 2021).
    Rotary,
}

impl Preset {
    /// Its name among the presets; `auto` has none.
    pub(crate) fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Auto => return None,
            Self::Mlp => "mlp",
            Self::Tabm => "tabm",
            Self::Realmlp => "realmlp",
            Self::Resnet14 => "resnet14",
            Self::Resnet18 => "resnet18",
            Self::Resnet34 => "resnet34",
            Self::Resnet50 => "resnet50",
            Self::MobilenetV2 => "mobilenet_v2",
            Self::TfEfficientnetLite0 => "tf_efficientnet_lite0",
            Self::Squeezenet11 => "squeezenet1_1",
            Self::VitTiny => "vit_tiny_patch16_224",
            Self::Transformer => "transformer",
            Self::Lstm => "lstm",
            Self::Gru => "gru",
            Self::Bert => "bert",
            Self::Mixed => "mixed",
        })
    }

    /// The preset of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok().filter(|preset| *preset != Self::Auto)
    }
}

/// The network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelSection {
    /// The network and its recipe: every `auto` below and in `[train]` is taken from it.
    pub(crate) preset: Preset,
    /// Weights to begin with, that were trained on other pictures or texts: a name that `plumb pretrained list` shows, a
    /// `.safetensors` or `.pth` file of a network for pictures, or the folder of an encoder of texts (weights, `config.json`,
    /// `tokenizer.json`).
    pub(crate) pretrained: Option<String>,
    /// The width of each hidden layer.
    ///
    /// `auto` is the preset's: `[256, 256]`, for `realmlp` a third layer. Networks for pictures and texts have none.
    #[schemars(schema_with = "hidden_schema")]
    pub(crate) hidden: Auto<Vec<usize>>,
    /// The share of units dropped while training.
    ///
    /// `auto` is the preset's: 0.1, for `tabm` 0 where a number is predicted, for `realmlp` 0.15, for pictures 0; there
    /// and for texts it is what is dropped before the head.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) dropout: Auto<f64>,
    /// The share of rows for which the last block of a ResNet is passed by while training; earlier blocks have less, in equal steps
    /// (stochastic depth).
    ///
    /// 0. Published recipes have 0.05 for 50 layers and hundreds of epochs.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) drop_path: f64,
    /// How the vectors of a text's tokens become one.
    ///
    /// `auto` is `mean`, which sentence encoders such as MiniLM were trained with (Reimers, Gurevych 2019).
    pub(crate) pooling: Auto<PoolingName>,
    /// How a token of a text knows its place in `transformer`. A pretrained encoder has its own way.
    ///
    /// `auto` is `sinusoidal`.
    pub(crate) positions: Auto<PositionsName>,
    /// The rank of what is trained beside the layers of a pretrained encoder of texts, which then rest (LoRA; Hu et al. 2021); at the
    /// end it is added to them. 0 trains the layers themselves.
    ///
    /// 0. Published recipes have 8 or 16.
    #[schemars(range(min = 0, max = 256))]
    pub(crate) lora: usize,
    /// How `mixed` joins what its encoders give.
    ///
    /// `auto` is `concatenate`.
    pub(crate) combiner: Auto<CombinerName>,
    /// How many of the last layers of a pretrained encoder of texts begin anew.
    ///
    /// 0. Where there are few examples, 1 to 3 of BERT's 12 can make runs steadier (Zhang et al. 2020).
    #[schemars(range(min = 0, max = 100))]
    pub(crate) fresh_layers: usize,
}

fn hidden_schema(_: &mut SchemaGenerator) -> Schema {
    let width = json_schema!({ "type": "integer", "minimum": 1, "maximum": 16384 });
    json_schema!({ "anyOf": [{ "const": "auto" }, { "type": "array", "items": width }] })
}
