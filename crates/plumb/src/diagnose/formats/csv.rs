//! CSV with a column for each series: Lightning's `metrics.csv`, the file of Keras's CSVLogger, and any alike.
//!
//! An empty cell and `NA` say that nothing was logged there (Lightning logs a step in some columns, an epoch in
//! others); `nan` and `inf` are numbers that are none.

use std::path::Path;

use super::super::log::{Log, Point, Refused, whole};
use super::super::roles::names_a_loss;
use super::{Folder, Format, Source, has_extension, json, lines, lone_files};

pub(super) const FORMAT: Format = Format {
    name: "CSV",
    recognised: "`.csv`, `.tsv` or `.log` whose header names a loss or a score beside an epoch or a step",
    find: |folder: &Folder| lone_files(folder, |name| has_extension(name, &["csv", "tsv", "log"])),
    is: |_: &Path, head: &[u8]| {
        Header::read(lines(head).0.first().copied().unwrap_or_default()).is_some_and(|header| header.is_log())
    },
    read,
};

const STEPS: [&str; 5] = ["step", "global_step", "iteration", "iter", "batch"];
const EPOCHS: [&str; 1] = ["epoch"];

struct Header {
    delimiter: u8,
    names: Vec<String>,
    step: Option<usize>,
    epoch: Option<usize>,
}

impl Header {
    fn read(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let text = std::str::from_utf8(line).ok()?;
        let count = |delimiter: &u8| text.bytes().filter(|byte| byte == delimiter).count();
        let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(count)?;
        let names: Vec<String> =
            cells(line, delimiter).into_iter().map(|cell| cell.trim().to_owned()).collect();
        let at =
            |known: &[&str]| names.iter().position(|name| known.iter().any(|k| name.eq_ignore_ascii_case(k)));
        let (step, epoch) = (at(&STEPS), at(&EPOCHS));
        Some(Self { delimiter, names, step, epoch })
    }

    fn is_log(&self) -> bool {
        (self.step.is_some() || self.epoch.is_some()) && self.names.iter().any(|name| names_a_loss(name))
    }
}

fn read(sources: &[Source]) -> Result<Log, Refused> {
    let mut log = Log::default();
    for source in sources {
        let (lines, long) = lines(&source.bytes);
        let header = lines.first().and_then(|line| Header::read(line));
        let header = header.ok_or_else(|| Refused::Broken("the file has no header".to_owned()))?;
        let mut words = 0;
        for (row, line) in lines.iter().skip(1).enumerate() {
            words += read_row(&header, row, line, &mut log)?;
        }
        log.remark(long, "lines are too long and were passed over");
        log.remark(words, "cells are no number and were passed over");
    }
    Ok(log)
}

/// Adds the numbers of a row; answers how many cells were neither a number nor empty.
fn read_row(header: &Header, row: usize, line: &[u8], log: &mut Log) -> Result<usize, Refused> {
    let cells = cells(line, header.delimiter);
    let at = |column: Option<usize>| cells.get(column?).and_then(|cell| cell.trim().parse::<f64>().ok());
    let step = at(header.step).and_then(whole);
    let epoch = at(header.epoch).filter(|epoch| epoch.is_finite());
    let step = if (step, epoch) == (None, None) { Some(row as u64) } else { step };
    let mut words = 0;
    for (column, (name, cell)) in header.names.iter().zip(&cells).enumerate() {
        let cell = cell.trim();
        if Some(column) == header.step || Some(column) == header.epoch || cell.is_empty() || cell == "NA" {
            continue;
        }
        match cell.parse().ok().or_else(|| json::word(cell)) {
            Some(value) => log.add(name, Point { step, epoch, value })?,
            None => words += 1,
        }
    }
    Ok(words)
}

/// The cells of a line; a delimiter in quotes is none, a doubled quote in them is one.
fn cells(line: &[u8], delimiter: u8) -> Vec<String> {
    let mut cells = vec![Vec::new()];
    let mut quoted = false;
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'"' && quoted && bytes.peek() == Some(&b'"') {
            bytes.next();
        } else if byte == b'"' {
            quoted = !quoted;
            continue;
        } else if byte == delimiter && !quoted {
            cells.push(Vec::new());
            continue;
        }
        if let Some(cell) = cells.last_mut() {
            cell.push(byte);
        }
    }
    cells.into_iter().map(|cell| String::from_utf8_lossy(&cell).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_delimiters() {
        assert_eq!(cells(b"a,\"b,\"\"c\",,d", b','), ["a", "b,\"c", "", "d"]);
        assert_eq!(cells(b"", b','), [""]);
    }

    #[test]
    fn empty_cells_are_no_numbers_and_nan_is_one() {
        let text = b"epoch;loss;val_loss\n0;0.5;\n1;nan;NA\n2;;-inf\n".to_vec();
        let log = read(&[Source { part: String::new(), bytes: text }]).unwrap();
        let values = |name: &str| log.series[name].iter().map(|p| format!("{}", p.value)).collect::<Vec<_>>();
        assert_eq!(
            (values("loss"), values("val_loss")),
            (vec!["0.5".into(), "NaN".into()], vec!["-inf".into()])
        );
        assert!(log.remarks.is_empty());
    }

    #[test]
    fn a_table_of_data_is_no_log() {
        let is = |head: &[u8]| (FORMAT.is)(Path::new("x.csv"), head);
        assert!(is(b"epoch,accuracy,loss\n") && is(b"step\ttrain_loss\n0\t1\n"));
        assert!(!is(b"age,loss_of_income\n") && !is(b"step,price\n") && !is(b"") && !is(b"\xff\xfe"));
    }
}
