//! JSON Lines: one flat object a line, to rows of text.
//!
//! Columns stand in the order in which their keys first appear; a key that a line lacks is a missing value.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use plumb_ledger::Limits;
use serde_json::{Map, Value};

use super::csv::TextFile;
use super::decompress::stream_fault;
use super::error::Fault;
use super::text_rows::FileRows;
use super::{BadRow, Faults};

/// Reads every line of the stream. Lines that are no flat object go to `faults`.
pub(super) fn read(
    stream: impl Read,
    limits: &Limits,
    path: &Path,
    faults: &mut Faults,
) -> Result<TextFile, Fault> {
    let mut input = BufReader::with_capacity(256 << 10, stream);
    let (mut rows, mut columns) = (FileRows::new(), Columns::default());
    let (mut line, mut number) = (Vec::new(), 0_u64);
    while next_line(&mut input, &mut line, number + 1, limits)? {
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match columns.fields(&line, number, limits)? {
            Ok((bytes, ends)) => rows.push(&bytes, &ends, number),
            Err((column, reason)) => {
                faults.add(BadRow { path: path.to_owned(), line: number, column, reason });
            }
        }
        if rows.bytes > limits.table_bytes {
            return Err(Fault::TableTooBig(limits.table_bytes));
        }
    }
    if number == 0 {
        return Err(Fault::Empty);
    }
    Ok(TextFile { names: columns.names, rows })
}

/// The next line without its end, never longer than a record may be.
fn next_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
    number: u64,
    limits: &Limits,
) -> Result<bool, Fault> {
    line.clear();
    loop {
        let chunk = input.fill_buf().map_err(stream_fault)?;
        if chunk.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = chunk.iter().position(|&byte| byte == b'\n');
        line.extend_from_slice(&chunk[..end.unwrap_or(chunk.len())]);
        let taken = end.map_or(chunk.len(), |end| end + 1);
        input.consume(taken);
        if line.len() > limits.record_bytes {
            return Err(Fault::LongRecord { line: number, limit: limits.record_bytes });
        }
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[derive(Default)]
struct Columns {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

type Fields = (Vec<u8>, Vec<usize>);
type BadLine = (Option<String>, String);

impl Columns {
    /// The values of a line in the order of the columns; new keys make new columns.
    fn fields(
        &mut self,
        line: &[u8],
        number: u64,
        limits: &Limits,
    ) -> Result<Result<Fields, BadLine>, Fault> {
        let object: Map<String, Value> = match serde_json::from_slice(line) {
            Ok(object) => object,
            Err(error) if std::str::from_utf8(line).is_err() => {
                let reason = if error.is_syntax() { "a byte that is no UTF-8" } else { "no JSON object" };
                return Ok(Err((None, reason.to_owned())));
            }
            Err(_any) => return Ok(Err((None, "no JSON object".to_owned()))),
        };
        let mut texts = vec![String::new(); self.names.len()];
        for (key, value) in object {
            let text = match value {
                Value::Null => String::new(),
                Value::Bool(flag) => flag.to_string(),
                Value::Number(number) => number.to_string(),
                Value::String(text) => text,
                Value::Array(_) | Value::Object(_) => {
                    return Ok(Err((Some(key), "a nested value".to_owned())));
                }
            };
            if text.len() > limits.field_bytes {
                return Err(Fault::LongField { line: number, limit: limits.field_bytes });
            }
            let place = self.place(key);
            texts.resize(self.names.len().max(texts.len()), String::new());
            if let Some(slot) = texts.get_mut(place) {
                *slot = text;
            }
        }
        if self.names.len() > limits.columns {
            return Err(Fault::TooManyColumns { found: self.names.len(), limit: limits.columns });
        }
        Ok(Ok(join(&texts)))
    }

    fn place(&mut self, key: String) -> usize {
        let next = self.names.len();
        let place = *self.places.entry(key.clone()).or_insert(next);
        if place == next {
            self.names.push(key);
        }
        place
    }
}

fn join(texts: &[String]) -> Fields {
    let ends = texts.iter().scan(0, |end, text| {
        *end += text.len();
        Some(*end)
    });
    (texts.concat().into_bytes(), ends.collect())
}
