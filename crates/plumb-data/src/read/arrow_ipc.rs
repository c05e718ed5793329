//! Arrow IPC, the file and the stream format.
//!
//! A file is a stream between two marks, with a footer behind it; both are read as a stream. Every message is walked
//! before one is decoded: the decoder allocates what a message declares, so that is held against the file first.

use arrow_array::{Array, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{Message, MessageHeader, root_as_message};
use arrow_schema::{Schema, SchemaRef};
use plumb_ledger::Limits;

use super::error::Fault;

/// An Arrow file that has been read.
pub(super) struct ArrowFile {
    pub(super) schema: SchemaRef,
    pub(super) batches: Vec<RecordBatch>,
}

const MARK: &[u8] = b"ARROW1";
const CONTINUATION: u32 = u32::MAX;

impl ArrowFile {
    /// Reads every batch.
    pub(super) fn open(bytes: Vec<u8>, stream: bool, limits: &Limits) -> Result<Self, Fault> {
        if !stream && (bytes.len() < 16 || !bytes.ends_with(MARK)) {
            return Err(torn("its footer is missing"));
        }
        let start = if stream { 0 } else { after_mark(&bytes) };
        let end = walk(&bytes, start, limits)?;
        let mut input = Buffer::from_vec(bytes).slice_with_length(start, end - start);
        let mut decoder = StreamDecoder::new();
        let (mut batches, mut size) = (Vec::new(), Size::default());
        while !input.is_empty() {
            if let Some(batch) = decoder.decode(&mut input).map_err(torn)? {
                size.add(&batch, limits)?;
                batches.push(batch);
            }
        }
        decoder.finish().map_err(torn)?;
        let schema = decoder.schema().unwrap_or_else(|| Schema::empty().into());
        if schema.fields().len() > limits.columns {
            return Err(Fault::TooManyColumns { found: schema.fields().len(), limit: limits.columns });
        }
        Ok(Self { schema, batches })
    }

    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

#[derive(Default)]
struct Size {
    rows: usize,
    bytes: usize,
}

impl Size {
    fn add(&mut self, batch: &RecordBatch, limits: &Limits) -> Result<(), Fault> {
        self.rows = self.rows.saturating_add(batch.num_rows());
        self.bytes += batch.columns().iter().map(Array::get_array_memory_size).sum::<usize>();
        if self.rows > limits.rows {
            return Err(Fault::TooManyRows(limits.rows));
        }
        // A column of nothing takes no bytes in the file, but eight a row in the table.
        let table = self.rows.saturating_mul(batch.num_columns()).saturating_mul(8).max(self.bytes);
        if table > limits.table_bytes { Err(Fault::TableTooBig(limits.table_bytes)) } else { Ok(()) }
    }
}

/// Where the stream of a file begins: its mark is filled up with zeros to a multiple of eight bytes, of 64 by some.
fn after_mark(bytes: &[u8]) -> usize {
    let mut at = 8;
    while word(bytes, at) == Some(0) {
        at += 8;
    }
    at
}

/// Checks every message from `at` on and gives the place where the stream ends.
fn walk(bytes: &[u8], mut at: usize, limits: &Limits) -> Result<usize, Fault> {
    let mut unpacked = 0;
    loop {
        let Some(mut length) = word(bytes, at) else {
            return if at == bytes.len() { Ok(at) } else { Err(torn("it ends inside a message")) };
        };
        let mut body = at + 4;
        if length == CONTINUATION {
            length = word(bytes, body).ok_or_else(|| torn("it ends inside a message"))?;
            body += 4;
        }
        if length == 0 {
            return Ok(body);
        }
        let header = slice(bytes, body, i64::from(length))?;
        let message = root_as_message(header).map_err(torn)?;
        let content = slice(bytes, body + header.len(), message.bodyLength())?;
        check(message, content, &mut unpacked, limits)?;
        at = body + header.len() + content.len();
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

fn slice(bytes: &[u8], at: usize, length: i64) -> Result<&[u8], Fault> {
    let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
    end.and_then(|end| bytes.get(at..end)).ok_or_else(|| torn("a message is longer than the file"))
}

/// Holds the sizes that packed buffers declare against the ratio and the limit of the table.
fn check(message: Message<'_>, body: &[u8], unpacked: &mut u64, limits: &Limits) -> Result<(), Fault> {
    let batch = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|d| d.data()),
        _ => None,
    };
    let Some(batch) = batch else { return Ok(()) };
    for buffer in batch.buffers().iter().flatten() {
        let at = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
        let packed = slice(body, at, buffer.length())?;
        if batch.compression().is_none() || packed.is_empty() {
            continue;
        }
        let declared = packed.get(..8).and_then(|eight| eight.try_into().ok()).map_or(0, i64::from_le_bytes);
        // -1 stands for a buffer that was not worth packing.
        let declared = u64::try_from(declared).unwrap_or(packed.len() as u64);
        *unpacked = unpacked.saturating_add(declared);
        if declared > (packed.len() as u64).saturating_mul(limits.compression_ratio as u64) {
            return Err(Fault::Bomb(limits.compression_ratio));
        }
    }
    if *unpacked > limits.table_bytes as u64 { Err(Fault::TableTooBig(limits.table_bytes)) } else { Ok(()) }
}

fn torn(detail: impl std::fmt::Display) -> Fault {
    Fault::Torn { format: "Arrow", detail: detail.to_string() }
}
