//! What of the job concerns texts: which tables are about them, how they become tokens.

use plumb_data::Table;
use std::path::Path;
use std::sync::Arc;

use plumb_data::prepare::TextConfig;
use plumb_data::texts::{Synonyms, WORDNET, WordChange};
use plumb_data::tokens::{self, Tokenizer};
use plumb_learn::model::NetworkConfig;
use plumb_learn::models::text::{Pooling, Positions};
use plumb_learn::pretrained::PublishedEncoder;

use crate::fault::Fault;
use crate::job::{Auto, ModelSection, Pieces, PoolingName, PositionsName, PrepareSection};

/// Whether a table holds texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// It does not.
    None,
    /// Names and notes of a few words: a network for tables does without them.
    Short,
    /// Texts that say something.
    Long,
}

/// Words of the median text from which on a table is about its texts.
const LONG: usize = 6;
/// Rows whose words are counted.
const COUNTED: usize = 1_000;

/// The texts of these train rows.
pub(super) fn of(table: &Table, target: &str, rows: &[u32]) -> Texts {
    let median = |column: &plumb_data::Column| -> usize {
        let texts = rows.iter().take(COUNTED).filter_map(|&row| column.text_at(row as usize));
        let mut words: Vec<usize> = texts.map(|text| text.split_whitespace().count()).collect();
        words.sort_unstable();
        words.get(words.len() / 2).copied().unwrap_or(0)
    };
    match table.texts(Some(target)).map(median).max() {
        None => Texts::None,
        Some(words) if words < LONG => Texts::Short,
        Some(_) => Texts::Long,
    }
}

/// How they become tokens.
pub(super) fn config(of: &PrepareSection, encoder: Option<&PublishedEncoder>) -> Result<TextConfig, Fault> {
    let places = encoder.map_or(usize::MAX, PublishedEncoder::longest);
    if let Some(wanted) = of.tokens.value().filter(|wanted| *wanted > places) {
        return Err(Fault::usage(format!("`prepare.tokens` is {wanted}, the encoder has {places} places"))
            .hint("set it lower, or leave it at `auto`"));
    }
    Ok(TextConfig {
        pieces: match of.pieces {
            Pieces::Bpe => tokens::Pieces::Bpe,
            Pieces::Wordpiece => tokens::Pieces::Wordpiece,
        },
        vocabulary: of.vocabulary.value(),
        length: of.tokens.value(),
        longest: of.tokens.value().unwrap_or(TextConfig::DEFAULT.longest).min(places),
    })
}

/// How the texts of train rows are changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextChanges {
    /// Changes of words.
    pub(super) words: Vec<WordChange>,
    /// What they know of words.
    pub(super) synonyms: Arc<Synonyms>,
    /// The way there and back through other languages.
    pub(super) back: Vec<String>,
    /// The share of texts that go it.
    pub(super) back_share: f64,
}

/// What `[prepare]` says of changed texts.
pub(super) fn changes(of: &PrepareSection, has_texts: bool) -> Result<TextChanges, Fault> {
    let words: Vec<WordChange> = of.words.iter().map(|change| change.parse()).collect::<Result<_, _>>()?;
    let are_changed = !words.is_empty() || !of.back_translation.is_empty();
    if are_changed && !has_texts {
        return Err(Fault::usage(
            "`prepare.words` and `prepare.back_translation` are for texts that a network reads",
        )
        .hint("leave them empty, or set `model.preset` to `transformer`"));
    }
    if words.iter().any(|change| change.operation.name == "synonym") && of.wordnet.is_none() {
        return Err(Fault::usage("`synonym` in `prepare.words` needs WordNet")
            .hint("set `prepare.wordnet` to the folder `dict` of WordNet (Debian: /usr/share/wordnet)"));
    }
    let synonyms = match &of.wordnet {
        Some(folder) => Arc::new(wordnet(Path::new(folder))?),
        None => Arc::default(),
    };
    Ok(TextChanges { words, synonyms, back: of.back_translation.clone(), back_share: of.back_translated })
}

/// What splits texts, where that is not to be made from them: the encoder's own, or a file's.
pub(super) fn tokenizer(
    of: &PrepareSection,
    encoder: Option<&PublishedEncoder>,
) -> Result<Option<Tokenizer>, Fault> {
    let given = match (encoder, &of.tokenizer) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Fault::usage("`prepare.tokenizer` beside a pretrained encoder, which has its own")
                .hint("leave `prepare.tokenizer` out"));
        }
        (Some(encoder), None) => encoder.tokenizer.clone(),
        (None, Some(file)) => read(file)?,
    };
    if of.vocabulary.value().is_some() {
        return Err(Fault::usage(
            "`prepare.vocabulary` is for a vocabulary that is made from the train texts",
        )
        .hint("leave it at `auto`, or leave out `prepare.tokenizer` and `model.pretrained`"));
    }
    Ok(Some(given))
}

