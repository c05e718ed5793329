//! File after file to one table: the same columns by name, one family of formats, every row accounted for.

use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read as _};
use std::path::Path;

use plumb_ledger::{Limits, Sha256, nearest};
use rayon::prelude::*;

use super::error::{Fault, ReadError};
use super::format::{self, Format};
use super::from_arrow::{self, Placed, TypedFile};
use super::from_text::{self, Built, Wish};
use super::open::OpenFile;
use super::sniff::{self, Dialect};
use super::sources::Source;
use super::survive::survive;
use super::text_rows::TextRows;
use super::{Faults, FileReport, Meter, Read, ReadOptions, ReadReport};
use super::{arrow_ipc, csv, decompress, encoding, jsonl, parquet};
use crate::Table;

/// All files so far. Either text or typed, never both.
pub(super) struct Gathered<'a> {
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
    pub(super) fn new(options: &'a ReadOptions) -> Self {
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

    pub(super) fn add(&mut self, source: &Source, meter: &Meter<'_>) -> Result<(), Fault> {
        let mut file = OpenFile::new(source, meter)?;
        if file.len() == 0 {
            return Err(Fault::Empty);
        }
        let mut magic = Vec::new();
        file.by_ref().take(64).read_to_end(&mut magic)?;
        let (format, rows) = match format::of_magic(&magic)? {
            Some(format) => (format, self.add_typed(source, &mut file, magic, format)?),
            None => self.add_text(source, &mut file, &magic)?,
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
        magic: &[u8],
    ) -> Result<(Format, usize), Fault> {
        let limits = &self.options.limits;
        let size = file.len();
        let packed = magic.chain(file);
        let mut plain = decompress::decompress(packed, magic, size, limits.compression_ratio)?;
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

    fn note_dialect(&mut self, dialect: Dialect, path: &Path) {
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
        let rest = file.read_whole(self.options.limits.table_bytes)?;
        bytes.extend_from_slice(&rest);
        drop(rest);
        self.add_decoded(&source.shown, bytes, format)
    }

    /// A Parquet or Arrow file that is in memory.
    pub(super) fn add_bytes(&mut self, shown: &Path, bytes: Vec<u8>) -> Result<(), Fault> {
        let limit = self.options.limits.table_bytes;
        if bytes.len() > limit {
            return Err(Fault::TableTooBig(limit));
        }
        let format = format::of_magic(&bytes)?
            .ok_or(Fault::Torn { format: "Parquet", detail: "its first bytes are others".to_owned() })?;
        let (digest, size) = (Sha256::of(&bytes), bytes.len() as u64);
        let rows = self.add_decoded(shown, bytes, format)?;
        let path = shown.to_owned();
        self.report.files.push(FileReport { path, format: format.as_str(), rows, bytes: size, digest });
        Ok(())
    }

    fn add_decoded(&mut self, shown: &Path, bytes: Vec<u8>, format: Format) -> Result<usize, Fault> {
        self.same_family(format)?;
        let limits = &self.options.limits;
        let file = survive(format.as_str(), || match format {
            Format::Parquet => parquet::ParquetFile::open(bytes, limits).map(TypedFile::Parquet),
            _ => {
                arrow_ipc::ArrowFile::open(bytes, format == Format::ArrowStream, limits).map(TypedFile::Arrow)
            }
        })?;
        let names: Vec<String> = file.schema().fields().iter().map(|field| field.name().clone()).collect();
        check_names(&names, limits)?;
        let places = self.places(&names, false)?.into_iter().flatten().collect();
        let rows = file.rows();
        self.typed.push(Placed { file, path: shown.to_owned(), places });
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

    pub(super) fn finish(mut self) -> Result<Read, ReadError> {
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
        let first = self.report.files.first();
        let (path, format) =
            first.map_or((Path::new(""), "typed"), |file| (file.path.as_path(), file.format));
        let one = |(index, name): (usize, &String)| {
            let build = || Ok(from_arrow::build(&self.typed, index, name, self.wish(name), listed));
            survive(format, build).map_err(|fault| fault.at(path))?
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
