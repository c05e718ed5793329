//! Rows that are nearly equal to an earlier row: in all columns but one, or up to a tiny change of numbers.
//!
//! Cost: for each column two passes over the row hashes (equal but one), and three passes over all cells (tiny
//! changes). No pair of rows is compared that does not share a bucket, and no bucket costs more than linear.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::AuditContext;
use super::column_facts::{ColumnFacts, NEAR};
use super::row_hashes::{self, Selection, mix};
use crate::{Column, Kind};

/// How many bits beyond log2(rows) the agreeing columns must carry. 12: a row meets such a partner by chance once
/// in 4,096 times when columns are independent; dependence between columns eats several bits of that.
pub(super) const BITS_BEYOND_CHANCE: f64 = 12.0;
/// Random directions onto which numbers are projected.
const DIRECTIONS: usize = 4;
/// Grids of buckets, each shifted; a pair at the tolerance is missed by all three about once in a thousand times.
const GRIDS: usize = 3;
/// Width of a bucket in tolerances.
const WIDTH: f64 = 16.0;
/// Each row is compared with this many rows before it in its bucket.
const WINDOW: usize = 6;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct NearDuplicates {
    /// (later row, earlier row), ordered, each later row once.
    pub(super) pairs: Vec<(u32, u32)>,
    /// How many columns could be left out with the rest still telling rows apart.
    pub(super) left_out: usize,
    /// Whether numbers within their tolerance tell rows apart.
    pub(super) jitter: bool,
}

/// Finds near copies among the rows of the table.
pub(super) fn find(context: &AuditContext) -> NearDuplicates {
    let compared = context.compared();
    let facts = context.facts();
    let needed = (context.table.rows() as f64).log2() + BITS_BEYOND_CHANCE;
    let bits = |&(place, _): &(usize, &Column)| -facts[place].agreement.clamp(1e-12, 1.0).log2();
    let total: f64 = compared.columns.iter().map(bits).sum();
    // A change of the target alone is a conflicting label, not a near copy.
    let may_change: Vec<(usize, &Column)> = compared
        .columns
        .iter()
        .filter(|entry| total - bits(entry) >= needed && !context.is_target(entry.1))
        .copied()
        .collect();
    let all = context.row_hashes();
    let changed: Vec<Vec<(u32, u32)>> =
        may_change.par_iter().map(|&(place, column)| equal_but_one(all, place, column)).collect();
    let near_bits: f64 = compared.columns.iter().map(|&(place, _)| near_bits(&facts[place])).sum();
    let jitter = near_bits >= needed;
    let jittered = if jitter { equal_but_jitter(context, &compared) } else { Vec::new() };
    let mut first = BTreeMap::new();
    for (later, earlier) in changed.into_iter().flatten().chain(jittered) {
        first.entry(later).or_insert(earlier);
    }
    NearDuplicates { pairs: first.into_iter().collect(), left_out: may_change.len(), jitter }
}

fn near_bits(facts: &ColumnFacts) -> f64 {
    let agreement = facts.number.as_ref().map_or(facts.agreement, |number| number.near_agreement);
    -agreement.clamp(1e-12, 1.0).log2()
}

/// Rows equal to an earlier, different row in all columns but this one.
fn equal_but_one(all: &[u64], place: usize, column: &Column) -> Vec<(u32, u32)> {
    let repeated = row_hashes::repeated(&row_hashes::without(all, place, column));
    let mut pairs = Vec::new();
    for group in row_hashes::groups(&repeated) {
        let first = group[0].1;
        let mut seen = vec![all[first as usize]];
        for &(_, row) in &group[1..] {
            // A copy of a row already seen is an exact copy. Groups of many kinds are coarse rows, not copies.
            if seen.len() < WINDOW && !seen.contains(&all[row as usize]) {
                seen.push(all[row as usize]);
                pairs.push((row, first));
            }
        }
    }
    pairs
}

/// The numbers of a table in units of their tolerance.
struct Numbers<'a> {
    columns: Vec<(&'a Column, f64, f64)>,
}

impl<'a> Numbers<'a> {
    fn of(selection: &Selection<'a>, facts: &[ColumnFacts]) -> Self {
        let scaled = |&(place, column): &(usize, &'a Column)| {
            let number = facts[place].number.as_ref().filter(|_| is_number(column))?;
            Some((column, number.median(), number.scale * NEAR))
        };
        Self { columns: selection.columns.iter().filter_map(scaled).collect() }
    }

