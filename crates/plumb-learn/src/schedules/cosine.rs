//! `cosine`: linear warm-up, then half a cosine (Loshchilov, Hutter 2017), as `CosineAnnealingLR`.

use serde::{Deserialize, Serialize};

use super::{ScheduleError, half_cosine, warmup};

/// Settings of `cosine`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    /// The share of the run in which the rate rises, in `[0, 1)`.
    pub warmup: f64,
    /// Where the cosine ends, in `[0, 1)`.
    pub floor: f64,
}

impl Cosine {
    /// No warm-up, down to 0.
    pub const DEFAULT: Self = Self { warmup: 0.0, floor: 0.0 };

    pub(super) fn factor(&self, step: u64, total: u64) -> f64 {
        warmup::before(self.warmup, step, total, |step, total| {
            self.floor + (1.0 - self.floor) * half_cosine(step as f64 / total as f64)
        })
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        ScheduleError::require_share("warmup", self.warmup)?;
        ScheduleError::require_share("floor", self.floor)
    }
}

impl Default for Cosine {
    fn default() -> Self {
        Self::DEFAULT
    }
}
