//! Scores on the validation rows after each epoch.

use std::collections::BTreeMap;

use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_stats::metrics::{self, Direction, Metric};
use plumb_stats::{Outcome, Task};

use super::mitigation::Hold;
use super::{TrainConfig, TrainData, TrainError};
use crate::losses::Loss;
use crate::network::Network;
use crate::predict::{numbers_of, outputs, probabilities};

/// The metrics that are followed over epochs besides the primary one.
fn followed(task: Task) -> &'static [&'static str] {
    match task {
        Task::Binary => &["accuracy", "auroc", "log_loss"],
        Task::Multiclass => &["accuracy", "log_loss"],
        Task::Regression => &["rmse", "mae", "r2"],
    }
}

/// What an epoch is chosen by.
pub(super) struct Judge<'a> {
    data: TrainData<'a>,
    metrics: Vec<&'static Metric>,
    primary: &'static Metric,
    loss: Loss,
    hold: Option<&'a Hold<'a>>,
}

/// The largest difference between two groups, among the scores of an epoch.
const DIFFERENCE: &str = "group_difference";

impl<'a> Judge<'a> {
    pub(super) fn new(
        data: TrainData<'a>,
        config: &TrainConfig,
        hold: Option<&'a Hold<'a>>,
    ) -> Result<Self, TrainError> {
        let unknown = || TrainError::Metric(config.primary.clone());
        let primary = metrics::metric(&config.primary).ok_or_else(unknown)?;
        let followed = followed(data.task).iter().filter_map(|name| metrics::metric(name));
        let mut metrics: Vec<&'static Metric> = followed.collect();
        if !metrics.iter().any(|metric| metric.name == primary.name) {
            metrics.push(primary);
        }
        Ok(Self { data, metrics, primary, loss: config.loss.plain(), hold })
    }

    /// `loss` and the metrics, those that are defined here; empty without validation rows.
    pub(super) fn scores<N: Network>(&self, network: &N) -> BTreeMap<String, f64> {
        let mut scores = BTreeMap::new();
        let valid = self.data.valid;
        if valid.rows == 0 {
            return scores;
        }
        let outputs = match self.data.rounding {
            Some(rounding) => rounding.outputs(network, valid),
            None => outputs(network, valid),
        };
        scores.insert("loss".to_owned(), self.loss.on_host(&outputs, &valid.labels));
        self.with_outcome(valid, &outputs, |outcome| {
            for metric in &self.metrics {
                scores.extend((metric.compute)(&outcome).map(|value| (metric.name.to_owned(), value)));
            }
        });
        let difference = self.hold.and_then(|hold| hold.difference(&outputs, &valid.labels));
        scores.extend(difference.map(|difference| (DIFFERENCE.to_owned(), difference)));
        scores
    }

    /// By how much the groups of an epoch differ beyond what is left alone; 0 where none are held.
    pub(super) fn excess(&self, scores: &BTreeMap<String, f64>) -> f64 {
        let difference = scores.get(DIFFERENCE);
        self.hold.zip(difference).map_or(0.0, |(hold, difference)| hold.excess(*difference))
    }

    /// One number for an epoch, more is better: the primary metric, or the loss where that is undefined. None
    /// without validation rows: then every epoch replaces the one before.
    pub(super) fn score(&self, scores: &BTreeMap<String, f64>) -> Option<f64> {
        let signed = |value: &f64| match self.primary.direction {
            Direction::Up => *value,
            Direction::Down => -value,
        };
        scores.get(self.primary.name).map(signed).or_else(|| scores.get("loss").map(|loss| -loss))
    }

    fn with_outcome(&self, valid: &Prepared, outputs: &[f32], mut use_it: impl FnMut(Outcome<'_>)) {
        match &valid.labels {
            PreparedLabels::Absent => {}
            PreparedLabels::Classes(truth) => {
                let classes = outputs.len() / valid.rows;
                let probabilities = probabilities(outputs, classes);
                use_it(Outcome::Classes { truth, probabilities: &probabilities, classes });
            }
            PreparedLabels::Numbers(numbers) => {
                let (mean, deviation) = self.data.label_scale.map_or((0.0, 1.0), |s| (s.mean, s.deviation));
                let truth: Vec<f64> = numbers.iter().map(|x| f64::from(*x) * deviation + mean).collect();
                let predicted = numbers_of(outputs, self.data.label_scale);
                use_it(Outcome::Numbers { truth: &truth, predicted: &predicted });
            }
        }
    }
}
