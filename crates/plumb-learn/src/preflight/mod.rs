//! The `preflight.*` practices: seconds before training, is the set-up sound? One file each.
//!
//! [`measure`] does the work on the network and leaves plain facts, a [`PreflightContext`]; the practices judge
//! the facts alone, so they are tested without a network and hold for facts measured elsewhere.

mod augmentation_preserves_labels;
mod baseline;
mod batches_shuffled;
mod capacity;
mod context;
mod dropout_rate;
mod example_independence;
mod gradient_flow;
mod initial_loss;
mod input_dependence;
mod labels_match_inputs;
mod learning_rate;
mod measure;
mod memory;
mod normalised;
mod order;
mod overfit_subset;
mod preservation;
mod signal;
#[cfg(test)]
mod tests;
mod tokens_kept;

use plumb_ledger::Practice;

pub use context::{
    Baseline, BatchOrder, Change, CurvePoint, Gradient, Independence, InputMoments, LabelCheck,
    PreflightContext, Preservation, Size, Subset, WantedMoments,
};
pub use measure::{Subject, measure, most_steps};
pub use order::of as order_of;

/// All `preflight.*` practices, in the order of the report.
pub const PRACTICES: &[Practice<PreflightContext>] = &[
    labels_match_inputs::PRACTICE,
    batches_shuffled::PRACTICE,
    normalised::PRACTICE,
    tokens_kept::PRACTICE,
    initial_loss::PRACTICE,
    input_dependence::PRACTICE,
    overfit_subset::PRACTICE,
    example_independence::PRACTICE,
    gradient_flow::PRACTICE,
    capacity::PRACTICE,
    augmentation_preserves_labels::PRACTICE,
    dropout_rate::PRACTICE,
    baseline::PRACTICE,
    learning_rate::PRACTICE,
];
