//! What the practices of sources and periods share: rows like theirs, and the sentence over all values.

use plumb_data::{Labels, Target};
use plumb_ledger::Judgement;
use plumb_stats::describe::quantile;

/// A source or period that was compared with other rows.
pub(super) trait Compared: Sized {
    /// What those that stand out are counted as in the evidence.
    const COUNTED: &'static str;
    /// What is said of them: `are worse than rows like theirs`.
    const STAND_OUT: &'static str;

    /// Whether it differs by more than chance and enough to matter.
    fn stands_out(&self) -> bool;

    /// Its name, with how far it differs.
    fn named(&self) -> String;

    /// What is said when none stands out, of the one that differs most: `is worse than rows like theirs`.
    fn none(most: &Self) -> String;
}

/// Pass or warning over values, the one that differs most first; there must be one.
pub(super) fn verdict<T: Compared>(found: &[T]) -> Judgement {
    let standing_out: Vec<&T> = found.iter().filter(|of| of.stands_out()).collect();
    let (some, all) = (standing_out.len(), found.len());
    let judgement = match standing_out.first() {
        None => {
            let none = found.first().map(T::none).unwrap_or_default();
            Judgement::pass(format!("none of {all} sources and periods {none}"))
        }
        Some(most) => Judgement::warn(format!(
            "{some} of {all} sources and periods {}, first of all {}",
            T::STAND_OUT,
            most.named()
        )),
    };
    judgement.with("compared", all).with(T::COUNTED, some)
}

/// Fifths of a target that is a number.
const FIFTHS: usize = 5;

/// What rows are matched by: the true class, or the fifth of the true number; rows without either go together, as 0.
pub(super) fn strata(target: &Target, rows: &[u32]) -> Vec<u32> {
    match &target.labels {
        Labels::Classes(codes) => {
            rows.iter().map(|&row| codes[row as usize].map_or(0, |code| code + 1)).collect()
        }
        Labels::Numbers(numbers) => {
            let known: Vec<f64> = rows.iter().filter_map(|&row| numbers[row as usize]).collect();
            let edge = |at: usize| quantile(&known, at as f64 / FIFTHS as f64);
            let edges: Vec<f64> = (1..FIFTHS).filter_map(edge).collect();
            let stratum = |x: f64| edges.partition_point(|edge| *edge < x) as u32 + 1;
            rows.iter().map(|&row| numbers[row as usize].map_or(0, stratum)).collect()
        }
    }
}
