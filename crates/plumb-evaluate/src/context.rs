//! What the practices of evaluation look at.

use crate::practices::TestRead;
use crate::{EvaluateConfig, Evaluation, Folds, PartEvaluation, Scored, Subject};

/// An evaluation with everything that it was made from.
#[derive(Debug, Clone, Copy)]
pub struct EvaluateContext<'a> {
    /// The model and the data.
    pub subject: Subject<'a>,
    /// The settings.
    pub config: &'a EvaluateConfig,
    /// What was measured.
    pub evaluation: &'a Evaluation,
    /// The cross-validation; without scores when there was none.
    pub folds: Folds<'a>,
    /// The primary metric of each seed; empty when there was one.
    pub seeds: &'a [f64],
    /// What a network that was trained before shows beside itself; none for one that starts from nothing.
    pub transfer: Option<Transfer<'a>>,
    /// Earlier looks at the judged rows; none where they are not counted.
    pub reads: Option<&'a TestReads>,
}

/// The account of looks at some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct TestReads {
    /// The looks before this one, the oldest first.
    pub before: Vec<TestRead>,
    /// The digest of the predictions that are judged now.
    pub predictions: String,
}

/// A network that was trained before, on other data, beside what it was and what it could have been.
#[derive(Debug, Clone, Copy)]
pub struct Transfer<'a> {
    /// The predictions of the same network trained from nothing by the same recipe, on the judged rows; none where it was not
    /// trained.
    pub scratch: Option<&'a Scored>,
    /// What is left of the task that it was trained for before.
    pub kept: Option<Kept>,
}

/// How often the features with their old head still say what they said before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// Rows that were asked about.
    pub rows: usize,
    /// The share of them with the same answer.
    pub share: f64,
    /// The share that the most frequent answer would have by itself.
    pub chance: f64,
}

impl<'a> EvaluateContext<'a> {
    /// The part that verdicts rest on.
    pub(crate) fn judged(&self) -> Option<&'a PartEvaluation> {
        self.evaluation.judged()
    }

    /// How much better `a` is than `b` by the primary metric.
    pub(crate) fn gain(&self, a: f64, b: f64) -> f64 {
        self.evaluation.primary.metric.gain(a, b)
    }

    /// The name of the primary metric.
    pub(crate) fn primary(&self) -> &'static str {
        self.evaluation.primary.metric.name
    }
}
