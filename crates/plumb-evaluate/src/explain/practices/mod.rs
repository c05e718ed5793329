//! The practices of explanation: one file each, one row each in [`PRACTICES`].

mod additive;
mod sane;
mod stable;

use plumb_ledger::Practice;

use super::{ShapValues, Told};

/// Explanations with what they are held against.
#[derive(Debug, Clone)]
pub struct ExplainContext {
    /// The names of the inputs.
    pub inputs: Vec<String>,
    /// The Shapley values of some rows.
    pub values: ShapValues,
    /// What they explain, asked for once more.
    pub told: Told,
    /// Those of the same rows with another background and other draws; none where there was nothing else to draw.
    pub again: Option<ShapValues>,
    /// Those of a model that was fitted to shuffled labels, and why there are none.
    pub shuffled: Result<ShapValues, String>,
}

/// Every practice, in the order in which they are judged.
pub static PRACTICES: &[Practice<ExplainContext>] = &[
    Practice { page: additive::PAGE, judge: additive::judge },
    Practice { page: stable::PAGE, judge: stable::judge },
    Practice { page: sane::PAGE, judge: sane::judge },
];

#[cfg(test)]
mod tests;
