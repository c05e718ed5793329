//! What of the job concerns texts: which tables are about them, how they become tokens.

use plumb_data::prepare::TextConfig;
use plumb_data::tokens;
use plumb_data::{Kind, Table};

use crate::job::{Pieces, PrepareSection};

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
    let is_input = |column: &&plumb_data::Column| column.kind == Kind::Text && column.name != target;
    let median = |column: &plumb_data::Column| -> usize {
        let texts = rows.iter().take(COUNTED).filter_map(|&row| column.text_at(row as usize));
        let mut words: Vec<usize> = texts.map(|text| text.split_whitespace().count()).collect();
        words.sort_unstable();
        words.get(words.len() / 2).copied().unwrap_or(0)
    };
    match table.columns().iter().filter(is_input).map(median).max() {
        None => Texts::None,
        Some(words) if words < LONG => Texts::Short,
        Some(_) => Texts::Long,
    }
}

/// How they become tokens.
pub(super) fn config(of: &PrepareSection) -> TextConfig {
    TextConfig {
        pieces: match of.pieces {
            Pieces::Bpe => tokens::Pieces::Bpe,
            Pieces::Wordpiece => tokens::Pieces::Wordpiece,
        },
        vocabulary: of.vocabulary.value(),
        length: of.tokens.value(),
        longest: of.tokens.value().unwrap_or(TextConfig::DEFAULT.longest),
    }
}
