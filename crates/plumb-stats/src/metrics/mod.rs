//! The metrics: one file each, one row each in [`METRICS`].
//!
//! A metric describes itself as a [`Plan`] for one outcome; its value and its bootstrap resamples both come from
//! the plan, so that the interval can never belong to another definition than the value. To add one: a file
//! with a `METRIC` constant, a row in the table, a golden case in `oracles/stats.py`.

mod accuracy;
mod auprc;
mod auroc;
mod balanced_accuracy;
mod brier;
mod ece;
mod kappa;
mod log_loss;
mod mae;
mod mcc;
mod median_absolute_error;
mod mse;
mod precision_recall_f1;
mod r2;

pub(crate) use auprc::average_precision;
pub(crate) use auroc::auroc;

use crate::{Outcome, Task};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

/// A metric: its name, its convention, and how to compute it.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name in jobs and in `metrics.json`.
    pub name: &'static str,
    /// Which way is better.
    pub direction: Direction,
    /// The tasks it is defined for.
    pub tasks: &'static [Task],
    /// What exactly is computed, where definitions differ.
    pub convention: &'static str,
    /// Its value; `None` when it is undefined (one class only, no rows, numbers that are not finite).
    pub compute: fn(&Outcome<'_>) -> Option<f64>,
    /// How to compute it again on reweighted rows.
    pub plan: fn(&Outcome<'_>) -> Option<Plan>,
}

impl Metric {
    /// Whether `a` is better than `b`.
    pub fn is_better(&self, a: f64, b: f64) -> bool {
        self.gain(a, b) > 0.0
    }

    /// Whether it is a function of true and predicted classes alone, so that it is defined where no probabilities are known.
    pub fn reads_classes_only(&self, outcome: &Outcome<'_>) -> bool {
        matches!((self.plan)(outcome), Some(Plan::Confusion { .. }))
    }

    /// How much better `a` is than `b`: positive is better, whatever the direction.
    pub fn gain(&self, a: f64, b: f64) -> f64 {
        match self.direction {
            Direction::Up => a - b,
            Direction::Down => b - a,
        }
    }
}

type Reweighted = Box<dyn Fn(&[u32]) -> Option<f64> + Send + Sync>;

/// A metric prepared for one outcome: what does not change between resamples (sorting, logarithms) is done.
pub enum Plan {
    /// A function of the confusion matrix, itself a count of row codes `truth * classes + predicted`.
    Confusion {
        /// The code of each row.
        codes: Vec<u32>,
        /// How many classes there are.
        classes: usize,
        /// The metric of a confusion matrix.
        of: fn(&[u64], usize) -> Option<f64>,
    },
    /// A function of the mean over rows.
    Mean {
        /// The value of each row.
        values: Vec<f64>,
        /// The metric of the mean.
        finish: fn(f64) -> f64,
    },
    /// A function of how often each row counts.
    Weighted {
        /// How many rows there are.
        rows: usize,
        /// The metric of the weights.
        of: Reweighted,
    },
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Self::Confusion { .. } => "Confusion",
            Self::Mean { .. } => "Mean",
            Self::Weighted { .. } => "Weighted",
        };
        f.debug_struct(kind).field("rows", &self.rows()).finish_non_exhaustive()
    }
}

impl Plan {
    /// How many rows the plan covers.
    pub fn rows(&self) -> usize {
        match self {
            Self::Confusion { codes, .. } => codes.len(),
            Self::Mean { values, .. } => values.len(),
            Self::Weighted { rows, .. } => *rows,
        }
    }

    /// The metric when every row counts once.
    pub fn value(&self) -> Option<f64> {
        self.weighted(&vec![1; self.rows()])
    }

    /// The metric when row `i` counts `weights[i]` times.
    pub fn weighted(&self, weights: &[u32]) -> Option<f64> {
        let value = match self {
            Self::Confusion { codes, classes, of } => {
                let mut counts = vec![0u64; classes * classes];
                for (&code, &weight) in codes.iter().zip(weights) {
                    counts[code as usize] += u64::from(weight);
                }
                of(&counts, *classes)
            }
            Self::Mean { values, finish } => weighted_mean(values, weights).map(finish),
            Self::Weighted { of, .. } => of(weights),
        };
        value.filter(|value| value.is_finite())
    }

    /// A plan over the confusion matrix.
    fn confusion(outcome: &Outcome<'_>, of: fn(&[u64], usize) -> Option<f64>) -> Option<Self> {
        let Outcome::Classes { truth, classes, .. } = *outcome else { return None };
        if !outcome.is_valid() {
            return None;
        }
        let predicted = outcome.predicted_classes();
        let codes = truth.iter().zip(&predicted).map(|(t, p)| t * classes as u32 + p).collect();
        Some(Self::Confusion { codes, classes, of })
    }

    /// A plan over the mean of a function of (truth, probabilities of the row).
    fn mean_of_classes(outcome: &Outcome<'_>, row: impl Fn(usize, &[f64]) -> f64) -> Option<Self> {
        let Outcome::Classes { truth, probabilities, classes } = *outcome else { return None };
        outcome.is_valid().then(|| {
            let rows = truth.iter().zip(probabilities.chunks_exact(classes));
            Self::Mean { values: rows.map(|(&t, p)| row(t as usize, p)).collect(), finish: |mean| mean }
        })
    }

