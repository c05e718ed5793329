//! Texts as the numbers of their tokens, by the ecosystem's own tokenizer files.

mod error;
mod train;

use serde::{Deserialize, Serialize};

use crate::read::quietly;

pub use error::TokenizerError;
pub use train::{Pieces, train};

/// Bytes of a `tokenizer.json` at most. The largest in use, for 250,000 tokens, have 17 MB.
pub const LARGEST: usize = 64 << 20;
/// Tokens of a vocabulary at most.
pub const MOST_TOKENS: usize = 1 << 20;
/// Bytes of a text that are looked at for each token wanted: a token has 4 on average, and white space has none.
const BYTES_A_TOKEN: usize = 64;

/// Splits texts into tokens.
///
/// Padding and truncation that a file asks for are left out: the length is ours, and padding belongs to batches.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// The file that it was read from, as it stands in a stored preparation.
    json: String,
    /// The number of the token that fills batches up; masked wherever it stands.
    padding: u32,
    size: usize,
}

/// Names of the token that fills up, in the files of BERT's and RoBERTa's families.
const PADDING: [&str; 3] = ["[PAD]", "<pad>", "<|endoftext|>"];

/// Names of the token that stands for the unknown.
const UNKNOWN: [&str; 2] = ["[UNK]", "<unk>"];

impl Tokenizer {
    /// The tokenizer of a `tokenizer.json`.
    pub fn from_json(json: &str) -> Result<Self, TokenizerError> {
        if json.len() > LARGEST {
            return Err(TokenizerError::TooLarge { what: "bytes", limit: LARGEST });
        }
        let read = quietly(|| tokenizers::Tokenizer::from_bytes(json));
        let damaged = |why: String| TokenizerError::Damaged(why);
        let mut inner = read
            .ok_or_else(|| damaged("its reader gave up".to_owned()))?
            .map_err(|error| damaged(error.to_string()))?;
        let size = inner.get_vocab_size(true);
        if size > MOST_TOKENS {
            return Err(TokenizerError::TooLarge { what: "tokens", limit: MOST_TOKENS });
        }
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| damaged(error.to_string()))?;
        // What looks like a special token in a text is text.
        inner.set_encode_special_tokens(true);
        let padding = PADDING.iter().find_map(|name| inner.token_to_id(name)).unwrap_or(0);
        Ok(Self { inner, json: json.to_owned(), padding, size })
    }

    /// Whether so many tokens leave room for a text beside the special ones.
    pub fn check_length(&self, length: usize) -> Result<(), TokenizerError> {
        let special = self.encode("", usize::MAX)?.len();
        if length > special { Ok(()) } else { Err(TokenizerError::TooShort { length, special }) }
    }

    /// How many tokens there are: their numbers are below it.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of the token that stands for what the vocabulary does not know; none where there is no such thing.
    pub fn unknown(&self) -> Option<u32> {
        UNKNOWN.iter().find_map(|name| self.inner.token_to_id(name))
    }

    /// The number of the token that fills up.
    pub fn padding(&self) -> u32 {
        self.padding
    }

    /// The first `most` tokens of a text, special ones included: those that end a text stay at its end. Of a text of many
    /// bytes only the beginning is looked at.
    pub fn encode(&self, text: &str, most: usize) -> Result<Vec<u32>, TokenizerError> {
        let text = beginning(text, most);
        let failed = |why: String| TokenizerError::Failed(why);
        let encoding = quietly(|| self.inner.encode_fast(text, true))
            .ok_or_else(|| failed("it gave up".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        let mut tokens = encoding.get_ids().to_vec();
        cut(&mut tokens, most);
        Ok(tokens)
    }

    /// What the text has for each token that [`Tokenizer::encode`] gives, with the blanks before it; of special tokens their names
    /// between blanks.
    pub fn pieces(&self, text: &str, most: usize) -> Result<Vec<String>, TokenizerError> {
        let text = beginning(text, most);
        let failed = |why: String| TokenizerError::Failed(why);
        let encoding = quietly(|| self.inner.encode(text, true))
            .ok_or_else(|| failed("it gave up".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        let mut before = 0;
        let piece = |(&(start, end), name): (&(usize, usize), &String)| {
            if start >= end {
                return format!(" {name} ");
            }
            // Of a letter that is split the first part shows all of it.
            let from = before.min(end);
            before = end;
            text.get(from..end).unwrap_or_default().to_owned()
        };
        let mut pieces: Vec<String> =
            encoding.get_offsets().iter().zip(encoding.get_tokens()).map(piece).collect();
        cut(&mut pieces, most);
        Ok(pieces)
    }

    /// A token as it stands in the vocabulary.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The number of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The file.
    pub fn to_json(&self) -> &str {
        &self.json
    }
}

/// What of a text so many tokens can come from.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most.saturating_mul(BYTES_A_TOKEN).min(text.len()))]
}

/// Leaves the first tokens and the last one, which ends every text.
fn cut<T: Clone>(tokens: &mut Vec<T>, most: usize) {
    if tokens.len() > most
        && let Some(last) = tokens.last().cloned()
    {
        tokens.truncate(most.saturating_sub(1));
        tokens.push(last);
    }
}

/// The tokens of several texts one after the other, what begins a text only before the first, `most` of them.
pub(crate) fn joined<T: Clone + PartialEq>(
    texts: impl IntoIterator<Item = Result<Vec<T>, TokenizerError>>,
    most: usize,
) -> Result<Vec<T>, TokenizerError> {
    let mut tokens: Vec<T> = Vec::new();
    for found in texts {
        let found = found?;
        let begins_alike = !tokens.is_empty() && tokens.first() == found.first();
        tokens.extend_from_slice(&found[usize::from(begins_alike)..]);
    }
    cut(&mut tokens, most);
    Ok(tokens)
}

impl TryFrom<String> for Tokenizer {
    type Error = TokenizerError;

    fn try_from(json: String) -> Result<Self, TokenizerError> {
        Self::from_json(&json)
    }
}

impl From<Tokenizer> for String {
    fn from(tokenizer: Tokenizer) -> Self {
        tokenizer.json
    }
}

impl PartialEq for Tokenizer {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

#[cfg(test)]
mod tests;
