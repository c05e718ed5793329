//! Published encoders of texts: BERT's family in Hugging Face's layout, a folder with `config.json`, weights and
//! `tokenizer.json`.

use plumb_data::tokens::Tokenizer;
use serde::Deserialize;

use super::PretrainedError;
use super::names::{self, Name};
use crate::layers::{Activation, EncoderLayerConfig};
use crate::models::text::encoder::EncoderConfig;
use crate::models::text::{Pooling, Positions, TextConfig};

/// A family of encoders, one row each.
#[derive(Debug)]
pub struct Family {
    /// `model_type` in `config.json`.
    pub name: &'static str,
    /// What stands before the encoder's names where a head is beside it.
    pub(super) prefix: &'static str,
    /// Kinds of segments that the weights have vectors of, where `config.json` does not say.
    kinds: usize,
    /// Places before the first one in the table of places: RoBERTa counts from behind the number of its padding.
    skipped: fn(&ConfigFile) -> usize,
    /// The names of the encoder's values.
    pub(super) names: &'static [Name],
    /// The names of BERT's pool and of the head, where they are as ours.
    pub(super) head: &'static [Name],
}

/// The families that weights are read of. MiniLM is a BERT.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "bert",
        prefix: "bert.",
        kinds: 2,
        skipped: |_| 0,
        names: names::BERT,
        head: names::BERT_HEAD,
    },
    Family {
        name: "distilbert",
        prefix: "distilbert.",
        kinds: 0,
        skipped: |_| 0,
        names: names::DISTILBERT,
        head: names::DISTILBERT_HEAD,
    },
    Family {
        name: "roberta",
        prefix: "roberta.",
        kinds: 1,
        skipped: |file| file.pad_token_id.unwrap_or(1) + 1,
        names: names::BERT,
        head: names::ROBERTA_HEAD,
    },
];

/// An encoder that others have trained, all but its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedEncoder {
    /// Its family.
    pub family: &'static Family,
    /// Its size.
    pub encoder: EncoderConfig,
    /// Tokens that it has vectors of.
    pub vocabulary: usize,
    /// What splits texts into them.
    pub tokenizer: Tokenizer,
}

impl PartialEq for Family {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What is read of `config.json`; DistilBERT has names of its own for the sizes.
#[derive(Debug, Deserialize)]
struct ConfigFile {
    model_type: String,
    vocab_size: usize,
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_layers")]
    num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    intermediate_size: usize,
    #[serde(alias = "activation")]
    hidden_act: String,
    #[serde(alias = "dropout")]
    hidden_dropout_prob: f64,
    max_position_embeddings: usize,
    #[serde(default = "bert_epsilon")]
    layer_norm_eps: f64,
    type_vocab_size: Option<usize>,
    pad_token_id: Option<usize>,
    position_embedding_type: Option<String>,
}

const fn bert_epsilon() -> f64 {
    1e-12
}

/// Values of a network at most, from its extents: 4 GiB of 32-bit floats.
const LARGEST: usize = 1 << 30;

impl PublishedEncoder {
    /// An encoder of the texts of `config.json` and `tokenizer.json`.
    pub fn read(config: &str, tokenizer: &str) -> Result<Self, PretrainedError> {
        let damaged = |what: String| PretrainedError::Damaged { format: "config.json", what };
        let file: ConfigFile = serde_json::from_str(config).map_err(|error| damaged(error.to_string()))?;
        let family = FAMILIES
            .iter()
            .find(|family| family.name == file.model_type)
            .ok_or_else(|| PretrainedError::Family(file.model_type.clone()))?;
        if file.position_embedding_type.as_deref().is_some_and(|kind| kind != "absolute") {
            return Err(damaged("places that are not absolute".to_owned()));
        }
        let encoder = file.encoder(family).map_err(damaged)?;
        let tokenizer = Tokenizer::from_json(tokenizer)?;
        if tokenizer.size() > file.vocab_size {
            let (has, wants) = (tokenizer.size(), file.vocab_size);
            return Err(damaged(format!("{wants} tokens, `tokenizer.json` has {has}")));
        }
        Ok(Self { family, encoder, vocabulary: file.vocab_size, tokenizer })
    }

