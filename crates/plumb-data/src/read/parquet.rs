//! Parquet: every declared size checked before it is believed, each column decoded by itself.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use plumb_ledger::Limits;

use super::error::Fault;
use super::parquet_pages;

/// Rows decoded at a time. 65,536: half a megabyte a column, which stays in the second-level cache.
const BATCH_ROWS: usize = 1 << 16;

/// An opened Parquet file.
pub(super) struct ParquetFile {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
}

impl ParquetFile {
    /// Reads the footer and checks what it declares.
    pub(super) fn open(bytes: Vec<u8>, limits: &Limits) -> Result<Self, Fault> {
        let bytes = Bytes::from(bytes);
        if bytes.len() < 12 || !bytes.ends_with(b"PAR1") {
            return Err(torn("its footer is missing"));
        }
        let plain = ArrowReaderMetadata::load(&bytes, ArrowReaderOptions::new()).map_err(torn)?;
        check(plain.metadata(), bytes.len(), limits)?;
        check_pages(plain.metadata(), &bytes, limits)?;
        let options = ArrowReaderOptions::new().with_schema(with_dictionaries(plain.schema()));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).map_err(torn)?;
        Ok(Self { bytes, metadata })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// The arrays of one column, row group after row group.
    pub(super) fn column(
        &self,
        index: usize,
    ) -> Result<impl Iterator<Item = Result<ArrayRef, Fault>>, Fault> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), [index]);
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone());
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(torn)?;
        Ok(reader.map(|batch| Ok(Arc::clone(batch.map_err(torn)?.column(0)))))
    }
}

fn torn(detail: impl std::fmt::Display) -> Fault {
    Fault::Torn { format: "Parquet", detail: detail.to_string() }
}

/// Texts are read as dictionaries: a text that stands a million times is decoded, and held, once.
fn with_dictionaries(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(dictionary))
        }
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new_with_metadata(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
        schema.metadata().clone(),
    ))
}

/// Refuses row groups that declare more than their limit, or more compressed bytes than the file has.
fn check(metadata: &ParquetMetaData, file_bytes: usize, limits: &Limits) -> Result<(), Fault> {
    let rows = metadata.file_metadata().num_rows();
    let sum: i64 = metadata.row_groups().iter().map(RowGroupMetaData::num_rows).fold(0, i64::saturating_add);
    if rows < 0 || rows != sum {
        return Err(torn("its row groups do not add up to its rows"));
    }
    if rows as u64 > limits.rows as u64 {
        return Err(Fault::TooManyRows(limits.rows));
    }
    let columns = metadata.file_metadata().schema_descr().num_columns();
    if columns > limits.columns {
        return Err(Fault::TooManyColumns { found: columns, limit: limits.columns });
    }
    // Four bytes are the least that a value takes up here: a category's code.
    if (rows as u128) * (columns as u128) * 4 > limits.table_bytes as u128 {
        return Err(Fault::TableTooBig(limits.table_bytes));
    }
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let declared =
            group.columns().iter().map(|column| column.uncompressed_size().max(0) as u64).sum::<u64>();
        let declared = declared.max(group.total_byte_size().max(0) as u64);
        if declared > limits.parquet_row_group_bytes as u64 {
            let what = format!("row group {number}");
            return Err(Fault::Declared { what, bytes: declared, limit: limits.parquet_row_group_bytes });
        }
        let packed =
            group.columns().iter().map(|column| column.compressed_size().max(0) as u128).sum::<u128>();
        if packed > file_bytes as u128 {
            return Err(torn("a row group is longer than the file"));
        }
    }
    Ok(())
}

/// Refuses pages that declare more than their limit.
fn check_pages(metadata: &ParquetMetaData, file: &[u8], limits: &Limits) -> Result<(), Fault> {
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        // Some writers leave the dictionary's offset at zero, where the file's mark stands.
        let dictionary = column.dictionary_page_offset().filter(|&offset| offset > 0);
        let data = column.data_page_offset();
        let start = dictionary.map_or(data, |offset| offset.min(data));
        parquet_pages::check(file, start, column.compressed_size(), limits)?;
    }
    Ok(())
}
