//! Two runs side by side: what differs in their jobs, what they reached, and whether one is better on the same rows
//! beyond chance.
//!
//! [`compare`] takes what was read of two run folders and knows nothing of pages or terminals.

mod jobs;
mod paired;
mod predicted;
mod words;

pub(crate) use jobs::{Difference, differences};
pub(crate) use paired::{Better, Paired, Refused, paired, paired_on_valid};
pub(crate) use predicted::{Outcomes, Predicted, Unreadable, part_rows, rows_of, valid_rows};
pub(crate) use words::in_words;

use crate::report::files::metrics::{Metrics, Score};

/// What is known of a run.
#[derive(Debug)]
pub(crate) struct Side {
    /// Its resolved job.
    pub(crate) job: toml::Table,
    /// What it reached; none for a run that is not finished.
    pub(crate) metrics: Option<Metrics>,
    /// What it predicted, or why that is not known.
    pub(crate) predicted: Result<std::sync::Arc<Predicted>, Unreadable>,
}

/// A metric of both.
#[derive(Debug)]
pub(crate) struct MetricPair {
    /// Its name.
    pub(crate) name: String,
    /// Of the first run.
    pub(crate) a: Option<Score>,
    /// Of the second run.
    pub(crate) b: Option<Score>,
}

/// The comparison.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Keys of the job that differ.
    pub(crate) job: Vec<Difference>,
    /// The metrics on the judged part, those of the first run first.
    pub(crate) metrics: Vec<MetricPair>,
    /// The paired test, or why there is none.
    pub(crate) paired: Result<Paired, Refused>,
}

/// Compares two runs.
pub(crate) fn compare(a: &Side, b: &Side) -> Comparison {
    let primary =
        |side: &Side| side.metrics.as_ref().map(|metrics| metrics.primary.clone()).unwrap_or_default();
    let paired = match (&a.predicted, &b.predicted) {
        (Ok(of_a), Ok(of_b)) => paired(of_a, of_b, (&primary(a), &primary(b))),
        (Err(reason), _) => Err(Refused::First(reason.clone())),
        (_, Err(reason)) => Err(Refused::Second(reason.clone())),
    };
    Comparison { job: differences(&a.job, &b.job), metrics: metrics(a, b), paired }
}

fn metrics(a: &Side, b: &Side) -> Vec<MetricPair> {
    fn scores(side: &Side) -> &[(String, Score)] {
        side.metrics.as_ref().map(|metrics| metrics.judged().1.0.as_slice()).unwrap_or_default()
    }
    let find = |scores: &[(String, Score)], name: &str| {
        scores.iter().find(|(known, _)| known == name).map(|(_, score)| score.clone())
    };
    let mut names: Vec<&String> = scores(a).iter().map(|(name, _)| name).collect();
    let more = scores(b).iter().map(|(name, _)| name).filter(|name| find(scores(a), name).is_none());
    names.extend(more);
    names
        .into_iter()
        .map(|name| MetricPair { name: name.clone(), a: find(scores(a), name), b: find(scores(b), name) })
        .collect()
}