    /// The value of a row in tolerances from the median; none when missing, infinite or too far out to matter.
    #[inline]
    fn value((column, median, tolerance): &(&Column, f64, f64), row: usize) -> Option<f64> {
        let numbers = column.numbers().filter(|_| !column.is_missing(row))?;
        let value = (numbers.value(row) / 2.0 - median / 2.0) / tolerance * 2.0;
        value.is_finite().then_some(value)
    }

    /// Whether two rows differ by at most one tolerance in each number, and miss the same.
    fn near(&self, a: usize, b: usize) -> bool {
        self.columns.iter().all(|entry| match (Self::value(entry, a), Self::value(entry, b)) {
            (Some(a), Some(b)) => (a - b).abs() <= 1.0,
            (a, b) => a.is_none() && b.is_none(),
        })
    }

    /// Each row's place on the random directions, `rows x DIRECTIONS`, in tolerances.
    fn projections(&self, context: &AuditContext) -> Vec<[f32; DIRECTIONS]> {
        let stream = context.seed.stream("near-duplicates");
        let norm = (self.columns.len().max(1) as f64).sqrt();
        let mut places = vec![[0f32; DIRECTIONS]; context.table.rows()];
        places.par_chunks_mut(16_384).enumerate().for_each(|(chunk, places)| {
            for (k, entry) in self.columns.iter().enumerate() {
                let weight = |direction: usize| stream.normal((k * DIRECTIONS + direction) as u64) / norm;
                let weights: [f64; DIRECTIONS] = std::array::from_fn(weight);
                for (row, place) in places.iter_mut().enumerate() {
                    let value = Self::value(entry, chunk * 16_384 + row).unwrap_or(0.0).clamp(-1e5, 1e5);
                    place
                        .iter_mut()
                        .zip(weights)
                        .for_each(|(place, weight)| *place += (value * weight) as f32);
                }
            }
        });
        places
    }
}

fn is_number(column: &Column) -> bool {
    column.kind != Kind::Group && column.numbers().is_some()
}

/// Rows equal to an earlier one in everything that is no number, with every number within its tolerance.
fn equal_but_jitter(context: &AuditContext, compared: &Selection<'_>) -> Vec<(u32, u32)> {
    let numbers = Numbers::of(compared, context.facts());
    if numbers.columns.is_empty() {
        return Vec::new();
    }
    let fixed: Vec<(usize, &Column)> =
        compared.columns.iter().filter(|(_, column)| !is_number(column)).copied().collect();
    let blocks = row_hashes::of_rows(&context.table, &Selection { columns: fixed });
    let places = numbers.projections(context);
    let all = context.row_hashes();
    let grids: Vec<Vec<(u32, u32)>> =
        (0..GRIDS).into_par_iter().map(|grid| near_in_grid(grid, &blocks, &places, all, &numbers)).collect();
    grids.into_iter().flatten().collect()
}

fn near_in_grid(
    grid: usize,
    blocks: &[u64],
    places: &[[f32; DIRECTIONS]],
    all: &[u64],
    numbers: &Numbers<'_>,
) -> Vec<(u32, u32)> {
    let shift = WIDTH * grid as f64 / GRIDS as f64;
    let bucket = |(block, place): (&u64, &[f32; DIRECTIONS])| {
        let cell = |hash: u64, &x: &f32| mix(hash ^ ((f64::from(x) + shift) / WIDTH).floor() as i64 as u64);
        place.iter().fold(*block, cell)
    };
    let buckets: Vec<u64> = blocks.iter().zip(places).map(bucket).collect();
    let repeated = row_hashes::repeated(&buckets);
    let mut pairs = Vec::new();
    for group in row_hashes::groups(&repeated) {
        for (at, &(_, row)) in group.iter().enumerate() {
            let before = &group[at.saturating_sub(WINDOW)..at];
            let differs = |earlier: u32| all[earlier as usize] != all[row as usize];
            let near = |earlier: u32| numbers.near(earlier as usize, row as usize);
            let found = before.iter().rev().map(|&(_, row)| row).find(|&e| differs(e) && near(e));
            pairs.extend(found.map(|earlier| (row, earlier)));
        }
    }
    pairs
}
