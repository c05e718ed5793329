//! Quick models that Plumb fits to judge data and as the bar that a network must beat.

mod boosted;
mod error;
mod features;
mod lbfgs;
mod linear;
mod link;
mod majority;
mod out_of_fold;
mod separates;
mod tfidf;

use plumb_ledger::Seed;
use plumb_stats::Task;

use features::Features;

use crate::{Labels, PredictError, Predictions, Predictor, Table, Target};

pub use error::ProbeError;
pub use out_of_fold::out_of_fold;
pub(crate) use out_of_fold::out_of_fold_by_numbers;
pub use separates::separates;

/// The probes, from the one that knows nothing to the one that is hard to beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProbeKind {
    /// The frequencies of the classes, or the mean.
    Majority,
    /// Logistic or ridge regression on standardised numbers and one-hot categories.
    Linear,
    /// Gradient boosted decision trees on histograms.
    BoostedTrees,
    /// Logistic or ridge regression on the terms of texts; only where there are texts.
    TfIdf,
}

impl ProbeKind {
    /// Every kind, in the order of the report.
    pub const ALL: [Self; 4] = [Self::Majority, Self::Linear, Self::BoostedTrees, Self::TfIdf];

    /// Whether the inputs of the table are anything to it.
    pub fn is_for(self, table: &Table, target: &Target) -> bool {
        match self {
            Self::Majority => true,
            Self::Linear | Self::BoostedTrees => table.inputs(Some(&target.name)).next().is_some(),
            Self::TfIdf => table.texts(Some(&target.name)).next().is_some(),
        }
    }

    /// The word, as it stands in `metrics.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Majority => "majority",
            Self::Linear => "linear",
            Self::BoostedTrees => "boosted-trees",
            Self::TfIdf => "tfidf",
        }
    }
}

/// A fitted probe.
#[derive(Debug, Clone)]
pub struct Probe {
    task: Task,
    classes: Vec<String>,
    features: Features,
    model: Model,
}

#[derive(Debug, Clone)]
enum Model {
    Majority(majority::Majority),
    Linear(linear::Linear),
    BoostedTrees(boosted::Boosted),
    TfIdf(tfidf::TfIdf),
}

/// Fits a probe on the labelled rows among `rows`; nothing of the other rows is looked at.
///
/// Inputs are the number, category and time columns without the target; of [`ProbeKind::TfIdf`] those of texts. The fit is a function of its arguments
/// alone, whatever the number of threads; `_seed` is there for probes that draw, today none does.
pub fn fit(
    kind: ProbeKind,
    table: &Table,
    target: &Target,
    rows: &[u32],
    _seed: Seed,
) -> Result<Probe, ProbeError> {
    let rows = labelled(table, target, rows)?;
    let features = Features::fit(table, target, &rows);
    let (link, labels) = link::outcome(target, &rows);
    let values = || features.values(table, &rows);
    let model = match kind {
        ProbeKind::Majority => Model::Majority(majority::fit(target, &rows)),
        ProbeKind::Linear => Model::Linear(linear::fit(&values()?, link, &labels)),
        ProbeKind::BoostedTrees => Model::BoostedTrees(boosted::fit(&values()?, link, &labels)),
        ProbeKind::TfIdf => {
            Model::TfIdf(tfidf::fit(table, target, &rows, link, &labels).ok_or(ProbeError::NoTexts)?)
        }
    };
    Ok(Probe { task: target.task, classes: target.classes.clone(), features, model })
}

/// The rows that have a label; none at all is an error.
fn labelled(table: &Table, target: &Target, rows: &[u32]) -> Result<Vec<u32>, ProbeError> {
    if target.len() != table.rows() {
        return Err(ProbeError::Lengths { table: table.rows(), target: target.len() });
    }
    let has_label = |row: u32| match &target.labels {
        Labels::Classes(codes) => codes.get(row as usize).is_some_and(Option::is_some),
        Labels::Numbers(numbers) => numbers.get(row as usize).is_some_and(Option::is_some),
    };
    let labelled: Vec<u32> = rows.iter().copied().filter(|&row| has_label(row)).collect();
    if labelled.is_empty() { Err(ProbeError::NoRows) } else { Ok(labelled) }
}

impl Predictor for Probe {
    fn task(&self) -> Task {
        self.task
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let classes = self.classes.len();
        let outputs = match &self.model {
            Model::Majority(model) => model.predict(rows.len()),
            Model::Linear(model) => model.predict(&self.features.values(table, rows)?, rows.len()),
            Model::BoostedTrees(model) => model.predict(&self.features.values(table, rows)?, rows.len()),
            Model::TfIdf(model) => model.predict(table, rows)?,
        };
        Ok(if self.task.is_classification() {
            Predictions::Probabilities { values: outputs, classes }
        } else {
            Predictions::Numbers(outputs)
        })
    }
}

#[cfg(test)]
mod tests;
