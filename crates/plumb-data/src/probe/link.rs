//! Between a model's scores and its answers: logistic, softmax, or standardised numbers.

use crate::prepare::mean_and_deviation;
use crate::{Labels, Target};

/// How scores become answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Link {
    /// Two classes, one score: the log-odds of class 1.
    Logistic,
    /// One score for each of so many classes.
    Softmax(usize),
    /// One score: the label in units of its deviation from the mean.
    Identity { mean: f64, deviation: f64 },
}

/// The link of a target and the labels of `rows` as its losses take them: class codes, standardised numbers.
pub(super) fn outcome(target: &Target, rows: &[u32]) -> (Link, Vec<f64>) {
    if let Labels::Classes(_) = target.labels {
        let labels = target.codes_of(rows).into_iter().map(f64::from).collect();
        let classes = target.classes.len();
        return (if classes == 2 { Link::Logistic } else { Link::Softmax(classes) }, labels);
    }
    let numbers = target.numbers_of(rows);
    let (mean, deviation) = mean_and_deviation(&numbers);
    let deviation = if deviation > 0.0 { deviation } else { 1.0 };
    let labels = numbers.iter().map(|number| (number - mean) / deviation).collect();
    (Link::Identity { mean, deviation }, labels)
}

impl Link {
    /// How many scores a row has.
    pub(super) fn outputs(&self) -> usize {
        if let Self::Softmax(classes) = self { *classes } else { 1 }
    }

    /// What the score of an output should say about a label: 0 or 1, or the standardised number.
    #[inline]
    pub(super) fn wanted(&self, label: f64, output: usize) -> f64 {
        match self {
            Self::Softmax(_) => f64::from(u8::from(label as usize == output)),
            Self::Logistic | Self::Identity { .. } => label,
        }
    }

    /// The scores that fit the labels best without any input.
    pub(super) fn prior(&self, labels: &[f64]) -> Vec<f64> {
        // A class that is not there gets the share of half a row: its score must be finite.
        let share = |output: usize| {
            let count = labels.iter().map(|&label| self.wanted(label, output)).sum::<f64>();
            let n = labels.len() as f64;
            count.max(0.5).min((n - 0.5).max(0.5)) / n.max(1.0)
        };
        match self {
            Self::Logistic => vec![(share(0) / (1.0 - share(0)).max(1e-9)).ln()],
            Self::Softmax(classes) => (0..*classes).map(|class| share(class).ln()).collect(),
            Self::Identity { .. } => vec![0.0],
        }
    }

    /// The loss of one row.
    #[inline]
    pub(super) fn loss(&self, scores: &[f64], label: f64) -> f64 {
        match self {
            Self::Logistic => scores[0].max(0.0) - label * scores[0] + (-scores[0].abs()).exp().ln_1p(),
            Self::Softmax(_) => {
                let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = scores.iter().map(|score| (score - top).exp()).sum();
                top + sum.ln() - scores[label as usize]
            }
            Self::Identity { .. } => 0.5 * (scores[0] - label).powi(2),
        }
    }

    /// Scores of one row to its probabilities or its standardised number, in place.
    #[inline]
    pub(super) fn activate(&self, scores: &mut [f64]) {
        match self {
            Self::Logistic => scores[0] = 1.0 / (1.0 + (-scores[0]).exp()),
            Self::Softmax(_) => {
                let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let mut sum = 0.0;
                for score in scores.iter_mut() {
                    *score = (*score - top).exp();
                    sum += *score;
                }
                for score in scores.iter_mut() {
                    *score /= sum;
                }
            }
            Self::Identity { .. } => {}
        }
    }

    /// Scores, row-major, to the values of [`crate::Predictions`].
    pub(super) fn answers(&self, mut scores: Vec<f64>) -> Vec<f64> {
        scores.chunks_exact_mut(self.outputs().max(1)).for_each(|row| self.activate(row));
        match self {
            Self::Logistic => scores.into_iter().flat_map(|p| [1.0 - p, p]).collect(),
            Self::Softmax(_) => scores,
            Self::Identity { mean, deviation } => {
                scores.into_iter().map(|score| score * deviation + mean).collect()
            }
        }
    }
}
