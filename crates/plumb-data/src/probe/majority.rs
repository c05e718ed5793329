//! The model that looks at no input: the class frequencies, or the mean.

use crate::{Labels, Target};

/// One constant answer.
#[derive(Debug, Clone)]
pub(super) struct Majority {
    answer: Vec<f64>,
}

/// Fits on labelled rows, at least one.
pub(super) fn fit(target: &Target, rows: &[u32]) -> Majority {
    let answer = match target.labels {
        Labels::Classes(_) => {
            let mut shares = vec![0.0; target.classes.len()];
            let weight = 1.0 / rows.len() as f64;
            for code in target.codes_of(rows) {
                shares[code as usize] += weight;
            }
            shares
        }
        // Each term is divided first, so that the sum of huge numbers stays finite.
        Labels::Numbers(_) => {
            vec![target.numbers_of(rows).iter().map(|number| number / rows.len() as f64).sum()]
        }
    };
    Majority { answer }
}

impl Majority {
    /// The same answer for each row.
    pub(super) fn predict(&self, rows: usize) -> Vec<f64> {
        self.answer.repeat(rows)
    }
}
