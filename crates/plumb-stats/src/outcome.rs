//! True values beside predicted ones: what every metric reads.

use crate::Task;

/// True values and predictions of the same rows, in the same order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome<'a> {
    /// Classification.
    Classes {
        /// The true class of each row, below `classes`.
        truth: &'a [u32],
        /// Row-major probabilities: `rows x classes`.
        probabilities: &'a [f64],
        /// How many classes there are, at least 2.
        classes: usize,
    },
    /// Regression.
    Numbers {
        /// The true number of each row.
        truth: &'a [f64],
        /// The predicted number of each row.
        predicted: &'a [f64],
    },
}

impl Outcome<'_> {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::Classes { truth, .. } => truth.len(),
            Self::Numbers { truth, .. } => truth.len(),
        }
    }

    /// The task that the shape implies.
    pub fn task(&self) -> Task {
        match self {
            Self::Classes { classes, .. } if *classes <= 2 => Task::Binary,
            Self::Classes { .. } => Task::Multiclass,
            Self::Numbers { .. } => Task::Regression,
        }
    }

    /// Whether lengths agree, classes are in range, every number is finite and there is at least one row. A metric
    /// of an invalid outcome is `None`. One pass.
    pub fn is_valid(&self) -> bool {
        match *self {
            Self::Classes { truth, probabilities, classes } => {
                classes >= 2
                    && !truth.is_empty()
                    && truth.len().checked_mul(classes) == Some(probabilities.len())
                    && truth.iter().all(|&class| (class as usize) < classes)
                    && probabilities.iter().all(|p| p.is_finite())
            }
            Self::Numbers { truth, predicted } => {
                !truth.is_empty()
                    && truth.len() == predicted.len()
                    && truth.iter().chain(predicted).all(|x| x.is_finite())
            }
        }
    }

    /// The most probable class of each row, the first one among ties; empty for regression.
    pub fn predicted_classes(&self) -> Vec<u32> {
        let Self::Classes { probabilities, classes, .. } = self else { return Vec::new() };
        probabilities.chunks_exact((*classes).max(1)).map(|row| most_probable(row) as u32).collect()
    }
}

/// An outcome that owns its rows.
pub(crate) enum Owned {
    Classes { truth: Vec<u32>, probabilities: Vec<f64>, classes: usize },
    Numbers { truth: Vec<f64>, predicted: Vec<f64> },
}

impl Owned {
    /// Rows of an outcome, in the order given. The rows must exist.
    pub(crate) fn of_rows(outcome: &Outcome<'_>, rows: &[u32]) -> Self {
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row as usize]).collect();
        match *outcome {
            Outcome::Numbers { truth, predicted } => {
                Self::Numbers { truth: pick(truth), predicted: pick(predicted) }
            }
            Outcome::Classes { truth, probabilities, classes } => Self::Classes {
                truth: rows.iter().map(|&row| truth[row as usize]).collect(),
                probabilities: rows
                    .iter()
                    .flat_map(|&row| &probabilities[row as usize * classes..][..classes])
                    .copied()
                    .collect(),
                classes,
            },
        }
    }

    pub(crate) fn outcome(&self) -> Outcome<'_> {
        match self {
            Self::Numbers { truth, predicted } => Outcome::Numbers { truth, predicted },
            Self::Classes { truth, probabilities, classes } => {
                Outcome::Classes { truth, probabilities, classes: *classes }
            }
        }
    }
}

/// The position of the largest value, the first one among ties; 0 of none.
pub fn most_probable(row: &[f64]) -> usize {
    let mut best = 0;
    for (class, p) in row.iter().enumerate() {
        if *p > row[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_shapes_and_values_are_invalid() {
        let good = Outcome::Classes { truth: &[0, 1], probabilities: &[0.5, 0.5, 0.1, 0.9], classes: 2 };
        assert!(good.is_valid());
        assert_eq!(good.predicted_classes(), [0, 1], "the first one among ties");
        let short = Outcome::Classes { truth: &[0, 1], probabilities: &[0.5, 0.5], classes: 2 };
        let range = Outcome::Classes { truth: &[2], probabilities: &[0.5, 0.5], classes: 2 };
        let nan = Outcome::Numbers { truth: &[f64::NAN], predicted: &[0.0] };
        let empty = Outcome::Numbers { truth: &[], predicted: &[] };
        assert!([short, range, nan, empty].iter().all(|outcome| !outcome.is_valid()));
    }
}
