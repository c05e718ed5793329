//! What a rerun needs to be held against this run.

use crate::report::RunFiles;
use crate::report::view::{Block, Cell, Table};

/// Digests, seed, version.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let weights = folder.metrics.as_ref().and_then(|metrics| metrics.weights_sha256.clone());
    let weights = weights.map(|digest| ("weights SHA-256".to_owned(), digest));
    let facts = weights.into_iter().chain(folder.provenance.iter().cloned());
    let rows: Vec<Vec<Cell>> = facts.map(|(name, fact)| vec![Cell::text(name), Cell::text(fact)]).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let text = "The same job on the same data, with the same build on the same kind of device, gives the same weights, \
                whatever the number of threads: rerun the job.toml of this folder and compare the digest.";
    vec![Block::text(text), Block::Table(Table::new("What the run was made from", &["fact", "value"], rows))]
}
