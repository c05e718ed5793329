//! `linear`: linear warm-up, then linear decay to 0; torch's two `LinearLR` in sequence.

use serde::{Deserialize, Serialize};

use super::{ScheduleError, warmup};

/// Settings of `linear`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {
    /// The share of the run in which the rate rises, in `[0, 1)`.
    pub warmup: f64,
}

impl Linear {
    /// A tenth of warm-up, as BERT and ELECTRA are fine-tuned.
    pub const DEFAULT: Self = Self { warmup: 0.1 };

    pub(super) fn factor(self, step: u64, total: u64) -> f64 {
        warmup::before(self.warmup, step, total, |step, total| 1.0 - step as f64 / total as f64)
    }

    pub(super) fn check(self) -> Result<(), ScheduleError> {
        ScheduleError::require_share("warmup", self.warmup)
    }
}

impl Default for Linear {
    fn default() -> Self {
        Self::DEFAULT
    }
}
