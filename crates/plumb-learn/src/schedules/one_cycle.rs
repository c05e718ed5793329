//! `one_cycle`: up and down once along half cosines (Smith, Topin 2017, <https://arxiv.org/abs/1708.07120>),
//! as `OneCycleLR`; the job's rate is the peak.

use serde::{Deserialize, Serialize};

use super::{ScheduleError, half_cosine};

/// Settings of `one_cycle`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycle {
    /// The share of the run at which the rate peaks, in `(0, 1)`.
    pub peak: f64,
    /// The rate starts at its peak divided by this, at least 1.
    pub start_divisor: f64,
    /// The rate ends at its start divided by this, at least 1.
    pub end_divisor: f64,
}

impl OneCycle {
    /// torch's settings.
    pub const DEFAULT: Self = Self { peak: 0.3, start_divisor: 25.0, end_divisor: 1e4 };

    pub(super) fn factor(&self, step: u64, total: u64) -> f64 {
        let (step, last) = (step as f64, (total - 1) as f64);
        let peak = self.peak * total as f64 - 1.0;
        let start = 1.0 / self.start_divisor;
        if peak > 0.0 && step <= peak {
            return 1.0 + (start - 1.0) * half_cosine(step / peak);
        }
        let end = start / self.end_divisor;
        let down = last - peak.max(0.0);
        end + (1.0 - end) * half_cosine(if down > 0.0 { (step - peak.max(0.0)) / down } else { 0.0 })
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let Self { peak, start_divisor, end_divisor } = *self;
        let divides = |divisor: f64| divisor >= 1.0 && divisor.is_finite();
        ScheduleError::require(peak > 0.0 && peak < 1.0, "peak", peak, "above 0 and below 1")?;
        ScheduleError::require(divides(start_divisor), "start_divisor", start_divisor, "at least 1")?;
        ScheduleError::require(divides(end_divisor), "end_divisor", end_divisor, "at least 1")
    }
}

impl Default for OneCycle {
    fn default() -> Self {
        Self::DEFAULT
    }
}
