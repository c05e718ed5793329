//! Honest evaluation of any predictor: metrics with intervals, baselines on the same rows, paired tests, slices.
//!
//! [`evaluate`] predicts the valid and the test rows once and keeps what it saw; [`practices`] judge it. The crate
//! knows no engine: a model is a [`plumb_data::Predictor`].

#![forbid(unsafe_code)]

mod baselines;
pub mod compress;
mod config;
mod context;
mod error;
mod evaluation;
pub mod explain;
mod folds;
pub mod labels;
mod metrics_file;
mod part;
mod practices;
mod primary;
mod residuals;
pub mod retrain;
mod scored;
mod slices;
mod worst;

pub use baselines::Baseline;
pub use config::EvaluateConfig;
pub use context::{EvaluateContext, Kept, TestReads, Transfer};
pub use error::EvaluateError;
pub use evaluation::{Evaluation, Subject, evaluate};
pub use folds::{Folds, FoldsSummary};
pub use metrics_file::metrics_file;
pub use part::{ClassCurves, ClassRow, MetricValue, PartEvaluation};
pub use practices::{TestRead, practices};
pub use primary::Primary;
pub use residuals::{HistogramBin, Residuals};
pub use scored::{Scored, Truth};
pub use slices::Grouping;
pub use worst::{WorstRow, WorstRows};
