//! 64-bit hashes of rows, additive over cells, so that the hash without a column is one subtraction.
//!
//! Equal rows have equal hashes; among 3,000,000 different rows the chance that any two collide is about 2.4e-7.

use rayon::prelude::*;

use crate::{Column, Table, Values};

/// Some columns of a table, with their places in it.
#[derive(Debug, Clone)]
pub(super) struct Selection<'a> {
    pub(super) columns: Vec<(usize, &'a Column)>,
}

impl<'a> Selection<'a> {
    /// The columns that `wanted` names.
    pub(super) fn of(table: &'a Table, wanted: impl Fn(&Column) -> bool) -> Self {
        Self { columns: table.columns().iter().enumerate().filter(|(_, column)| wanted(column)).collect() }
    }
}

/// The finaliser of SplitMix64: every input bit reaches every output bit.
#[inline]
pub(super) fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const MISSING: u64 = 0x6d69_7373_696e_6721;

/// What makes the same value in two columns hash differently.
#[inline]
fn salt(place: usize) -> u64 {
    mix(place as u64 ^ 0x9e37_79b9_7f4a_7c15)
}

/// Hands `take` the hash of each cell of `rows`, in order. A missing cell has a hash of its own, -0 is 0.
pub(super) fn for_cells(
    place: usize,
    column: &Column,
    rows: std::ops::Range<usize>,
    mut take: impl FnMut(usize, u64),
) {
    let salt = salt(place);
    let missing = mix(MISSING ^ salt);
    let mut each = |value: &dyn Fn(usize) -> u64| {
        for row in rows.clone() {
            take(row, if column.is_missing(row) { missing } else { mix(value(row) ^ salt) });
        }
    };
    match &column.values {
        Values::Number(numbers) => each(&|row| (numbers.value(row) + 0.0).to_bits()),
        Values::Category(codes) => each(&|row| u64::from(codes.keys().value(row)) + 1),
        Values::Text(texts) => each(&|row| plumb_ledger::digest::xxh3(texts.value(row).as_bytes())),
        Values::Time(times) => each(&|row| times.value(row) as u64),
        Values::Image(images) => each(&|row| images.set.digest(row).unwrap_or_default()),
    }
}

/// How many rows a thread takes at a time: their hashes fit into a second-level cache.
const CHUNK: usize = 16_384;

/// The hash of every row over the selected columns. One pass over the data, 8 bytes a row.
pub(super) fn of_rows(table: &Table, selection: &Selection<'_>) -> Vec<u64> {
    let mut hashes = vec![0u64; table.rows()];
    hashes.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, hashes)| {
        let first = chunk * CHUNK;
        for &(place, column) in &selection.columns {
            for_cells(place, column, first..first + hashes.len(), |row, cell| {
                hashes[row - first] = hashes[row - first].wrapping_add(cell);
            });
        }
    });
    hashes
}

/// The hash of every row with one of its columns taken out.
pub(super) fn without(hashes: &[u64], place: usize, column: &Column) -> Vec<u64> {
    let mut rest = hashes.to_vec();
    for_cells(place, column, 0..hashes.len(), |row, cell| rest[row] = rest[row].wrapping_sub(cell));
    rest
}

/// Every row whose hash stands more than once, as (hash, row), ordered by hash, then row.
///
/// Two passes over the hashes against two bitmaps of about 16 bits a row leave few rows to sort when few repeat.
pub(super) fn repeated(hashes: &[u64]) -> Vec<(u64, u32)> {
    let bits = (hashes.len().max(64) * 16).next_power_of_two();
    let shift = 64 - bits.trailing_zeros();
    let (mut once, mut twice) = (vec![0u64; bits / 64], vec![0u64; bits / 64]);
    let place = |hash: u64| {
        let slot = (mix(hash) >> shift) as usize;
        (slot / 64, 1u64 << (slot % 64))
    };
    for &hash in hashes {
        let (word, bit) = place(hash);
        twice[word] |= once[word] & bit;
        once[word] |= bit;
    }
    let suspects = hashes.iter().zip(0u32..).filter(|&(&hash, _)| {
        let (word, bit) = place(hash);
        twice[word] & bit != 0
    });
    let mut found: Vec<(u64, u32)> = suspects.map(|(&hash, row)| (hash, row)).collect();
    found.sort_unstable();
    groups(&found).filter(|group| group.len() > 1).flatten().copied().collect()
}

/// The runs of equal hashes in a list ordered by hash.
pub(super) fn groups(ordered: &[(u64, u32)]) -> impl Iterator<Item = &[(u64, u32)]> {
    ordered.chunk_by(|a, b| a.0 == b.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn table() -> Table {
        let a = [1.0, 1.0, -0.0, 0.0, 2.0].map(Some);
        let b = [Some("x"), Some("x"), None, None, Some("x")];
        let columns = vec![Column::number("a", Kind::Number, a), Column::category("b", Kind::Category, b)];
        Table::new(columns).unwrap()
    }

    #[test]
    fn equal_rows_are_found_and_missing_equals_missing() {
        let table = table();
        let hashes = of_rows(&table, &Selection::of(&table, |_| true));
        let found = repeated(&hashes);
        let mut rows: Vec<Vec<u32>> =
            groups(&found).map(|group| group.iter().map(|&(_, row)| row).collect()).collect();
        rows.sort();
        assert_eq!(rows, [[0, 1], [2, 3]]);
    }

    #[test]
    fn a_column_is_taken_out_by_subtraction() {
        let table = table();
        let all = of_rows(&table, &Selection::of(&table, |_| true));
        let rest = without(&all, 0, &table.columns()[0]);
        assert_eq!(rest, of_rows(&table, &Selection::of(&table, |column| column.name == "b")));
    }
}
