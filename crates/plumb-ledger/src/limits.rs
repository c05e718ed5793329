//! Limits on what comes from outside, each with its reason. All can be raised by a named job key.

use serde::{Deserialize, Serialize};

/// How much a reader may take in before it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one field of a text file. 1 MiB: a longer one is an unclosed quote or not a table.
    pub field_bytes: usize,
    /// Bytes of one record of a text file. 16 MiB: sixteen full fields.
    pub record_bytes: usize,
    /// Columns of a table. 16,384: the width of a spreadsheet.
    pub columns: usize,
    /// Rows of a table. 2^31 - 1: row numbers are stored in 32 bits.
    pub rows: usize,
    /// Bytes of one table in memory. 16 GiB: refuse before the machine swaps.
    pub table_bytes: usize,
    /// Decompressed bytes per compressed byte. 1,000: text rarely passes 100, a bomb starts at 1,000.
    pub compression_ratio: usize,
    /// Bytes of one Parquet page as its header declares them. 64 MiB: writers use 1 MiB.
    pub parquet_page_bytes: usize,
    /// Bytes of one Parquet row group as declared. 1 GiB: writers use 128 MiB.
    pub parquet_row_group_bytes: usize,
    /// Bad rows listed one by one before only counting goes on. 1,000: more is read by nobody.
    pub bad_rows_listed: usize,
    /// Pixels of a picture's shorter side that are kept; a larger picture is reduced to it when it is read. 256: for
    /// an input of 224, as ImageNet's pictures are usually prepared.
    pub picture_side: usize,
    /// Bytes of a column name. 10 KiB is refused elsewhere as hostile; 1 KiB is a sentence.
    pub name_bytes: usize,
}

impl Limits {
    /// The documented defaults.
    pub const DEFAULT: Self = Self {
        field_bytes: 1 << 20,
        record_bytes: 16 << 20,
        columns: 16_384,
        rows: i32::MAX as usize,
        table_bytes: 16 << 30,
        compression_ratio: 1_000,
        parquet_page_bytes: 64 << 20,
        parquet_row_group_bytes: 1 << 30,
        bad_rows_listed: 1_000,
        picture_side: 256,
        name_bytes: 1 << 10,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
