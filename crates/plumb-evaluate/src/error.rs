//! Why an evaluation could not be made.

use plumb_data::PredictError;
use plumb_ledger::nearest::did_you_mean;
use plumb_ledger::{ExitCode, Explain};
use plumb_stats::{METRICS, Task};

/// An evaluation that was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The predictor refused.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// Neither the valid nor the test part has a labelled row.
    #[error("no labelled row to evaluate on")]
    NoRows,
    /// The primary metric is not one.
    #[error("unknown metric `{name}`")]
    UnknownMetric {
        /// The name in the job.
        name: String,
    },
    /// The primary metric is not defined for the task.
    #[error("metric `{name}` is not defined for a {} target", task.as_str())]
    MetricTask {
        /// The name in the job.
        name: String,
        /// The task.
        task: Task,
    },
    /// The predictor was made for another task.
    #[error("the predictor is for a {} target, the data has a {} target", predictor.as_str(), data.as_str())]
    Task {
        /// What the predictor predicts.
        predictor: Task,
        /// What the data asks for.
        data: Task,
    },
    /// The predictor knows a class that the target does not.
    #[error("the predictor's class `{class}` is not a class of the target")]
    UnknownClass {
        /// The class.
        class: String,
    },
    /// The number of predictions is not that of the rows.
    #[error("the predictor gave {found} values for {rows} rows of {width}")]
    Shape {
        /// How many numbers came.
        found: usize,
        /// For how many rows.
        rows: usize,
        /// How many each row should have.
        width: usize,
    },
    /// Shapley values in closed form of a predictor whose answers are no sums.
    #[error(
        "the predictor's answers are no sums over trees or columns, so that there is no closed form for what columns add"
    )]
    NoClosedForm,
    /// The predictor has no gradients by its columns.
    #[error("the model has no gradients by its columns")]
    NoGradients,
    /// Margins of a predictor that shows none.
    #[error("the predictor shows no margins before its answers")]
    NoMargins,
    /// A prediction is NaN or infinite.
    #[error("the prediction for row {row} is not a finite number")]
    NotFinite {
        /// The row of the table, from 0.
        row: u32,
    },
}

impl Explain for EvaluateError {
    fn hint(&self) -> Option<String> {
        let names = |task: Option<Task>| {
            let fits =
                move |metric: &&plumb_stats::Metric| task.is_none_or(|task| metric.tasks.contains(&task));
            METRICS.iter().filter(fits).map(|metric| metric.name).collect::<Vec<_>>()
        };
        match self {
            Self::UnknownMetric { name } => {
                Some(format!("`evaluate.primary`: {}", did_you_mean(name, names(None).iter().copied())))
            }
            Self::MetricTask { task, .. } => {
                Some(format!("`evaluate.primary` may be {}", names(Some(*task)).join(", ")))
            }
            Self::NoRows => Some("raise `split.valid` or `split.test`".to_owned()),
            Self::Task { .. } | Self::UnknownClass { .. } => {
                Some("check that `data.target` names the column that the predictor was made for".to_owned())
            }
            Self::NoClosedForm => Some(
                "`--method shap` explains any predictor; exact values are of forests and of linear models of numbers in ONNX files, not of \
                 probabilities that a logistic function or a softmax makes of scores"
                    .to_owned(),
            ),
            Self::NoGradients => Some(
                "networks for tables of Plumb's own runs have them; `--method shap` and `--method sampling` explain any model"
                    .to_owned(),
            ),
            Self::NoMargins => {
                Some("margins are those of one ensemble of trees or one linear model in an ONNX file; leave `--margins` out".to_owned())
            }
            Self::NotFinite { .. } | Self::Shape { .. } | Self::Predict(_) => None,
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::UnknownMetric { .. }
            | Self::MetricTask { .. }
            | Self::Task { .. }
            | Self::NoClosedForm
            | Self::NoGradients
            | Self::NoMargins => ExitCode::Usage,
            Self::NoRows | Self::UnknownClass { .. } => ExitCode::Data,
            Self::Predict(_) | Self::Shape { .. } | Self::NotFinite { .. } => ExitCode::Failed,
        }
    }
}
