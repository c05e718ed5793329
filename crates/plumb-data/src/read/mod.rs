//! Files to tables, every limit enforced here.
//!
//! [`read`] finds the files that the job means, tells the format of each by its first bytes, hashes it while it is
//! read and checks that it stays as it was. Text is kept as text until all of it has been seen, so that a column's
//! kind follows from every value and not from the first thousand. What cannot be used is listed, never dropped in
//! silence.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read as _};
use std::path::PathBuf;

use plumb_ledger::{Limits, nearest};
use rayon::prelude::*;

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
pub mod infer;
mod jsonl;
mod open;
mod parquet;
mod records;
mod sniff;
mod sources;
mod text_rows;
mod times;
mod values;

pub use error::{Fault, ReadError};
pub use values::MISSING;

use format::Format;
use from_arrow::{Placed, TypedFile};
use from_text::{Built, Wish};
use open::OpenFile;
use sources::Source;
use text_rows::TextRows;

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

/// Reads the files into one table.
///
/// Every file is read once from its first byte to its last. Peak memory is the text of the rows (or the packed
/// Parquet files) beside the finished columns. The result does not depend on the number of threads.
///
/// # Errors
///
/// The first file that cannot be used, with what is wrong; [`Fault::MostlyBad`] when more rows are bad than good.
pub fn read(options: &ReadOptions, progress: &(dyn Fn(Progress) + Sync)) -> Result<Read, ReadError> {
    let sources = sources::sources(&options.files, &options.base)?;
    let size = |source: &Source| std::fs::metadata(&source.path).map_or(0, |meta| meta.len());
    let meter = Meter { tell: progress, done: Cell::new(0), total: sources.iter().map(size).sum() };
    let mut gathered = Gathered::new(options);
    for source in &sources {
        gathered.add(source, &meter).map_err(|fault| fault.at(&source.shown))?;
    }
    gathered.finish()
}

/// All files so far. Either text or typed, never both.
struct Gathered<'a> {
    options: &'a ReadOptions,
    names: Vec<String>,
    text: TextRows,
    typed: Vec<Placed>,
    first_format: Option<Format>,
    comma: bool,
    bad_rows: Faults,
    report: ReadReport,
}

/// Bytes of a text file that its dialect is told from. 64 KiB: hundreds of records.
const HEAD: u64 = 64 << 10;

impl<'a> Gathered<'a> {
    fn new(options: &'a ReadOptions) -> Self {
        Self {
            options,
            names: Vec::new(),
            text: TextRows::default(),
            typed: Vec::new(),
            first_format: None,
            comma: false,
            bad_rows: Faults::new(options.limits.bad_rows_listed),
            report: ReadReport::default(),
        }
    }

    fn add(&mut self, source: &Source, meter: &Meter<'_>) -> Result<(), Fault> {
        let mut file = OpenFile::new(source, meter)?;
        if file.len() == 0 {
            return Err(Fault::Empty);
        }
        let mut magic = Vec::new();
        file.by_ref().take(64).read_to_end(&mut magic)?;
        let (format, rows) = match format::of_magic(&magic)? {
            Some(format) => (format, self.add_typed(source, &mut file, magic, format)?),
            None => self.add_text(source, &mut file, magic)?,
        };
        let (digest, bytes) = file.finish()?;
        let path = source.shown.clone();
        self.report.files.push(FileReport { path, format: format.as_str(), rows, bytes, digest });
        Ok(())
    }

    fn add_text(
        &mut self,
        source: &Source,
        file: &mut OpenFile<'_>,
        magic: Vec<u8>,
    ) -> Result<(Format, usize), Fault> {
        let limits = &self.options.limits;
        let size = file.len();
        let packed = Cursor::new(magic.clone()).chain(file);
        let mut plain = decompress::decompress(packed, &magic, size, limits.compression_ratio)?;
        let mut start = Vec::new();
        plain.by_ref().take(4 << 10).read_to_end(&mut start).map_err(decompress::stream_fault)?;
        if format::of_magic(&start)?.is_some() {
            let name = "a compressed Parquet or Arrow file";
            return Err(Fault::Foreign { name, remedy: "unpack it: these formats are compressed inside" });
        }
        let mut text = encoding::decode(Cursor::new(start.clone()).chain(plain), &start);
        let mut head = Vec::new();
        text.by_ref().take(HEAD).read_to_end(&mut head).map_err(decompress::stream_fault)?;
        let format = format::of_text(&head, &source.shown)?;
        self.same_family(format)?;
        let path = &source.shown;
        let complete = (head.len() as u64) < HEAD;
        let (delimiter, header) = (self.options.delimiter, self.options.header);
        let dialect = sniff::sniff(&head, complete, delimiter, header);
        let stream = Cursor::new(head).chain(text);
        let read = match format {
            Format::JsonLines => jsonl::read(stream, limits, path, &mut self.bad_rows)?,
            _ => csv::read(stream, dialect, limits, path, &mut self.bad_rows)?,
        };
        if format == Format::Csv {
            self.note_dialect(dialect, path);
            self.comma |= dialect.comma();
        }
        let blank = format == Format::Csv && dialect.blank;
        Ok((format, self.add_rows(source, read, blank)?))
    }

