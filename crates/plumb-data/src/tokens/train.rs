//! A vocabulary made from the train texts.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::{BertNormalizer, Lowercase, NFC, Sequence};
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer as _, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer as _, Trainer as _,
};

use super::{Tokenizer, TokenizerError};

/// What words are split into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pieces {
    /// Byte pairs (Sennrich et al. 2016; Radford et al. 2019): every text of every script has its tokens, none is unknown.
    Bpe,
    /// Word pieces (Schuster, Nakajima 2012), as BERT has them: letters that train lacks are unknown.
    Wordpiece,
}

/// Special tokens, in the order of their numbers: BERT's.
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
/// What a piece within a word begins with, among word pieces.
const WITHIN: &str = "##";
/// A piece that is seen less often is no token.
const LEAST: u64 = 2;
/// Letters of a token at most: longer ones are chains of one letter, or encoded data.
const LONGEST: usize = 24;
/// Bytes of a text that the vocabulary is made from.
const BYTES: usize = 1 << 16;

/// A tokenizer of at most `size` tokens, lower case, made from texts. Equal texts give equal numbers, whatever their order and the
/// number of threads.
pub fn train(texts: &[&str], pieces: Pieces, size: usize) -> Result<Tokenizer, TokenizerError> {
    let mut inner = without_vocabulary(pieces).map_err(because)?;
    let words = |text: &str| words_of(&inner, &text[..text.floor_char_boundary(BYTES.min(text.len()))]);
    let mut special: Vec<String> = SPECIAL.map(str::to_owned).to_vec();
    let mut builder = BpeTrainer::builder().show_progress(false).min_frequency(LEAST).vocab_size(size);
    builder = builder.max_token_length(Some(LONGEST));
    match pieces {
        Pieces::Bpe => {
            let bytes: HashSet<char> = ByteLevel::alphabet().into_iter().collect();
            builder = builder.initial_alphabet(bytes);
        }
        Pieces::Wordpiece => {
            // The library numbers these as its hash map happens to have them, unless they are there before.
            let mut letters = BTreeSet::new();
            for text in texts {
                words(text).map_err(because)?.iter().for_each(|word| letters.extend(word.chars().skip(1)));
            }
            special.extend(letters.into_iter().map(|letter| format!("{WITHIN}{letter}")));
            builder = builder.continuing_subword_prefix(WITHIN.to_owned());
        }
    }
    let special = special.into_iter().map(|name| AddedToken::from(name, true)).collect();
    let mut trainer = builder.special_tokens(special).build();
    trainer.feed(texts.iter(), words).map_err(because)?;
    if trainer.get_word_count() == 0 {
        return Err(TokenizerError::Untrained("they are empty".to_owned()));
    }
    let mut model = BPE::default();
    trainer.train(&mut model).map_err(because)?;
    match pieces {
        Pieces::Bpe => inner.with_model(model),
        Pieces::Wordpiece => {
            let mut model = WordPiece::from_bpe(&model);
            SPECIAL[1].clone_into(&mut model.unk_token);
            inner.with_model(model)
        }
    };
    with_special_tokens(inner)
}

/// Puts `[CLS]` before every text and `[SEP]` behind it.
fn with_special_tokens(mut inner: tokenizers::Tokenizer) -> Result<Tokenizer, TokenizerError> {
    inner.add_special_tokens(SPECIAL.map(|name| AddedToken::from(name, true))).map_err(because)?;
    let numbered = |name: &str| (name.to_owned(), inner.token_to_id(name).unwrap_or(0));
    let around = BertProcessing::new(numbered(SPECIAL[3]), numbered(SPECIAL[2]));
    inner.with_post_processor(Some(around));
    Tokenizer::from_json(&inner.to_string(false).map_err(because)?)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn because(error: tokenizers::Error) -> TokenizerError {
    TokenizerError::Untrained(error.to_string())
}

/// How texts are cleaned and parted into words.
fn without_vocabulary(pieces: Pieces) -> tokenizers::Result<tokenizers::Tokenizer> {
    let mut inner = tokenizers::Tokenizer::new(BPE::default());
    match pieces {
        Pieces::Bpe => {
            inner.with_normalizer(Some(Sequence::new(vec![NFC.into(), Lowercase.into()])))?;
            inner.with_pre_tokenizer(Some(ByteLevel::default()));
        }
        Pieces::Wordpiece => {
            inner.with_normalizer(Some(BertNormalizer::default()))?;
            inner.with_pre_tokenizer(Some(BertPreTokenizer));
        }
    }
    Ok(inner)
}

fn words_of(inner: &tokenizers::Tokenizer, text: &str) -> tokenizers::Result<Vec<String>> {
    let mut cleaned = NormalizedString::from(text);
    if let Some(normalizer) = inner.get_normalizer() {
        normalizer.normalize(&mut cleaned)?;
    }
    let mut parted = PreTokenizedString::from(cleaned);
    if let Some(parting) = inner.get_pre_tokenizer() {
        parting.pre_tokenize(&mut parted)?;
    }
    let words = parted.get_splits(OffsetReferential::Original, OffsetType::Byte);
    Ok(words.into_iter().map(|(word, ..)| word.to_owned()).collect())
}
