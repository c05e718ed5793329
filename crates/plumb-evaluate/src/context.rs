//! What the practices of evaluation look at.

use crate::{EvaluateConfig, Evaluation, PartEvaluation, Subject};

/// An evaluation with everything that it was made from.
#[derive(Debug, Clone, Copy)]
pub struct EvaluateContext<'a> {
    /// The model and the data.
    pub subject: Subject<'a>,
    /// The settings.
    pub config: &'a EvaluateConfig,
    /// What was measured.
    pub evaluation: &'a Evaluation,
    /// The primary metric on each fold of a cross-validation; empty when there was none.
    pub folds: &'a [f64],
    /// The primary metric of each seed; empty when there was one.
    pub seeds: &'a [f64],
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
