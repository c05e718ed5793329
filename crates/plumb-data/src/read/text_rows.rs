//! Rows of text as they stand in the files, kept until every value of a column is known and its kind can be told.
//!
//! Costs: the bytes of the fields, plus four for each field and each row. Nothing is copied again before a column
//! is built.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plumb_ledger::Limits;

use super::encoding;
use super::error::Fault;
use super::{BadRow, Faults};

/// Bytes after which a batch is closed. 1 MiB: few batches, and no vector grows past the caches while it is filled.
const BATCH_BYTES: usize = 1 << 20;

/// Bytes that Windows-1252 leaves undefined, and `ÿ`, which hardly any language writes: where one stands, a file is
/// not Windows-1252 but damaged.
const NOT_WINDOWS_1252: [u8; 6] = [0x81, 0x8D, 0x8F, 0x90, 0x9D, 0xFF];

/// Rows of one file under construction, its encoding not yet known.
#[derive(Debug, Default)]
pub(super) struct FileRows {
    batches: Vec<RawBatch>,
    /// Rows with valid UTF-8 beyond ASCII.
    multibyte: usize,
    /// Rows that are no UTF-8.
    invalid: usize,
    /// Whether every byte beyond ASCII is one that Windows-1252 writes.
    windows_1252: bool,
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

#[derive(Debug, Default)]
struct RawBatch {
    width: usize,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    lines: Vec<u32>,
    invalid: Vec<u32>,
}

/// Some consecutive rows of one file.
#[derive(Debug)]
pub(super) struct Batch {
    width: usize,
    text: String,
    ends: Vec<u32>,
    lines: Vec<u32>,
}

impl FileRows {
    pub(super) fn new() -> Self {
        Self { windows_1252: true, ..Self::default() }
    }

    /// Takes a row in: its fields end to end, field `i` ending before `ends[i]`.
    pub(super) fn push(&mut self, bytes: &[u8], ends: &[usize], line: u64) {
        let full = self.batches.last().is_none_or(|b| b.width != ends.len() || b.bytes.len() >= BATCH_BYTES);
        if full {
            self.batches.push(RawBatch { width: ends.len(), ..RawBatch::default() });
        }
        let valid = self.check(bytes, ends);
        let Some(batch) = self.batches.last_mut() else { return };
        if !valid {
            batch.invalid.push(batch.lines.len() as u32);
        }
        let base = batch.bytes.len();
        batch.bytes.extend_from_slice(bytes);
        batch.ends.extend(ends.iter().map(|end| (base + end) as u32));
        batch.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        self.rows += 1;
        self.bytes += bytes.len() + size_of::<u32>() * (ends.len() + 1);
    }

    fn check(&mut self, bytes: &[u8], ends: &[usize]) -> bool {
        if bytes.is_ascii() {
            return true;
        }
        self.windows_1252 &= !bytes.iter().any(|byte| NOT_WINDOWS_1252.contains(byte));
        let text = std::str::from_utf8(bytes);
        let valid = text.is_ok_and(|text| ends.iter().all(|&end| text.is_char_boundary(end)));
        if valid {
            self.multibyte += 1;
        } else {
            self.invalid += 1;
        }
        valid
    }

    /// Whether the file is Windows-1252: more rows speak against UTF-8 than for it, and none against Windows-1252.
    pub(super) fn is_windows_1252(&self) -> bool {
        self.windows_1252 && self.invalid > self.multibyte
    }

    /// The rows as text. Those that cannot be decoded are left out and go to `faults`.
    pub(super) fn finish(self, names: &[String], path: &Path, faults: &mut Faults) -> Vec<Batch> {
        let windows_1252 = self.is_windows_1252();
        let into_batch = |batch: RawBatch| {
            if batch.invalid.is_empty() || windows_1252 {
                return batch.decode(windows_1252);
            }
            for &row in &batch.invalid {
                faults.add(batch.undecodable(row as usize, names, path));
            }
            batch.without_invalid().decode(false)
        };
        self.batches.into_iter().map(into_batch).collect()
    }
}

impl RawBatch {
    fn field(&self, row: usize, column: usize) -> &[u8] {
        let index = row * self.width + column;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[index] as usize]
    }

