//! `step`: the rate drops by a factor at even distances, as `torch.optim.lr_scheduler.StepLR`.

use serde::{Deserialize, Serialize};

use super::ScheduleError;

/// Settings of `step`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// How often the rate drops in a run, at least 1.
    pub drops: u64,
    /// What it is multiplied by at each drop, in `(0, 1]`.
    pub gamma: f64,
}

impl Step {
    /// Two drops to a tenth: the classic recipe of image classification (He et al. 2016).
    pub const DEFAULT: Self = Self { drops: 2, gamma: 0.1 };

    pub(super) fn factor(&self, step: u64, total: u64) -> f64 {
        let distance = total.div_ceil(self.drops.saturating_add(1)).max(1);
        self.gamma.powi((step / distance).min(i32::MAX as u64) as i32)
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        ScheduleError::require(self.drops >= 1, "drops", self.drops as f64, "at least 1")?;
        ScheduleError::require(self.gamma > 0.0 && self.gamma <= 1.0, "gamma", self.gamma, "above 0, up to 1")
    }
}

impl Default for Step {
    fn default() -> Self {
        Self::DEFAULT
    }
}