    fn note_dialect(&mut self, dialect: sniff::Dialect, path: &std::path::Path) {
        let path = path.display().to_string();
        let path = path.escape_debug();
        if !dialect.header {
            self.report.notes.push(format!("the first line is taken as a row, not as a header: `{path}`"));
        }
        if dialect.delimiter != b',' {
            let delimiter = char::from(dialect.delimiter).escape_debug();
            self.report.notes.push(format!("fields are delimited by `{delimiter}`: `{path}`"));
        }
    }

    fn add_rows(&mut self, source: &Source, file: csv::TextFile, blank: bool) -> Result<usize, Fault> {
        let path = &source.shown;
        let limits = &self.options.limits;
        check_names(&file.names, limits)?;
        if file.rows.is_windows_1252() {
            let shown = path.display().to_string();
            self.report.notes.push(format!("read as Windows-1252 text: `{}`", shown.escape_debug()));
        }
        let places = self.places(&file.names, self.first_format == Some(Format::JsonLines))?;
        let before = self.text.rows;
        let batches = file.rows.finish(&file.names, path, &mut self.bad_rows);
        self.text.add(batches, path, places, blank, limits)?;
        Ok(self.text.rows - before)
    }

    fn add_typed(
        &mut self,
        source: &Source,
        file: &mut OpenFile<'_>,
        mut bytes: Vec<u8>,
        format: Format,
    ) -> Result<usize, Fault> {
        self.same_family(format)?;
        let limits = &self.options.limits;
        let rest = file.read_whole(limits.table_bytes)?;
        bytes.extend_from_slice(&rest);
        drop(rest);
        let file = match format {
            Format::Parquet => TypedFile::Parquet(parquet::ParquetFile::open(bytes, limits)?),
            _ => TypedFile::Arrow(arrow_ipc::ArrowFile::open(bytes, format == Format::ArrowStream, limits)?),
        };
        let names: Vec<String> = file.schema().fields().iter().map(|field| field.name().clone()).collect();
        check_names(&names, limits)?;
        let places = self.places(&names, false)?.into_iter().flatten().collect();
        let rows = file.rows();
        self.typed.push(Placed { file, path: source.shown.clone(), places });
        self.check_types()?;
        let all: usize = self.typed.iter().map(|placed| placed.file.rows()).sum();
        if all > limits.rows { Err(Fault::TooManyRows(limits.rows)) } else { Ok(rows) }
    }

    /// Text with text, typed with typed.
    fn same_family(&mut self, format: Format) -> Result<(), Fault> {
        let is_text = |format| matches!(format, Format::Csv | Format::JsonLines);
        let first = *self.first_format.get_or_insert(format);
        if is_text(first) == is_text(format) {
            return Ok(());
        }
        Err(Fault::MixedFormats { found: format.as_str(), expected: first.as_str() })
    }

    /// The place in this file of each column of the table. The first file decides what the columns are; JSON lines
    /// may lack a key, and bring new ones.
    fn places(&mut self, names: &[String], open: bool) -> Result<Vec<Option<usize>>, Fault> {
        if self.report.files.is_empty() {
            self.names = names.to_vec();
        }
        let known: HashSet<&str> = self.names.iter().map(String::as_str).collect();
        let extra: Vec<String> =
            names.iter().filter(|name| !known.contains(name.as_str())).cloned().collect();
        if let (Some(name), false) = (extra.first(), open) {
            return Err(Fault::ColumnExtra(name.clone()));
        }
        self.names.extend(extra);
        let index: BTreeMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        let place = |name: &String| match index.get(name.as_str()) {
            Some(&place) => Ok(Some(place)),
            None if open => Ok(None),
            None => Err(Fault::ColumnMissing(name.clone())),
        };
        self.names.iter().map(place).collect()
    }

