//! The practices of explanation: one file each, one row each in [`PRACTICES`].

mod additive;
mod sane;
mod shortcut_columns;
mod stable;

use plumb_ledger::Practice;

use super::{ShapValues, Told};

/// Explanations with what they are held against.
#[derive(Debug, Clone)]
pub struct ExplainContext {
    /// The names of the inputs.
    pub inputs: Vec<String>,
    /// Why each input looks like a name of its rows; none where it does not.
    pub names_rows: Vec<Option<&'static str>>,
    /// The values of some rows, and what they explain, asked for once more; none where no column is explained.
    pub values: Option<(ShapValues, Told)>,
    /// Those of the same rows with another background and other draws, and why there are none.
    pub again: Result<ShapValues, String>,
    /// Models that know nothing: "a model of shuffled labels".
    pub nothing: &'static str,
    /// The values of each of them, and why there are none.
    pub of_nothing: Result<Vec<ShapValues>, String>,
    /// What the segments of some pictures say, by two draws.
    pub pictures: Vec<(Vec<f64>, Vec<f64>)>,
}

/// Why Shapley values are not judged.
const NO_COLUMNS: &str = "no column is explained by Shapley values";

/// Every practice, in the order in which they are judged.
pub static PRACTICES: &[Practice<ExplainContext>] = &[
    Practice { page: additive::PAGE, judge: additive::judge },
    Practice { page: stable::PAGE, judge: stable::judge },
    Practice { page: sane::PAGE, judge: sane::judge },
    Practice { page: shortcut_columns::PAGE, judge: shortcut_columns::judge },
];

#[cfg(test)]
mod tests;
