//! Files to tables, every limit enforced here.
//!
//! [`read`] finds the files that the job means, tells the format of each by its first bytes, hashes it while it is
//! read and checks that it stays as it was. Text is kept as text until all of it has been seen, so that a column's
//! kind follows from every value and not from the first thousand. What cannot be used is listed, never dropped in
//! silence.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use plumb_ledger::Limits;

use crate::{Kind, Table};

mod arrow_ipc;
mod categories;
mod convert;
mod csv;
mod decompress;
mod encoding;
mod error;
mod format;
mod from_arrow;
mod from_text;
mod gather;
pub mod infer;
mod jsonl;
mod open;
mod parquet;
mod parquet_pages;
mod pictures;
mod records;
mod sniff;
mod sources;
mod survive;
mod text_rows;
mod times;
mod values;

pub use error::{Fault, ReadError};
pub use pictures::{LABEL, PART, PICTURES, PictureCache, is_picture_folder};
pub(crate) use survive::quietly;
pub use values::MISSING;

use gather::Gathered;
use sources::Source;

/// What to read and what the job already knows about it.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Paths, folders and patterns, relative to `base`.
    pub files: Vec<String>,
    /// The folder that they are relative to.
    pub base: PathBuf,
    /// Kinds that the job gives to columns.
    pub kinds: BTreeMap<String, Kind>,
    /// The target, which is a number or a category whatever it looks like.
    pub target: Option<String>,
    /// The delimiter of text files; found out when it is not given.
    pub delimiter: Option<u8>,
    /// Whether text files begin with the names of their columns; found out when it is not given.
    pub header: Option<bool>,
    /// Where reading stops.
    pub limits: Limits,
    /// Where reduced pictures are kept between runs; none for nowhere.
    pub pictures: Option<PictureCache>,
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read so far.
    pub bytes: u64,
    /// Bytes of all files.
    pub total: u64,
}

/// The kind of a column and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// The column.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Why, a lower-case fragment for the person who runs the job.
    pub reason: String,
}

/// A table and all that is known of its making.
#[derive(Debug, Clone)]
pub struct Read {
    /// The rows of all files, in order.
    pub table: Table,
    /// The files, and what in them could not be used.
    pub report: ReadReport,
    /// The kind of each column with its reason, in the order of the table.
    pub inferred: Vec<Inferred>,
}

/// What reading found out beside the table itself.
#[derive(Debug, Clone, Default)]
pub struct ReadReport {
    /// Each file that was read.
    pub files: Vec<FileReport>,
    /// Rows that were left out, the first [`plumb_ledger::Limits::bad_rows_listed`] of them.
    pub bad_rows: Vec<BadRow>,
    /// How many rows were left out in all.
    pub bad_rows_total: usize,
    /// Values that do not fit their column and are missing, the first of them as with rows.
    pub bad_values: Vec<BadRow>,
    /// How many values are missing for that reason.
    pub bad_values_total: usize,
    /// What was assumed about the files, one fragment each: the delimiter, the encoding, a header that is not there.
    pub notes: Vec<String>,
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

/// A row, or with a column a value, that could not be used.
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

/// Bad rows or values: the first ones by name, the rest by number.
#[derive(Debug, Default)]
struct Faults {
    listed: Vec<BadRow>,
    total: usize,
    limit: usize,
}

impl Faults {
    fn new(limit: usize) -> Self {
        Self { listed: Vec::new(), total: 0, limit }
    }

    fn add(&mut self, bad: BadRow) {
        self.add_with(|| bad);
    }

    /// Like `add`, for what is costly to write down when nobody will read it.
    fn add_with(&mut self, bad: impl FnOnce() -> BadRow) {
        self.total += 1;
        if self.listed.len() < self.limit {
            self.listed.push(bad());
        }
    }

    fn append(&mut self, other: Self) {
        self.total += other.total;
        let room = self.limit.saturating_sub(self.listed.len());
        self.listed.extend(other.listed.into_iter().take(room));
    }
}

/// Counts the bytes and tells of every mebibyte.
struct Meter<'a> {
    tell: &'a (dyn Fn(Progress) + Sync),
    done: Cell<u64>,
    total: u64,
}

impl Meter<'_> {
    fn advance(&self, bytes: u64) {
        let (before, now) = (self.done.get(), self.done.get() + bytes);
        self.done.set(now);
        if before >> 20 != now >> 20 || now == self.total {
            (self.tell)(Progress { bytes: now, total: self.total });
        }
    }
}

/// Milliseconds since 1970-01-01 UTC of a text in ISO 8601 or one of the forms that tables are read in; the month first where either could be.
pub fn time_of(text: &str) -> Option<i64> {
    times::parse(text, times::Order::MonthFirst)
}

/// Reads the files into one table.
///
/// Every file is read once from its first byte to its last. Peak memory is the text of the rows (or the packed
/// Parquet files) beside the finished columns. The result does not depend on the number of threads.
///
/// # Errors
///
/// The first file that cannot be used, with what is wrong; [`Fault::MostlyBad`] when more rows are bad than good.
pub fn read(options: &ReadOptions, progress: &(dyn Fn(Progress) + Sync)) -> Result<Read, ReadError> {
    if let [entry] = options.files.as_slice()
        && let Some(read) = pictures::folder(entry, options, progress)?
    {
        return Ok(read);
    }
    let sources = sources::sources(&options.files, &options.base)?;
    let size = |source: &Source| std::fs::metadata(&source.path).map_or(0, |meta| meta.len());
    let meter = Meter { tell: progress, done: Cell::new(0), total: sources.iter().map(size).sum() };
    let mut gathered = Gathered::new(options);
    for source in &sources {
        gathered.add(source, &meter).map_err(|fault| fault.at(&source.shown))?;
    }
    let mut read = gathered.finish()?;
    pictures::attach(&mut read, options, progress)?;
    Ok(read)
}

/// A Parquet or Arrow file that is in memory, under the same limits; `name` is what it is called in errors. `files` of the options is not
/// looked at.
pub fn read_bytes(name: &str, bytes: Vec<u8>, options: &ReadOptions) -> Result<Read, ReadError> {
    let mut gathered = Gathered::new(options);
    let name = std::path::Path::new(name);
    gathered.add_bytes(name, bytes).map_err(|fault| fault.at(name))?;
    gathered.finish()
}
