//! The `data.*` practices: one file each, one row each in the table.
//!
//! Cost for `n` rows and `d` columns: the shared facts sort each column of numbers once (n log n, 8 bytes a row while
//! it lasts); row hashes, near duplicates and relations with the target are a handful of passes over the cells
//! (8 to 32 bytes a row each while they last). Probes see 20,000 rows at most, whatever `n`.

mod association;
mod class_imbalance;
mod column_facts;
mod conflicting_labels;
mod constant_columns;
mod context;
mod damaged_texts;
mod duplicates;
mod embedding;
mod enough_examples;
mod far_values;
mod id_like_columns;
mod inconsistent_categories;
mod label_noise;
mod language_mix;
mod looks;
mod missing_values;
mod near_duplicates;
mod odd_pictures;
mod outliers;
mod profile;
mod readable;
mod representation;
mod representative;
mod row_hashes;
mod single_words;
mod source_shift;
mod spelling;
mod target_leakage;
#[cfg(test)]
mod tests;

use plumb_ledger::{Practice, Seed};

pub use context::AuditContext;
pub use embedding::Embedding;
pub use id_like_columns::names_its_rows;
pub use profile::{ColumnProfile, LevelProfile, NumberProfile, Profile, profile};

/// Every practice on tables, in the order in which they are asked.
pub static PRACTICES: &[Practice<AuditContext>] = &[
    readable::PRACTICE,
    missing_values::PRACTICE,
    duplicates::PRACTICE,
    conflicting_labels::PRACTICE,
    label_noise::PRACTICE,
    target_leakage::PRACTICE,
    class_imbalance::PRACTICE,
    constant_columns::PRACTICE,
    id_like_columns::PRACTICE,
    outliers::PRACTICE,
    inconsistent_categories::PRACTICE,
    enough_examples::PRACTICE,
    representation::PRACTICE,
    representative::PRACTICE,
    source_shift::PRACTICE,
    damaged_texts::PRACTICE,
    language_mix::PRACTICE,
];

/// At most `most` of these rows, drawn at random, ascending.
fn subsample(rows: &[u32], most: usize, seed: Seed) -> Vec<u32> {
    if rows.len() <= most {
        return rows.to_vec();
    }
    let order = seed.stream("audit subsample").permutation(rows.len());
    let mut chosen: Vec<u32> = order[..most].iter().map(|&at| rows[at as usize]).collect();
    chosen.sort_unstable();
    chosen
}