    fn undecodable(&self, row: usize, names: &[String], path: &Path) -> BadRow {
        let bad = |&column: &usize| std::str::from_utf8(self.field(row, column)).is_err();
        let column = (0..self.width).find(bad).and_then(|column| names.get(column)).cloned();
        let reason = "a byte that is no UTF-8".to_owned();
        BadRow { path: path.to_owned(), line: u64::from(self.lines[row]), column, reason }
    }

    fn without_invalid(&self) -> Self {
        let mut kept = Self { width: self.width, ..Self::default() };
        for (row, &line) in self.lines.iter().enumerate() {
            if self.invalid.binary_search(&(row as u32)).is_err() {
                for column in 0..self.width {
                    kept.bytes.extend_from_slice(self.field(row, column));
                    kept.ends.push(kept.bytes.len() as u32);
                }
                kept.lines.push(line);
            }
        }
        kept
    }

    fn decode(self, windows_1252: bool) -> Batch {
        if windows_1252 && !self.bytes.is_ascii() {
            return self.decode_windows_1252();
        }
        // Every row was checked when it came in, so that the replacement never takes place.
        let text = String::from_utf8(self.bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Batch { width: self.width, text, ends: self.ends, lines: self.lines }
    }

    fn decode_windows_1252(self) -> Batch {
        let mut text = String::with_capacity(self.bytes.len() + self.bytes.len() / 8);
        let mut ends = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for &end in &self.ends {
            text.push_str(&encoding::windows_1252(&self.bytes[start..end as usize]));
            ends.push(text.len() as u32);
            start = end as usize;
        }
        Batch { width: self.width, text, ends, lines: self.lines }
    }
}

/// The rows of all files, each with the place of every column of the table in its file.
#[derive(Debug, Default)]
pub(super) struct TextRows {
    pub(super) names: Vec<String>,
    parts: Vec<Part>,
    pub(super) rows: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Part {
    batch: Batch,
    path: Arc<PathBuf>,
    /// The field of each column of the table; none where this file lacks it.
    fields: Arc<[Option<usize>]>,
    /// Whether one blank behind each delimiter is part of the notation, not of the value.
    blank: bool,
}

/// One value: where it stands and what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    /// The value without the blanks around it; none when it is missing.
    pub(super) text: Option<&'a str>,
    line: u32,
    path: &'a Path,
}

impl Cell<'_> {
    /// The value as a bad one.
    pub(super) fn bad(&self, column: &str, reason: String) -> BadRow {
        BadRow {
            path: self.path.to_owned(),
            line: u64::from(self.line),
            column: Some(column.to_owned()),
            reason,
        }
    }
}

impl TextRows {
    /// Adds the rows of a file.
    pub(super) fn add(
        &mut self,
        batches: Vec<Batch>,
        path: &Path,
        fields: Vec<Option<usize>>,
        blank: bool,
        limits: &Limits,
    ) -> Result<(), Fault> {
        let (path, fields) = (Arc::new(path.to_owned()), Arc::<[Option<usize>]>::from(fields));
        for batch in batches {
            self.rows += batch.lines.len();
            self.bytes += batch.text.len() + size_of::<u32>() * (batch.ends.len() + batch.lines.len());
            self.parts.push(Part { batch, path: Arc::clone(&path), fields: Arc::clone(&fields), blank });
        }
        if self.rows > limits.rows {
            return Err(Fault::TooManyRows(limits.rows));
        }
        if self.bytes > limits.table_bytes {
            return Err(Fault::TableTooBig(limits.table_bytes));
        }
        Ok(())
    }

    /// The values of a column from the first row to the last.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = Cell<'_>> {
        self.parts.iter().flat_map(move |part| part.column(column))
    }
}

impl Part {
    fn column(&self, column: usize) -> impl Iterator<Item = Cell<'_>> {
        let place = self.fields.get(column).copied().flatten();
        (0..self.batch.lines.len()).map(move |row| {
            let text = place.and_then(|place| self.batch.field(row, place)).and_then(|text| self.clean(text));
            Cell { text, line: self.batch.lines[row], path: &self.path }
        })
    }

    fn clean<'a>(&self, text: &'a str) -> Option<&'a str> {
        let text = if self.blank { text.strip_prefix(' ').unwrap_or(text) } else { text };
        (!super::values::is_missing(text)).then_some(text)
    }
}

impl Batch {
    fn field(&self, row: usize, column: usize) -> Option<&str> {
        if column >= self.width {
            return None;
        }
        let index = row * self.width + column;
        let start = index.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.text.get(start as usize..*self.ends.get(index)? as usize)
    }
}
