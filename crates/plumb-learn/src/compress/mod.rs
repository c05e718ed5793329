//! Smaller networks out of larger ones.
//!
//! [`prune`] takes whole units out of a trained network: channels inside the blocks of picture networks, hidden units, attention heads.
//! What is left is an ordinary network of fewer units, so every kernel, export and file format knows it already. [`prune_weights`] sets
//! single weights to 0, which saves no time, and says so.

mod choose;
mod cost;
mod cut;
mod importance;
mod prune;
mod sparse;
#[cfg(test)]
mod tests;
mod units;

pub use cost::Cost;
pub use importance::Importance;
pub use prune::{PruneError, Pruned, PrunedLayer, Pruning, prune, prune_gradually};
pub use sparse::{Sparse, prune_weights};
pub use units::UnitKind;
