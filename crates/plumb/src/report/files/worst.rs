//! `worst.json`: the rows that were predicted worst, with their cells.

use serde::Deserialize;

use super::lenient::Number;

/// The rows with the largest loss, the worst first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WorstRows {
    /// The names of the columns of `cells`.
    pub(crate) columns: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<WorstRow>,
}

/// One row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WorstRow {
    /// Its number in the files, from 0.
    pub(crate) row: u64,
    /// What is true.
    pub(crate) target: String,
    /// What was predicted.
    pub(crate) prediction: String,
    /// The probability that was given to the truth; absent for regression.
    pub(crate) probability: Option<Number>,
    /// Its loss.
    pub(crate) loss: Number,
    /// Its cells as text, a missing one empty.
    pub(crate) cells: Vec<String>,
    /// Its picture, a PNG file in Base64.
    pub(crate) picture: Option<String>,
}
