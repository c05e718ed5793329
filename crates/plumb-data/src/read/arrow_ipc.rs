//! Arrow IPC, the file and the stream format.

use std::io::Cursor;

use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, SchemaRef};
use plumb_ledger::Limits;

use super::error::Fault;

/// An Arrow file that has been read.
pub(super) struct ArrowFile {
    pub(super) schema: SchemaRef,
    pub(super) batches: Vec<RecordBatch>,
}

impl ArrowFile {
    /// Reads every batch.
    pub(super) fn open(bytes: Vec<u8>, stream: bool, limits: &Limits) -> Result<Self, Fault> {
        let input = Cursor::new(bytes);
        if stream {
            let reader = StreamReader::try_new(input, None).map_err(torn)?;
            let schema = reader.schema();
            collect(schema, reader, limits)
        } else {
            let reader = FileReader::try_new(input, None).map_err(torn)?;
            let schema = reader.schema();
            collect(schema, reader, limits)
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

fn collect(
    schema: SchemaRef,
    reader: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    limits: &Limits,
) -> Result<ArrowFile, Fault> {
    if schema.fields().len() > limits.columns {
        return Err(Fault::TooManyColumns { found: schema.fields().len(), limit: limits.columns });
    }
    let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
    for batch in reader {
        let batch = batch.map_err(torn)?;
        rows += batch.num_rows();
        bytes += batch.columns().iter().map(Array::get_array_memory_size).sum::<usize>();
        if rows > limits.rows {
            return Err(Fault::TooManyRows(limits.rows));
        }
        if bytes > limits.table_bytes {
            return Err(Fault::TableTooBig(limits.table_bytes));
        }
        batches.push(batch);
    }
    Ok(ArrowFile { schema, batches })
}

fn torn(detail: impl std::fmt::Display) -> Fault {
    Fault::Torn { format: "Arrow", detail: detail.to_string() }
}
