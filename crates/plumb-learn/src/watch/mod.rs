//! The `train.*` practices: is the training healthy? One file each, over plain data.
//!
//! They read a [`History`] (the lines of `history.jsonl`), so they judge a finished run, a running one at each
//! epoch's end, or another tool's log alike. One pass over the history for each practice.

mod best_weights_kept;
mod context;
mod dead_units;
mod divergence;
mod exploding_gradients;
pub mod figures;
mod finite;
mod follower;
mod history;
mod input_bound;
mod learning;
mod oscillation;
mod overfitting;
mod regularisation;
mod reproducible;
mod saturated_units;
mod slow_convergence;
#[cfg(test)]
mod tests;
mod underfitting;
mod vanishing_gradients;

use plumb_ledger::Practice;

pub use context::{BrokenSeries, Kept, NonFinite, Primary, Regularisation, SeriesKind, TrainContext};
pub use follower::{Follower, Taken};
pub(crate) use history::is_weight;
pub use history::{Axis, Epoch, History, Look, Point, Step};

/// All `train.*` practices, in the order of the report.
pub const PRACTICES: &[Practice<TrainContext>] = &[
    finite::PRACTICE,
    learning::PRACTICE,
    vanishing_gradients::PRACTICE,
    exploding_gradients::PRACTICE,
    dead_units::PRACTICE,
    saturated_units::PRACTICE,
    divergence::PRACTICE,
    oscillation::PRACTICE,
    slow_convergence::PRACTICE,
    overfitting::PRACTICE,
    underfitting::PRACTICE,
    regularisation::PRACTICE,
    best_weights_kept::PRACTICE,
    input_bound::PRACTICE,
    reproducible::PRACTICE,
];
