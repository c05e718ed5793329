//! The `package.*` practices of a bundle: one file each, one row each in the table.

mod parity;
mod reproducible;
mod signed;
mod verified;

use plumb_ledger::Practice;

use crate::description::Origin;
use crate::{Refusal, SignatureState};

/// What is known of a bundle when it is made or verified.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageContext {
    /// Who made it.
    pub signature: SignatureState,
    /// Whether every file is as it was listed and signed; none before the bundle is closed.
    pub checked: Option<Result<Checked, Refusal>>,
    /// What the run has recorded.
    pub origin: Origin,
    /// Whether making it a second time gave the same bytes; none where it was not made.
    pub rebuilt: Option<bool>,
    /// Each way to the model's answers.
    pub parities: Vec<Parity>,
}

/// How much was held against digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// What one way to the model says of the example rows, beside what is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Parity {
    /// The way: `native`, `model/model.onnx`, an address.
    pub way: String,
    /// The result.
    pub found: Result<Agreement, String>,
}

/// How two answers agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Rows that were asked about.
    pub rows: usize,
    /// The largest difference of a probability; of numbers, beside the range of the recorded ones.
    pub difference: f64,
    /// Up to where both are called the same.
    pub tolerance: f64,
    /// Rows whose most probable class is another; 0 for numbers.
    pub flipped: usize,
}

impl Agreement {
    /// Whether both say the same.
    pub fn holds(&self) -> bool {
        self.difference <= self.tolerance
    }
}

/// Every practice of a bundle, in the order in which they are asked.
pub static PRACTICES: &[Practice<PackageContext>] =
    &[signed::PRACTICE, verified::PRACTICE, parity::PRACTICE, reproducible::PRACTICE];

#[cfg(test)]
mod tests;