fn read(file: &str) -> Result<Tokenizer, Fault> {
    let json = read_text(
        Path::new(file),
        tokens::LARGEST as u64,
        "name a `tokenizer.json` of the `tokenizers` library",
    )?;
    Ok(Tokenizer::from_json(&json)?)
}

/// The words of WordNet's folder.
fn wordnet(folder: &Path) -> Result<Synonyms, Fault> {
    /// The largest file of WordNet 3.1 has 15 MB.
    const LARGEST: u64 = 64 << 20;
    let file = |name: String| {
        read_text(
            &folder.join(name),
            LARGEST,
            "name the folder that holds WordNet's `index.noun`, `data.noun` and the like",
        )
    };
    let files: Vec<[String; 2]> = WORDNET
        .iter()
        .map(|kind| Ok([file(format!("index.{kind}"))?, file(format!("data.{kind}"))?]))
        .collect::<Result<_, Fault>>()?;
    Ok(Synonyms::of_wordnet(files.iter().map(|[index, data]| [index.as_str(), data.as_str()])))
}

fn read_text(file: &Path, most: u64, hint: &str) -> Result<String, Fault> {
    let failed = |why: String| Fault::failed(format!("cannot read `{}` ({why})", file.display())).hint(hint);
    let size = std::fs::metadata(file).map_err(|e| failed(e.to_string()))?.len();
    if size > most {
        return Err(failed(format!("more than {} MiB", most >> 20)));
    }
    let bytes = std::fs::read(file).map_err(|e| failed(e.to_string()))?;
    // WordNet has words with accents in an older encoding.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What `[model]` says of networks for texts.
pub(super) fn settle_network(
    of: &mut ModelSection,
    tokens: Auto<usize>,
    network: &mut NetworkConfig,
) -> Result<(), Fault> {
    let config = match network {
        NetworkConfig::Text(config) => Some(config),
        NetworkConfig::Mixed(config) => config.text.as_mut(),
        _ => None,
    };
    let Some(config) = config else {
        let asked = of.fresh_layers > 0
            || of.lora > 0
            || of.pooling.value().is_some()
            || of.positions.value().is_some();
        if asked {
            let message =
                "`model.pooling`, `positions`, `lora` and `fresh_layers` are for networks for texts";
            return Err(Fault::usage(message).hint("leave them out, or set `model.preset` to `transformer`"));
        }
        return Ok(());
    };
    let pooling = of.pooling.or(PoolingName::Mean);
    of.pooling = Auto::Value(pooling);
    config.pooling = match pooling {
        PoolingName::Mean => Pooling::Mean,
        PoolingName::Cls => Pooling::Cls,
        PoolingName::Attention => Pooling::Attention,
    };
    let layers = config.encoder.layers;
    let pretrained = config.family.is_some();
    if of.fresh_layers > layers || (of.fresh_layers > 0 && !pretrained) {
        let has = if pretrained { layers } else { 0 };
        return Err(Fault::usage(format!(
            "`model.fresh_layers` is {}, of {has} pretrained layers",
            of.fresh_layers
        ))
        .hint("set it lower"));
    }
    if of.lora > 0 && !pretrained {
        return Err(Fault::usage(
            "`model.lora` is for a pretrained encoder: layers that know nothing cannot rest",
        )
        .hint("set `model.pretrained`, or `model.lora` to 0"));
    }
    config.encoder.layer.lora = of.lora;
    if pretrained {
        return match of.positions.value() {
            None => Ok(()),
            Some(_) => Err(Fault::usage("`model.positions` beside a pretrained encoder, which has its own")
                .hint("leave `model.positions` at `auto`")),
        };
    }
    if config.recurrent.is_some() {
        return match of.positions.value() {
            None => Ok(()),
            Some(_) => {
                Err(Fault::usage("`model.positions` is for `transformer`: recurrent cells read in order")
                    .hint("leave `model.positions` at `auto`"))
            }
        };
    }
    let positions = of.positions.or(PositionsName::Sinusoidal);
    of.positions = Auto::Value(positions);
    config.encoder.layer.rotary = positions == PositionsName::Rotary;
    config.encoder.positions = match positions {
        PositionsName::Sinusoidal => Positions::Sinusoidal,
        PositionsName::Learned => {
            Positions::Learned { places: tokens.or(TextConfig::DEFAULT.longest), skipped: 0 }
        }
        PositionsName::Rotary => Positions::Rotary,
    };
    Ok(())
}
