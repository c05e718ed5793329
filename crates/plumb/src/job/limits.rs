//! `[limits]`: how much a reader may take in before it refuses.

use plumb_ledger::Limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a reader may take in before it refuses. Raise one when an error names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsSection {
    /// Bytes of one field of a text file. 1 MiB: a longer one is an unclosed quote or no table.
    #[schemars(range(min = 1))]
    pub(crate) field_bytes: usize,
    /// Bytes of one record of a text file. 16 MiB: sixteen full fields.
    #[schemars(range(min = 1))]
    pub(crate) record_bytes: usize,
    /// Columns of a table. 16,384: the width of a spreadsheet.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) columns: usize,
    /// Rows of a table. 2^31 - 1: row numbers are stored in 32 bits.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub(crate) rows: usize,
    /// Bytes of one table in memory. 16 GiB: refuse before the machine swaps.
    #[schemars(range(min = 1))]
    pub(crate) table_bytes: usize,
    /// Decompressed bytes for each compressed byte. 1,000: text rarely passes 100.
    #[schemars(range(min = 1))]
    pub(crate) compression_ratio: usize,
    /// Bytes of one Parquet page as its header declares them. 64 MiB: writers use 1 MiB.
    #[schemars(range(min = 1))]
    pub(crate) parquet_page_bytes: usize,
    /// Bytes of one Parquet row group as declared. 1 GiB: writers use 128 MiB.
    #[schemars(range(min = 1))]
    pub(crate) parquet_row_group_bytes: usize,
    /// Bad rows listed one by one; the rest is counted.
    pub(crate) bad_rows_listed: usize,
    /// Pixels of a picture's shorter side that are kept; a larger picture is reduced to it when it is read.
    #[schemars(range(min = 8, max = 4096))]
    pub(crate) picture_side: usize,
    /// Bytes of reduced pictures that are kept between runs, in `$PLUMB_CACHE` or the user's cache; 0 is none. 10 GiB: 40,000
    /// photographs. They may be deleted at any time.
    pub(crate) picture_cache_bytes: u64,
    /// Bytes of a column name. 1 KiB is a sentence.
    #[schemars(range(min = 1))]
    pub(crate) name_bytes: usize,
}

impl Default for LimitsSection {
    fn default() -> Self {
        let limits = Limits::DEFAULT;
        Self {
            field_bytes: limits.field_bytes,
            record_bytes: limits.record_bytes,
            columns: limits.columns,
            rows: limits.rows,
            table_bytes: limits.table_bytes,
            compression_ratio: limits.compression_ratio,
            parquet_page_bytes: limits.parquet_page_bytes,
            parquet_row_group_bytes: limits.parquet_row_group_bytes,
            bad_rows_listed: limits.bad_rows_listed,
            picture_side: limits.picture_side,
            picture_cache_bytes: 10 << 30,
            name_bytes: limits.name_bytes,
        }
    }
}

impl From<LimitsSection> for Limits {
    fn from(section: LimitsSection) -> Self {
        Self {
            field_bytes: section.field_bytes,
            record_bytes: section.record_bytes,
            columns: section.columns,
            rows: section.rows,
            table_bytes: section.table_bytes,
            compression_ratio: section.compression_ratio,
            parquet_page_bytes: section.parquet_page_bytes,
            parquet_row_group_bytes: section.parquet_row_group_bytes,
            bad_rows_listed: section.bad_rows_listed,
            picture_side: section.picture_side,
            name_bytes: section.name_bytes,
        }
    }
}
