//! Files to tables, every limit enforced here.

/// What reading found out beside the table itself.
#[derive(Debug, Clone, Default)]
pub struct ReadReport {
    /// Each file that was read.
    pub files: Vec<FileReport>,
    /// Rows that were left out, the first [`plumb_ledger::Limits::bad_rows_listed`] of them.
    pub bad_rows: Vec<BadRow>,
    /// How many rows were left out in all.
    pub bad_rows_total: usize,
}

/// One file that was read.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// Its path.
    pub path: std::path::PathBuf,
    /// `csv`, `parquet`, `arrow` or `jsonl`.
    pub format: &'static str,
    /// Rows taken from it.
    pub rows: usize,
    /// Its size on disk.
    pub bytes: u64,
    /// The digest of its bytes.
    pub digest: plumb_ledger::Sha256,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The file.
    pub path: std::path::PathBuf,
    /// The line in a text file, the row in a binary one; from 1.
    pub line: u64,
    /// The column, when one is to blame.
    pub column: Option<String>,
    /// What is wrong, a lower-case fragment.
    pub reason: String,
}