    fn check_types(&self) -> Result<(), Fault> {
        let (Some(first), Some(last)) = (self.typed.first(), self.typed.last()) else { return Ok(()) };
        for (column, name) in self.names.iter().enumerate() {
            let of = |placed: &Placed| placed.file.schema().field(placed.places[column]).data_type().clone();
            let (expected, found) = (of(first), of(last));
            let both_numbers = expected.is_numeric() && found.is_numeric();
            if expected != found && !both_numbers {
                let (expected, found) = (expected.to_string(), found.to_string());
                return Err(Fault::ColumnType { name: name.clone(), found, expected });
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Read, ReadError> {
        self.check_kinds()?;
        self.check_rows()?;
        let built = if self.typed.is_empty() { self.build_text() } else { self.build_typed()? };
        let mut bad_values = Faults::new(self.options.limits.bad_rows_listed);
        let (mut columns, mut inferred) = (Vec::new(), Vec::new());
        for part in built {
            bad_values.append(part.faults);
            columns.push(part.column);
            inferred.push(part.inferred);
        }
        (self.report.bad_rows, self.report.bad_rows_total) = (self.bad_rows.listed, self.bad_rows.total);
        (self.report.bad_values, self.report.bad_values_total) = (bad_values.listed, bad_values.total);
        let first = self.report.files.first().map(|file| file.path.clone()).unwrap_or_default();
        let table = Table::new(columns)
            .map_err(|error| Fault::Torn { format: "typed", detail: error.to_string() }.at(&first))?;
        Ok(Read { table, report: self.report, inferred })
    }

    fn wish(&self, name: &str) -> Wish {
        Wish {
            kind: self.options.kinds.get(name).copied(),
            target: self.options.target.as_deref() == Some(name),
        }
    }

    fn build_text(&mut self) -> Vec<Built> {
        self.text.names.clone_from(&self.names);
        let (text, listed) = (&self.text, self.options.limits.bad_rows_listed);
        let wishes: Vec<Wish> = self.names.iter().map(|name| self.wish(name)).collect();
        let comma = self.comma;
        wishes
            .par_iter()
            .enumerate()
            .map(|(i, &wish)| from_text::build(text, i, wish, comma, listed))
            .collect()
    }

    fn build_typed(&self) -> Result<Vec<Built>, ReadError> {
        let listed = self.options.limits.bad_rows_listed;
        let one = |(index, name): (usize, &String)| {
            from_arrow::build(&self.typed, index, name, self.wish(name), listed)
        };
        let built: Vec<_> = self.names.par_iter().enumerate().map(one).collect();
        Ok(built.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    fn check_kinds(&self) -> Result<(), ReadError> {
        let known = || self.names.iter().map(String::as_str);
        match self.options.kinds.keys().find(|name| !self.names.contains(name)) {
            None => Ok(()),
            Some(name) => {
                let near = nearest::did_you_mean(name, known().collect::<Vec<_>>());
                let fault = Fault::UnknownKind { name: name.clone(), near };
                Err(fault.at(&self.report.files.first().map(|file| file.path.clone()).unwrap_or_default()))
            }
        }
    }

    /// There must be rows, and more good ones than bad ones.
    fn check_rows(&self) -> Result<(), ReadError> {
        let good: usize = self.report.files.iter().map(|file| file.rows).sum();
        let bad = self.bad_rows.total;
        if bad > good {
            let first = self.bad_rows.listed.first();
            let (line, reason) = first.map_or((0, String::new()), |bad| (bad.line, bad.reason.clone()));
            let path = first.map(|bad| bad.path.clone()).unwrap_or_default();
            return Err(Fault::MostlyBad { bad, rows: bad + good, line, reason }.at(&path));
        }
        if good == 0 {
            let path = self.report.files.first().map(|file| file.path.clone()).unwrap_or_default();
            return Err(Fault::HeaderOnly.at(&path));
        }
        Ok(())
    }
}

fn check_names(names: &[String], limits: &Limits) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    if names.len() > limits.columns {
        return Err(Fault::TooManyColumns { found: names.len(), limit: limits.columns });
    }
    for (name, position) in names.iter().zip(1..) {
        if name.trim().is_empty() {
            return Err(Fault::EmptyName(position));
        }
        if name.len() > limits.name_bytes {
            return Err(Fault::LongName { position, bytes: name.len(), limit: limits.name_bytes });
        }
        if !seen.insert(name.as_str()) {
            return Err(Fault::DuplicateName(name.clone()));
        }
    }
    Ok(())
}
