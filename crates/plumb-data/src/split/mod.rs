//! Which rows are train, valid and test, decided before anything is fitted.

mod apportion;
mod column;
mod config;
mod digests;
mod error;
mod folds;
mod group;
mod method;
pub mod practices;
mod random;
mod stratified;
mod time;

use std::sync::Mutex;

use plumb_ledger::Sha256;
use serde::{Deserialize, Serialize};

pub use config::{SplitConfig, SplitMethod};
pub use digests::{row_digests, shown_digests};
pub use error::SplitError;
pub use folds::folds;
pub use method::split;
pub use practices::{PRACTICES, SplitContext};

/// The part a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Fitted on.
    Train,
    /// Chosen by: the epoch, the threshold, the temperature.
    Valid,
    /// Read once, at the end.
    Test,
    /// Has no label, or the splitting column is empty.
    Unused,
}

impl Part {
    /// The parts that have rows to use, in the order of time.
    pub const USED: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// The word, as it stands in `split.parquet`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
            Self::Unused => "unused",
        }
    }
}

/// The part of every row of a table. The test rows are given out by [`Split::read_test`] alone, which writes
/// down who asked.
#[derive(Debug)]
pub struct Split {
    parts: Vec<Part>,
    test_reads: Mutex<Vec<String>>,
}

impl Split {
    /// A split with the part of each row of the table.
    pub fn new(parts: Vec<Part>) -> Self {
        Self { parts, test_reads: Mutex::new(Vec::new()) }
    }

    /// The part of each row.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How many rows a part has.
    pub fn count(&self, part: Part) -> usize {
        self.parts.iter().filter(|&&p| p == part).count()
    }

    /// The rows to fit on, ascending.
    pub fn train(&self) -> Vec<u32> {
        self.rows(Part::Train)
    }

    /// The rows to choose by, ascending.
    pub fn valid(&self) -> Vec<u32> {
        self.rows(Part::Valid)
    }

    /// The rows of the test part, ascending; the reader and the purpose are logged.
    pub fn read_test(&self, purpose: &str) -> Vec<u32> {
        self.lock().push(purpose.to_owned());
        self.rows(Part::Test)
    }

    /// Every read of the test part so far, by purpose.
    pub fn test_reads(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// The digest of the train rows' numbers: what a fitted object carries to show what it has seen.
    pub fn train_digest(&self) -> Sha256 {
        digest_of_rows(&self.train())
    }

    fn rows(&self, part: Part) -> Vec<u32> {
        (0..self.parts.len() as u32).filter(|&row| self.parts[row as usize] == part).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        // A log is usable whatever happened to the thread that last wrote to it.
        self.test_reads.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// SHA-256 over row numbers as 32-bit little-endian integers.
pub fn digest_of_rows(rows: &[u32]) -> Sha256 {
    let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
    Sha256::of(&bytes)
}

#[cfg(test)]
mod tests;
