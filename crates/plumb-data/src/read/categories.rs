//! Texts to dictionary codes, levels in the order of their first appearance.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{DictionaryArray, LargeStringArray, UInt32Array};

/// A category column under construction. One hash of the text for each value; a text is stored once.
#[derive(Debug, Default)]
pub(super) struct CategoryBuilder {
    codes: HashMap<Arc<str>, u32>,
    levels: Vec<Arc<str>>,
    rows: Vec<Option<u32>>,
}

impl CategoryBuilder {
    /// The code of a text, a new one when it has not been seen.
    pub(super) fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        let (code, level) = (self.levels.len() as u32, Arc::<str>::from(text));
        self.levels.push(Arc::clone(&level));
        self.codes.insert(level, code);
        code
    }

    /// Appends a row by its code.
    pub(super) fn push(&mut self, code: Option<u32>) {
        self.rows.push(code);
    }

    /// Appends a row by its text.
    pub(super) fn push_text(&mut self, text: Option<&str>) {
        let code = text.map(|text| self.code(text));
        self.push(code);
    }

    /// The column.
    pub(super) fn finish(self) -> DictionaryArray<UInt32Type> {
        drop(self.codes);
        let levels: LargeStringArray = self.levels.iter().map(Some).collect();
        let keys: UInt32Array = self.rows.into_iter().collect();
        // Every code was given out by `code`, so that it has its level.
        DictionaryArray::new(keys, Arc::new(levels))
    }
}
