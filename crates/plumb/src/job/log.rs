//! `[log]`: what is written for other programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is written for other programs. Neither of them can slow the training or stop it: each has a thread of its own, loses what
/// comes faster than it can take it, and says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSection {
    /// Whether to write event files for TensorBoard into the run folder.
    ///
    /// true: they cost a few megabytes and are read by `tensorboard --logdir runs`. They hold curves, histograms, pictures, texts,
    /// precision-recall curves, the settings beside the final figures, the layers, and judged rows as points.
    pub(crate) tensorboard: bool,
    /// The address of an MLflow server that is told of the run: `http://127.0.0.1:5000`.
    ///
    /// None: nothing is sent. The server gets settings, curves, final figures, verdicts as tags `plumb.PRACTICE`, and the name and
    /// digest of the data; no row of the data. Access is given by `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and
    /// `MLFLOW_TRACKING_PASSWORD`, in the environment, which are never written. A server that is away is tried again for a quarter of an
    /// hour; when the run is over it is waited for five seconds from its last answer, and thirty in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mlflow: Option<String>,
    /// The MLflow experiment that the run belongs to, which is made where it is missing.
    ///
    /// The name that the run folders of this job are numbered under, such as `penguins` for `runs/penguins-3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mlflow_experiment: Option<String>,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { tensorboard: true, mlflow: None, mlflow_experiment: None }
    }
}