    /// A plan over the mean of a function of the residual.
    fn mean_of_residuals(
        outcome: &Outcome<'_>,
        row: impl Fn(f64) -> f64,
        finish: fn(f64) -> f64,
    ) -> Option<Self> {
        let Outcome::Numbers { truth, predicted } = *outcome else { return None };
        outcome.is_valid().then(|| Self::Mean {
            values: truth.iter().zip(predicted).map(|(t, p)| row(t - p)).collect(),
            finish,
        })
    }
}

/// Eight lanes in a fixed order: quick, and the same bits everywhere.
fn weighted_mean(values: &[f64], weights: &[u32]) -> Option<f64> {
    let mut lanes = [0.0; 8];
    let mut total = 0u64;
    for (x, w) in values.chunks(8).zip(weights.chunks(8)) {
        for ((lane, x), &w) in lanes.iter_mut().zip(x).zip(w) {
            *lane += x * f64::from(w);
            total += u64::from(w);
        }
    }
    (total > 0).then(|| lanes.iter().sum::<f64>() / total as f64)
}

const CLASSIFICATION: &[Task] = &[Task::Binary, Task::Multiclass];
const REGRESSION: &[Task] = &[Task::Regression];

/// Every metric, in the order in which reports show them.
pub static METRICS: &[Metric] = &[
    accuracy::METRIC,
    balanced_accuracy::METRIC,
    precision_recall_f1::PRECISION,
    precision_recall_f1::RECALL,
    precision_recall_f1::F1,
    auroc::METRIC,
    auprc::METRIC,
    log_loss::METRIC,
    brier::METRIC,
    mcc::METRIC,
    kappa::METRIC,
    ece::METRIC,
    mse::RMSE,
    mse::MSE,
    mae::METRIC,
    median_absolute_error::METRIC,
    r2::METRIC,
];

/// The metric of that name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// The metrics of a task, in the order of the table.
pub fn of_task(task: Task) -> impl Iterator<Item = &'static Metric> {
    METRICS.iter().filter(move |metric| metric.tasks.contains(&task))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUTH: [u32; 6] = [0, 1, 2, 1, 0, 2];
    const WEIGHTS: [u32; 6] = [2, 0, 3, 1, 1, 4];

    fn probabilities(classes: usize) -> Vec<f64> {
        let raw = |i: usize| 1.0 + ((i * 7919) % 13) as f64;
        let rows = (0..TRUTH.len()).map(|r| (0..classes).map(|c| raw(r * classes + c)).collect::<Vec<_>>());
        rows.flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>()).collect::<Vec<_>>()).collect()
    }

    /// The conformance test of the table: undefined, never a panic, on hostile outcomes; and a row that
    /// counts twice is a row that stands twice.
    #[test]
    fn every_metric_conforms() {
        let nan = [f64::NAN, 0.5];
        let hostile = [
            Outcome::Classes { truth: &[], probabilities: &[], classes: 2 },
            Outcome::Classes { truth: &[0], probabilities: &[1.0], classes: 1 },
            Outcome::Classes { truth: &[0], probabilities: &[], classes: 0 },
            Outcome::Classes { truth: &[7], probabilities: &[0.5, 0.5], classes: 2 },
            Outcome::Classes { truth: &[1], probabilities: &nan, classes: 2 },
            Outcome::Numbers { truth: &[], predicted: &[] },
            Outcome::Numbers { truth: &[1.0], predicted: &[] },
            Outcome::Numbers { truth: &[1.0, f64::INFINITY], predicted: &nan },
        ];
        for metric in METRICS {
            assert!(!metric.tasks.is_empty() && !metric.convention.is_empty(), "{}", metric.name);
            assert_eq!(METRICS.iter().filter(|other| other.name == metric.name).count(), 1);
            for outcome in &hostile {
                assert_eq!((metric.compute)(outcome), None, "{} of {outcome:?}", metric.name);
            }
            for &task in metric.tasks {
                check_weights(metric, task);
            }
        }
    }

    fn check_weights(metric: &Metric, task: Task) {
        let classes = if task == Task::Binary { 2 } else { 3 };
        let codes = TRUTH.map(|t| t % classes as u32);
        let probabilities = probabilities(classes);
        let (numbers, guesses) = (TRUTH.map(f64::from), [0.1, 0.7, 1.5, 1.5, 0.2, 2.5]);
        let repeated = || WEIGHTS.iter().enumerate().flat_map(|(i, &w)| std::iter::repeat_n(i, w as usize));
        let (value, twice);
        if task.is_classification() {
            let t: Vec<u32> = repeated().map(|i| codes[i]).collect();
            let p: Vec<f64> =
                repeated().flat_map(|i| probabilities[i * classes..][..classes].to_vec()).collect();
            let of = |truth, probabilities| Outcome::Classes { truth, probabilities, classes };
            value = (metric.plan)(&of(&codes, &probabilities)).unwrap().weighted(&WEIGHTS);
            twice = (metric.compute)(&of(&t, &p));
        } else {
            let t: Vec<f64> = repeated().map(|i| numbers[i]).collect();
            let p: Vec<f64> = repeated().map(|i| guesses[i]).collect();
            let of = |truth, predicted| Outcome::Numbers { truth, predicted };
            value = (metric.plan)(&of(&numbers, &guesses)).unwrap().weighted(&WEIGHTS);
            twice = (metric.compute)(&of(&t, &p));
        }
        let (value, twice) = (value.unwrap(), twice.unwrap());
        assert!((value - twice).abs() < 1e-12, "{} {task:?}: {value} {twice}", metric.name);
    }
}
