//! Delimited text to rows.

use std::io::Read;
use std::path::Path;

use plumb_ledger::Limits;

use super::encoding;
use super::error::Fault;
use super::records::{Record, Records};
use super::sniff::Dialect;
use super::text_rows::FileRows;
use super::{BadRow, Faults};

/// A text file that has been cut into rows.
pub(super) struct TextFile {
    /// The names of its columns.
    pub(super) names: Vec<String>,
    pub(super) rows: FileRows,
}

/// Reads every record of the stream. Those of the wrong width go to `faults`.
pub(super) fn read(
    stream: impl Read,
    dialect: Dialect,
    limits: &Limits,
    path: &Path,
    faults: &mut Faults,
) -> Result<TextFile, Fault> {
    let mut records = Records::new(stream, dialect.delimiter, limits);
    let mut rows = FileRows::new();
    let Some(first) = records.next()? else { return Err(Fault::Empty) };
    let width = first.ends.len();
    let header: Option<Vec<Vec<u8>>> = dialect.header.then(|| first.fields().map(<[u8]>::to_vec).collect());
    if header.is_none() {
        rows.push(first.bytes, first.ends, first.line);
    }
    while let Some(record) = records.next()? {
        match fault_of(record, width) {
            None => rows.push(record.bytes, record.ends, record.line),
            Some(reason) => {
                faults.add(BadRow { path: path.to_owned(), line: record.line, column: None, reason });
            }
        }
        if rows.bytes > limits.table_bytes {
            return Err(Fault::TableTooBig(limits.table_bytes));
        }
    }
    let names = match header {
        Some(fields) => fields.iter().map(|field| name(field, dialect.blank)).collect(),
        None => (1..=width).map(|column| format!("column_{column}")).collect(),
    };
    Ok(TextFile { names, rows })
}

fn fault_of(record: Record<'_>, width: usize) -> Option<String> {
    let found = record.ends.len();
    if found != width {
        return Some(format!("{found} fields, the first record has {width}"));
    }
    record.bytes.contains(&0).then(|| "a NUL byte".to_owned())
}

fn name(field: &[u8], blank: bool) -> String {
    let field = if blank { field.strip_prefix(b" ").unwrap_or(field) } else { field };
    match std::str::from_utf8(field) {
        Ok(name) => name.to_owned(),
        Err(_invalid) => encoding::windows_1252(field),
    }
}
