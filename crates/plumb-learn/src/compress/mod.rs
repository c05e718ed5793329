//! Smaller networks out of larger ones.
//!
//! [`prune`] takes whole units out of a trained network: channels inside the blocks of picture networks, hidden units, attention heads.
//! What is left is an ordinary network of fewer units, so every kernel, export and file format knows it already. [`prune_weights`] sets
//! single weights to 0, which saves no time, and says so. [`Rounding`] lets a training feel the 8 bits that its network will be stored in.

mod choose;
mod cost;
mod cut;
mod importance;
mod prune;
mod rounding;
mod sparse;
#[cfg(test)]
mod tests;
mod tune;
mod units;

pub use cost::Cost;
pub use importance::Importance;
pub use prune::{PruneError, Pruned, PrunedLayer, Pruning, prune, prune_gradually};
pub use rounding::Rounding;
pub use sparse::{Sparse, prune_weights};
pub use tune::{TuneError, Tuning, tuned};
pub use units::UnitKind;
