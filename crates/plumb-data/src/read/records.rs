//! Records of a delimited text, one at a time, none longer than its limit.
//!
//! The grammar is that of `csv-core`; this file adds what it lacks: bounds on field and record, the line on which
//! each record begins, and the quote that is never closed.

use std::io::Read;

use csv_core::ReadRecordResult;
use plumb_ledger::Limits;

use super::decompress::stream_fault;
use super::error::Fault;

/// Bytes taken from the stream at a time. 256 KiB: fits the second-level cache beside what is made of it.
const CHUNK: usize = 256 << 10;

/// A reader of records. Blank lines between records are passed over.
pub(super) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    core: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    line: u64,
    limits: Limits,
}

/// One record: its fields end to end in `bytes`, field `i` ending before `ends[i]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) ends: &'a [usize],
    /// The line on which it begins, from 1.
    pub(super) line: u64,
}

impl<'a> Record<'a> {
    /// The fields in order.
    pub(super) fn fields(self) -> impl Iterator<Item = &'a [u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends).map(move |(start, &end)| &self.bytes[start..end])
    }
}

/// How far a record has come.
#[derive(Default)]
struct Progress {
    filled: usize,
    ended: usize,
    quotes: usize,
    newlines: u64,
    last: u8,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, delimiter: u8, limits: &Limits) -> Self {
        Self {
            input,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            ended: false,
            core: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            fields: vec![0; 1 << 10],
            ends: vec![0; 64],
            line: 1,
            limits: *limits,
        }
    }

    /// The next record, none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, Fault> {
        self.skip_line_ends()?;
        let mut so_far = Progress::default();
        loop {
            self.refill()?;
            let input = &self.buffer[self.start..self.end];
            let (result, taken, filled, ended) = self.core.read_record(
                input,
                &mut self.fields[so_far.filled..],
                &mut self.ends[so_far.ended..],
            );
            so_far.see(&input[..taken]);
            self.start += taken;
            so_far.filled += filled;
            so_far.ended += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.grow_fields(&so_far)?,
                ReadRecordResult::OutputEndsFull => self.grow_ends(so_far.ended)?,
                ReadRecordResult::Record => return self.complete(&so_far).map(Some),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn complete(&mut self, so_far: &Progress) -> Result<Record<'_>, Fault> {
        let line = self.line;
        let at_end = self.ended && self.start == self.end;
        if at_end && so_far.quotes % 2 == 1 && so_far.newlines > 0 {
            return Err(Fault::UnclosedQuote(line));
        }
        self.line += so_far.newlines + u64::from(so_far.last == b'\r');
        let (bytes, ends) = (&self.fields[..so_far.filled], &self.ends[..so_far.ended]);
        self.check_widths(bytes.len(), ends, line)?;
        Ok(Record { bytes, ends, line })
    }

    fn check_widths(&self, bytes: usize, ends: &[usize], line: u64) -> Result<(), Fault> {
        let limit = self.limits.field_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        if starts.zip(ends).any(|(start, &end)| end - start > limit) {
            return Err(Fault::LongField { line, limit });
        }
        Ok(())
    }

    /// More room for the bytes of one record, up to its limits.
    fn grow_fields(&mut self, so_far: &Progress) -> Result<(), Fault> {
        let (line, full) = (self.line, self.fields.len());
        let field_start = so_far.ended.checked_sub(1).map_or(0, |last| self.ends[last]);
        if full - field_start > self.limits.field_bytes {
            return Err(Fault::LongField { line, limit: self.limits.field_bytes });
        }
        if full >= self.limits.record_bytes {
            return Err(Fault::LongRecord { line, limit: self.limits.record_bytes });
        }
        self.fields.resize((full * 2).min(self.limits.record_bytes), 0);
        Ok(())
    }

    /// More room for the fields of one record, up to the limit on columns.
    fn grow_ends(&mut self, found: usize) -> Result<(), Fault> {
        // One past the limit is enough to know that it is passed.
        let most = self.limits.columns + 1;
        if self.ends.len() >= most {
            return Err(Fault::TooManyColumns { found, limit: self.limits.columns });
        }
        self.ends.resize((self.ends.len() * 2).min(most), 0);
        Ok(())
    }

    /// Passes over the ends of blank lines, counting them. A `\n` behind the `\r` that ended the last record is
    /// that record's.
    fn skip_line_ends(&mut self) -> Result<(), Fault> {
        loop {
            self.refill()?;
            match self.buffer[self.start..self.end].first() {
                Some(b'\n') => self.line += u64::from(!self.previous_was_return()),
                Some(b'\r') => self.line += 1,
                _ => return Ok(()),
            }
            self.start += 1;
        }
    }

    fn previous_was_return(&self) -> bool {
        self.start.checked_sub(1).is_some_and(|before| self.buffer[before] == b'\r')
    }

    /// Makes sure that there is input, unless the stream has ended. The last byte taken stays in front of it.
    fn refill(&mut self) -> Result<(), Fault> {
        if self.start < self.end || self.ended {
            return Ok(());
        }
        if self.end > 0 {
            self.buffer[0] = self.buffer[self.end - 1];
        }
        (self.start, self.end) = (1, 1);
        let n = loop {
            match self.input.read(&mut self.buffer[1..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(stream_fault)?,
            }
        };
        self.end += n;
        self.ended = n == 0;
        Ok(())
    }
}

impl Progress {
    /// Counts what matters in the bytes that the parser took.
    fn see(&mut self, taken: &[u8]) {
        self.quotes += count(taken, b'"');
        self.newlines += count(taken, b'\n') as u64;
        self.last = taken.last().copied().unwrap_or(self.last);
    }
}

/// How often a byte stands in the bytes.
fn count(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().fold(0, |n, &byte| n + usize::from(byte == wanted))
}
