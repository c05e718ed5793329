//! `[model]`: which network.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Auto;

/// A named network with its published recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Preset {
    /// `tabm` for tables; for pictures `resnet14` up to 64 pixels, else `resnet18`.
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
}

/// The network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelSection {
    /// The network and its recipe: every `auto` below and in `[train]` is taken from it.
    pub(crate) preset: Preset,
    /// The width of each hidden layer.
    ///
    /// `auto` is the preset's: `[256, 256]`, for `realmlp` a third layer. Networks for pictures have none.
    #[schemars(schema_with = "hidden_schema")]
    pub(crate) hidden: Auto<Vec<usize>>,
    /// The share of units dropped while training.
    ///
    /// `auto` is the preset's: 0.1, for `tabm` 0 where a number is predicted, for `realmlp` 0.15, for pictures none.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))]
    pub(crate) dropout: Auto<f64>,
}

fn hidden_schema(_: &mut SchemaGenerator) -> Schema {
    let width = json_schema!({ "type": "integer", "minimum": 1, "maximum": 16384 });
    json_schema!({ "anyOf": [{ "const": "auto" }, { "type": "array", "items": width }] })
}
