//! `[prepare]`: from a raw row to the model's input.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Auto;

/// How numbers are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scaling {
    /// The preset's: `robust` for `realmlp`, else `standard`.
    #[default]
    Auto,
    /// Median and quartile range, then a smooth clip: outliers cannot dominate (RealMLP-TD).
    Robust,
    /// Mean 0 and deviation 1.
    Standard,
    /// As they are. `preflight.normalised` will object.
    None,
}

/// What is fitted on the train rows and travels with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PrepareSection {
    /// How numbers are scaled, fitted on the train rows alone.
    pub(crate) scaling: Scaling,
    /// Categories with up to this many values become one indicator each; those with more are embedded.
    ///
    /// 8, as in RealMLP-TD, whose limit of 9 counts the missing value.
    #[schemars(range(min = 0, max = 1000))]
    pub(crate) one_hot_max: usize,
    /// Values of a category seen less often than this in train share one bucket, `rare`.
    ///
    /// 1: every value seen keeps its own place.
    #[schemars(range(min = 1))]
    pub(crate) rare: usize,
    /// Height and width of the pictures that the network sees.
    ///
    /// `auto` is the pictures' own up to 64 pixels, else 128; for networks that halve it five times 96 and 224.
    #[schemars(extend("minimum" = 8, "maximum" = 1024))]
    pub(crate) image_size: Auto<usize>,
    /// The mean of each colour that is subtracted, on a scale from 0 to 1.
    ///
    /// `auto` is that of the train pictures, or what the pretrained weights were trained with (`preflight.normalised`).
    #[schemars(schema_with = "moments_schema")]
    pub(crate) image_mean: Auto<Vec<f64>>,
    /// The deviation of each colour that is divided by.
    ///
    /// `auto` as for `prepare.image_mean`.
    #[schemars(schema_with = "moments_schema")]
    pub(crate) image_deviation: Auto<Vec<f64>>,
    /// How training pictures are changed at random, each time that they are seen.
    pub(crate) augment: Augment,
    /// Whether half of the training pictures are mirrored left to right.
    ///
    /// `auto` is yes, but for pictures of two tones, which are mostly writing: a mirrored letter is another one or none.
    pub(crate) flip: Auto<bool>,
    /// Further changes of training pictures, one after the other: `rotate=-10..10`, `flip-vertical@0.5`; a range of
    /// magnitudes behind `=`, a probability behind `@`.
    ///
    /// None. Names: autocontrast, blur, brightness, contrast, cut-out, equalize, erase, flip-horizontal, flip-vertical, gamma,
    /// grey, hue, invert, noise, posterize, rotate, saturation, scale, sharpness, shear-x, shear-y, solarize, translate-x,
    /// translate-y.
    pub(crate) operations: Vec<String>,
    /// The probability that a rectangle of up to a third of a training picture is filled with noise (random erasing).
    ///
    /// 0. Published recipes have 0.1 to 0.25.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) erase: f64,
    /// How strongly pairs of training pictures of classes are blended (MixUp): the shape of a beta distribution; 0 is not
    /// at all.
    ///
    /// 0. Published recipes have 0.1 to 0.4.
    #[schemars(range(min = 0, max = 10))]
    pub(crate) mixup: f64,
    /// How large the rectangles are that come from another picture (CutMix): the shape of a beta distribution; 0 is none.
    ///
    /// 0. Published recipes have 1.
    #[schemars(range(min = 0, max = 10))]
    pub(crate) cutmix: f64,
    /// Tokens of a row's texts at most; what follows is cut off.
    ///
    /// `auto` is what 95 % of the train rows need, at most 256.
    #[schemars(extend("minimum" = 4, "maximum" = 4096))]
    pub(crate) tokens: Auto<usize>,
    /// Tokens of the vocabulary that is made from the train texts, at most.
    ///
    /// `auto` is a token for each 20 words of the train texts, 1,000 to 16,000.
    #[schemars(extend("minimum" = 300, "maximum" = 250_000))]
    pub(crate) vocabulary: Auto<usize>,
    /// Changes of the words of training texts, one after the other: `swap`, `delete=0.05`; the share of the words behind `=`.
    ///
    /// None. Names: delete, insert, swap, synonym; 0.1 of the words without a share (Wei, Zou 2019).
    pub(crate) words: Vec<String>,
    /// The folder of WordNet's files (`index.noun`, `data.noun` and the like), for `synonym` and `insert` in `prepare.words`.
    pub(crate) wordnet: Option<String>,
    /// The way of training texts through another language and back, kept: programs with their arguments that read lines and write as
    /// many, or addresses that texts are posted to.
    ///
    /// None. `["apertium eng-spa", "apertium spa-eng"]` is a way of two programs. They are started as they stand: name what you trust.
    pub(crate) back_translation: Vec<String>,
    /// The share of training texts that a translation there and back takes the place of, each time anew.
    ///
    /// 0.5.
    #[schemars(range(min = 0, max = 1))]
    pub(crate) back_translated: f64,
    /// A `tokenizer.json` that splits texts, in place of a vocabulary that is made from the train texts. A pretrained encoder brings
    /// its own.
    pub(crate) tokenizer: Option<String>,
    /// What words are split into: `bpe` for pairs of bytes, which know every script; `wordpiece` as BERT has them.
    pub(crate) pieces: Pieces,
}

/// What words are split into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pieces {
    /// Pairs of bytes: no text is unknown.
    #[default]
    Bpe,
    /// Pieces of words: letters that train lacks are unknown.
    Wordpiece,
}

/// Changes of training pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Augment {
    /// `shift` up to 64 pixels, `crop` beyond.
    #[default]
    Auto,
    /// None: pictures as predictions see them.
    None,
    /// Moved by up to an eighth of the side, a sixteenth in trainings of at most 20 epochs, reflected at the edge.
    Shift,
    /// A part of random size and shape, at least 35 % of the area.
    Crop,
    /// As `auto`, then one change of shape or colour of any strength (TrivialAugment; Mueller, Hutter 2021).
    #[serde(rename = "trivial_augment")]
    Trivial,
    /// As `auto`, then two changes of shape or colour of middling strength (RandAugment; Cubuk et al. 2020).
    #[serde(rename = "rand_augment")]
    Rand,
}

impl Default for PrepareSection {
    fn default() -> Self {
        Self {
            scaling: Scaling::Auto,
            one_hot_max: 8,
            rare: 1,
            image_size: Auto::Auto,
            image_mean: Auto::Auto,
            image_deviation: Auto::Auto,
            augment: Augment::Auto,
            flip: Auto::Auto,
            operations: Vec::new(),
            erase: 0.0,
            mixup: 0.0,
            cutmix: 0.0,
            tokens: Auto::Auto,
            vocabulary: Auto::Auto,
            words: Vec::new(),
            wordnet: None,
            back_translation: Vec::new(),
            back_translated: 0.5,
            tokenizer: None,
            pieces: Pieces::Bpe,
        }
    }
}

fn moments_schema(_: &mut SchemaGenerator) -> Schema {
    let moment = json_schema!({ "type": "number", "minimum": 0, "maximum": 1 });
    json_schema!({ "anyOf": [{ "const": "auto" }, { "type": "array", "items": moment, "minItems": 3, "maxItems": 3 }] })
}
