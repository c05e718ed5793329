//! `texts.json`: what the network reads in some texts.

use serde::Deserialize;

use super::lenient::Number;

/// The file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reading {
    /// The texts, those told wrong first.
    pub(crate) texts: Vec<Text>,
    /// Where attention goes in one of them.
    pub(crate) attention: Option<Attention>,
    /// Training texts and what training makes of them.
    pub(crate) changed: Vec<Changed>,
}

/// A training text and what training makes of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Changed {
    /// The text as it is.
    pub(crate) text: String,
    /// Some of its changes.
    pub(crate) changed: Vec<String>,
}

/// A text and what it speaks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Text {
    /// Its row in the table.
    pub(crate) row: u32,
    /// Its class.
    pub(crate) truth: String,
    /// What it was taken for.
    pub(crate) predicted: String,
    /// How sure the model is.
    pub(crate) probability: Number,
    /// Its tokens.
    pub(crate) pieces: Vec<Piece>,
}

/// A token as it stands in the text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Piece {
    /// What stands there.
    pub(crate) text: String,
    /// How much it speaks for what was predicted, from -1 to 1.
    pub(crate) weight: Number,
}

/// Where the tokens of a text look.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Attention {
    /// The row of the text.
    pub(crate) row: u32,
    /// The tokens.
    pub(crate) pieces: Vec<String>,
    /// Each layer.
    pub(crate) layers: Vec<Layer>,
}

/// Squares of a layer, PNG files in Base64.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Layer {
    /// The mean of the heads.
    pub(crate) mean: String,
    /// Each head.
    pub(crate) heads: Vec<String>,
}
