//! The `operate.*` practices of a monitored model: one file each, one row each in the table.

mod drift;
mod performance;
mod skew;

use plumb_ledger::Practice;

use super::Figures;

/// Every practice of a monitored model, in the order in which they are asked.
pub static PRACTICES: &[Practice<Figures>] = &[skew::PRACTICE, drift::PRACTICE, performance::PRACTICE];

#[cfg(test)]
mod tests;
