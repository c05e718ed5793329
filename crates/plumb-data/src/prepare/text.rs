//! Texts to tokens of bounded number, by a vocabulary of the train rows or one that weights from elsewhere bring along.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::tokens::{Pieces, Tokenizer, TokenizerError, joined, train};
use crate::{Column, Table};

/// How texts become tokens, chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// What words are split into, where the vocabulary is made from the train rows.
    pub pieces: Pieces,
    /// Tokens of that vocabulary at most; none for what the train rows are worth.
    pub vocabulary: Option<usize>,
    /// Tokens of a row at most; none for what nearly all train rows need.
    pub length: Option<usize>,
    /// Tokens that the network can take at most.
    pub longest: usize,
}

impl TextConfig {
    /// Byte pairs, at most 256 tokens a row.
    pub const DEFAULT: Self = Self { pieces: Pieces::Bpe, vocabulary: None, length: None, longest: 256 };
}

/// How texts become tokens, fitted on train rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEncoding {
    /// Splits them.
    pub tokenizer: Tokenizer,
    /// Tokens of a row at most.
    pub length: usize,
}

/// The tokens of prepared rows, one row after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreparedTexts {
    /// The tokens of all rows.
    tokens: Vec<u32>,
    /// Where each row begins, and where the last one ends.
    starts: Vec<usize>,
    /// The token that fills batches up.
    pub padding: u32,
}

/// What of some texts their tokens hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCount {
    /// Rows counted.
    pub rows: usize,
    /// Tokens of a row at most.
    pub length: usize,
    /// Rows that are longer.
    pub cut_rows: usize,
    /// Tokens of all rows, uncut.
    pub tokens: usize,
    /// Those that are cut off.
    pub lost: usize,
    /// Those that stand for something unknown.
    pub unknown: usize,
}

/// Rows whose tokens are counted at most.
const COUNTED: usize = 2_000;
/// Texts that a vocabulary is made from at most.
const TEXTS: usize = 200_000;
/// Tokens of a vocabulary: one for so many words of the train texts, within bounds.
const WORDS_A_TOKEN: usize = 20;
const VOCABULARY: (usize, usize) = (1_000, 16_000);
/// The share of train rows that are not cut.
const WHOLE: f64 = 0.95;
/// Texts that the length is measured on.
const MEASURED: usize = 10_000;

impl TextEncoding {
    /// Fits on `rows`: the vocabulary, unless a tokenizer is given, and the length.
    pub(super) fn fit(
        columns: &[&Column],
        rows: &[u32],
        config: &TextConfig,
        given: Option<&Tokenizer>,
    ) -> Result<Self, TokenizerError> {
        let tokenizer = given.cloned().map_or_else(|| vocabulary(columns, rows, config), Ok)?;
        let whole = Self { tokenizer, length: config.longest };
        let length = match config.length {
            Some(length) => length.min(config.longest),
            None => whole.usual_length(columns, rows)?,
        };
        whole.tokenizer.check_length(length)?;
        Ok(Self { length, ..whole })
    }

    /// The tokens that 95 % of the rows need, in eights.
    fn usual_length(&self, columns: &[&Column], rows: &[u32]) -> Result<usize, TokenizerError> {
        let step = rows.len().div_ceil(MEASURED).max(1);
        let length = |&row: &u32| self.row(columns, row).map(|tokens| tokens.len());
        let mut lengths: Vec<usize> = rows.par_iter().step_by(step).map(length).collect::<Result<_, _>>()?;
        lengths.sort_unstable();
        let place = (WHOLE * lengths.len() as f64) as usize;
        let usual = lengths.get(place.min(lengths.len().saturating_sub(1))).copied().unwrap_or(0);
        Ok(usual.next_multiple_of(8).clamp(8, self.length.max(8)))
    }

    /// What the tokens of rows hold, of evenly spread ones.
    pub fn count(&self, table: &Table, target: &str, rows: &[u32]) -> Result<TokenCount, TokenizerError> {
        let columns: Vec<&Column> = table.texts(Some(target)).collect();
        let whole = Self { length: usize::MAX, ..self.clone() };
        let unknown = self.tokenizer.unknown();
        let step = rows.len().div_ceil(COUNTED).max(1);
        let of_row = |&row: &u32| {
            let tokens = whole.row(&columns, row)?;
            let is_unknown = |token: &&u32| unknown == Some(**token);
            let lost = tokens.len().saturating_sub(self.length);
            Ok([tokens.len(), lost, tokens.iter().filter(is_unknown).count()])
        };
        let counts: Vec<[usize; 3]> = rows.par_iter().step_by(step).map(of_row).collect::<Result<_, _>>()?;
        let sum = |of: usize| counts.iter().map(|count| count[of]).sum();
        let cut_rows = counts.iter().filter(|[_, lost, _]| *lost > 0).count();
        Ok(TokenCount {
            rows: counts.len(),
            length: self.length,
            cut_rows,
            tokens: sum(0),
            lost: sum(1),
            unknown: sum(2),
        })
    }

    /// What the texts of a row have for each of its tokens.
    pub fn pieces(&self, table: &Table, target: &str, row: u32) -> Result<Vec<String>, TokenizerError> {
        let text = |column: &Column| {
            self.tokenizer.pieces(column.text_at(row as usize).unwrap_or_default(), self.length)
        };
        joined(table.texts(Some(target)).map(text), self.length)
    }

    /// The tokens of a row: its texts one after the other, what begins a text only before the first.
    fn row(&self, columns: &[&Column], row: u32) -> Result<Vec<u32>, TokenizerError> {
        let text = |column: &&Column| {
            self.tokenizer.encode(column.text_at(row as usize).unwrap_or_default(), self.length)
        };
        joined(columns.iter().map(text), self.length)
    }

    /// The tokens of rows, rows in parallel.
    pub(super) fn apply(&self, columns: &[&Column], rows: &[u32]) -> Result<PreparedTexts, TokenizerError> {
        let of_rows: Vec<Vec<u32>> =
            rows.par_iter().map(|&row| self.row(columns, row)).collect::<Result<_, _>>()?;
        let texts = PreparedTexts { padding: self.tokenizer.padding(), ..of_rows.into_iter().collect() };
        Ok(texts)
    }
}

/// A vocabulary of the rows' texts.
fn vocabulary(columns: &[&Column], rows: &[u32], config: &TextConfig) -> Result<Tokenizer, TokenizerError> {
    let of_row = |&row: &u32| columns.iter().filter_map(move |column| column.text_at(row as usize));
    let texts: Vec<&str> = rows.iter().take(TEXTS).flat_map(of_row).collect();
    let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    let own = (words / WORDS_A_TOKEN).clamp(VOCABULARY.0, VOCABULARY.1);
    train(&texts, config.pieces, config.vocabulary.unwrap_or(own))
}

impl FromIterator<Vec<u32>> for PreparedTexts {
    /// Texts of these tokens, filled up by token 0.
    fn from_iter<I: IntoIterator<Item = Vec<u32>>>(texts: I) -> Self {
        let mut all = Self { starts: vec![0], ..Self::default() };
        for tokens in texts {
            all.tokens.extend(tokens);
            all.starts.push(all.tokens.len());
        }
        all
    }
}

impl PreparedTexts {
    /// The tokens of a prepared row; none past the end.
    pub fn row(&self, row: u32) -> &[u32] {
        let at = |row: usize| self.starts.get(row).copied();
        match (at(row as usize), at(row as usize + 1)) {
            (Some(start), Some(end)) => &self.tokens[start..end],
            _ => &[],
        }
    }
}