    /// Tokens of a text that it has places for.
    pub fn longest(&self) -> usize {
        match self.encoder.positions {
            Positions::Learned { places, skipped } => places.saturating_sub(skipped),
            Positions::Sinusoidal | Positions::Rotary | Positions::None => usize::MAX,
        }
    }

    /// The network of such an encoder, with a head of its own.
    pub fn network(&self, pooling: Pooling) -> TextConfig {
        TextConfig {
            encoder: self.encoder.clone(),
            recurrent: None,
            pooling,
            embedding: 8,
            dropout: self.encoder.layer.dropout,
            family: Some(self.family.name.to_owned()),
        }
    }
}

impl ConfigFile {
    fn encoder(&self, family: &Family) -> Result<EncoderConfig, String> {
        let (width, heads) = (self.hidden_size, self.num_attention_heads);
        if width == 0 || heads == 0 || !width.is_multiple_of(heads) {
            return Err(format!("{heads} attention heads for vectors of {width}"));
        }
        let a_layer = width.saturating_mul(4 * width.saturating_add(2 * self.intermediate_size));
        let tokens = self.vocab_size.saturating_add(self.max_position_embeddings);
        let numbers =
            a_layer.saturating_mul(self.num_hidden_layers).saturating_add(tokens.saturating_mul(width));
        if numbers > LARGEST {
            return Err(format!("an encoder of {numbers} numbers, of which {LARGEST} are read"));
        }
        let activation = match self.hidden_act.as_str() {
            "gelu" => Activation::Gelu,
            "relu" => Activation::Relu,
            other => return Err(format!("activation `{other}` is not known")),
        };
        Ok(EncoderConfig {
            width,
            layers: self.num_hidden_layers,
            sizes: Vec::new(),
            layer: EncoderLayerConfig {
                width,
                heads,
                depth: None,
                hidden: self.intermediate_size,
                activation,
                dropout: self.hidden_dropout_prob.clamp(0.0, 0.9),
                norm_first: false,
                epsilon: self.layer_norm_eps,
                rotary: false,
                lora: 0,
            },
            positions: Positions::Learned {
                places: self.max_position_embeddings,
                skipped: (family.skipped)(self),
            },
            kinds: self.type_vocab_size.unwrap_or(family.kinds),
        })
    }
}

#[cfg(test)]
mod tests {
    use plumb_data::tokens::{Pieces, train};

    use super::*;

    fn config(changes: &[(&str, serde_json::Value)]) -> String {
        let mut config = serde_json::json!({
            "model_type": "bert", "vocab_size": 1000, "hidden_size": 8, "num_hidden_layers": 2,
            "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
            "max_position_embeddings": 32, "pad_token_id": 1, "initializer_range": 0.02,
        });
        for (key, value) in changes {
            config[key] = value.clone();
        }
        config.to_string()
    }

    fn tokenizer() -> String {
        train(&["over and over", "and over"], Pieces::Bpe, 300).unwrap().to_json().to_owned()
    }

    #[test]
    fn a_family_says_what_its_file_leaves_out() {
        let bert = PublishedEncoder::read(&config(&[]), &tokenizer()).unwrap();
        assert_eq!((bert.longest(), bert.encoder.kinds, bert.encoder.layer.epsilon), (32, 2, 1e-12));
        let roberta = config(&[("model_type", "roberta".into()), ("layer_norm_eps", 1e-5.into())]);
        let roberta = PublishedEncoder::read(&roberta, &tokenizer()).unwrap();
        assert_eq!((roberta.longest(), roberta.encoder.kinds, roberta.encoder.layer.epsilon), (30, 1, 1e-5));
    }

    #[test]
    fn what_cannot_be_built_is_an_error() {
        let wrong = [
            ("model_type", "t5".into()),
            ("hidden_size", 9.into()),
            ("hidden_size", u64::MAX.into()),
            ("num_attention_heads", 0.into()),
            ("hidden_act", "swish".into()),
            ("position_embedding_type", "relative_key".into()),
            ("vocab_size", 10.into()),
            ("num_hidden_layers", "six".into()),
        ];
        for (key, value) in wrong {
            let error = PublishedEncoder::read(&config(&[(key, value)]), &tokenizer());
            assert!(error.is_err(), "{key}");
        }
        assert!(PublishedEncoder::read("{}", &tokenizer()).is_err());
        assert!(PublishedEncoder::read(&config(&[]), "{}").is_err());
    }
}
