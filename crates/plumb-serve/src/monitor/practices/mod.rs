//! The `operate.*` practices of a monitored model: one file each, one row each in the table.

mod drift;
mod performance;
mod skew;

use plumb_ledger::Practice;

use super::Figures;

/// Every practice of a monitored model, in the order in which they are asked.
pub static PRACTICES: &[Practice<Figures>] = &[skew::PRACTICE, drift::PRACTICE, performance::PRACTICE];

/// A p-value as a person reads it: one that is too small for a number is not 0.
fn p(value: f64) -> String {
    if value < 1e-300 { "p under 1e-300".to_owned() } else { format!("p {value:.1e}") }
}

#[cfg(test)]
mod tests;
