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
}

impl Default for LogSection {
    fn default() -> Self {
        Self { tensorboard: true }
    }
}
