//! The texts of train rows, changed anew each time that they are seen.

use std::sync::Arc;

use plumb_ledger::Stream;

use super::{Synonyms, WordChange};
use crate::Table;
use crate::prepare::TextEncoding;
use crate::tokens::{TokenizerError, joined};

/// What is done to the texts of train rows, and what it is done with.
#[derive(Debug, Clone)]
pub struct ChangedTexts {
    encoding: TextEncoding,
    /// The texts of each row, column by column.
    texts: Arc<Vec<Vec<String>>>,
    /// The same, translated there and back; empty where nothing was.
    translated: Arc<Vec<Vec<String>>>,
    translated_share: f64,
    changes: Vec<WordChange>,
    synonyms: Arc<Synonyms>,
}

impl ChangedTexts {
    /// The texts of these rows, to be changed by each of `changes`.
    pub fn new(
        encoding: &TextEncoding,
        table: &Table,
        target: &str,
        rows: &[u32],
        changes: Vec<WordChange>,
        synonyms: Arc<Synonyms>,
    ) -> Self {
        let row = |&row: &u32| -> Vec<String> {
            let text = |column: &crate::Column| column.text_at(row as usize).unwrap_or_default().to_owned();
            table.texts(Some(target)).map(text).collect()
        };
        let texts = Arc::new(rows.iter().map(row).collect());
        let encoding = encoding.clone();
        Self { encoding, texts, translated: Arc::default(), translated_share: 0.0, changes, synonyms }
    }

    /// Every text, to be translated.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().flatten().map(String::as_str)
    }

    /// The same with translations there and back, in the order of [`ChangedTexts::texts`], that take the place of this share of the
    /// texts.
    #[must_use]
    pub fn with_translations(mut self, translations: Vec<String>, share: f64) -> Self {
        let mut translations = translations.into_iter();
        let row = |texts: &Vec<String>| {
            texts.iter().map(|text| translations.next().unwrap_or_else(|| text.clone())).collect()
        };
        self.translated = Arc::new(self.texts.iter().map(row).collect());
        self.translated_share = share;
        self
    }

    /// The names of what is done, and each alone.
    pub fn alone(&self) -> Vec<(String, Self)> {
        let nothing = Self { changes: Vec::new(), translated_share: 0.0, ..self.clone() };
        let of_words = self.changes.iter().map(|change| {
            (change.operation.name.to_owned(), Self { changes: vec![*change], ..nothing.clone() })
        });
        let translated = (self.translated_share > 0.0)
            .then(|| ("translated".to_owned(), Self { translated_share: 1.0, ..nothing.clone() }));
        of_words.chain(translated).collect()
    }

    /// The texts of a row as they are.
    pub fn plain(&self, row: u32) -> &[String] {
        self.texts.get(row as usize).map_or(&[], Vec::as_slice)
    }

    /// The texts of a row, changed: a function of row and stream.
    pub fn row(&self, row: u32, stream: Stream) -> Vec<String> {
        let is_translated = stream.at(0).uniform(0) < self.translated_share;
        let of = if is_translated { self.translated.get(row as usize) } else { None };
        let texts = of.map_or_else(|| self.plain(row), Vec::as_slice);
        let changed = |(column, text): (usize, &String)| {
            let stream = stream.at(1 + column as u64);
            let change = |text: String, (number, change): (usize, &WordChange)| {
                change.apply(&text, &self.synonyms, stream.at(number as u64))
            };
            self.changes.iter().enumerate().fold(text.clone(), change)
        };
        texts.iter().enumerate().map(changed).collect()
    }

    /// Their tokens.
    pub fn tokens(&self, row: u32, stream: Stream) -> Result<Vec<u32>, TokenizerError> {
        let TextEncoding { tokenizer, length } = &self.encoding;
        joined(self.row(row, stream).iter().map(|text| tokenizer.encode(text, *length)), *length)
    }
}
