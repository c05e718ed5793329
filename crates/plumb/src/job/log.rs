//! `[log]`: what is written for other programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is written for other programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSection {
    /// Whether to write event files for TensorBoard into the run folder.
    ///
    /// true: they cost a few megabytes and are read by `tensorboard --logdir runs`.
    pub(crate) tensorboard: bool,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { tensorboard: true }
    }
}
