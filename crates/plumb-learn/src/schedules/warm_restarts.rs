//! `warm_restarts`: cosine cycles, each longer than the last (SGDR, Loshchilov, Hutter 2017,
//! <https://arxiv.org/abs/1608.03983>), as `CosineAnnealingWarmRestarts`.

use serde::{Deserialize, Serialize};

use super::{ScheduleError, half_cosine};

/// Settings of `warm_restarts`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarmRestarts {
    /// How many cycles the run has, from 1 to 20.
    pub cycles: u32,
    /// How many times longer each cycle is than the one before, from 1 to 10.
    pub multiply: u64,
    /// Where each cycle ends, in `[0, 1)`.
    pub floor: f64,
}

impl WarmRestarts {
    /// Four cycles, each twice as long as the one before: 1 + 2 + 4 + 8 fifteenths of the run.
    pub const DEFAULT: Self = Self { cycles: 4, multiply: 2, floor: 0.0 };

    pub(super) fn factor(&self, step: u64, total: u64) -> f64 {
        let (mut step, mut length) = (step, self.first_cycle(total));
        while step >= length {
            step -= length;
            length = length.saturating_mul(self.multiply.max(1));
        }
        self.floor + (1.0 - self.floor) * half_cosine(step as f64 / length as f64)
    }

    /// Steps of the first cycle, rounded up so that the run ends inside its last cycle.
    fn first_cycle(&self, total: u64) -> u64 {
        let lengths = (0..self.cycles).map(|cycle| self.multiply.saturating_pow(cycle));
        total.div_ceil(lengths.fold(0, u64::saturating_add).max(1)).max(1)
    }

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let (cycles, multiply) = (f64::from(self.cycles), self.multiply as f64);
        ScheduleError::require((1.0..=20.0).contains(&cycles), "cycles", cycles, "from 1 to 20")?;
        ScheduleError::require((1.0..=10.0).contains(&multiply), "multiply", multiply, "from 1 to 10")?;
        ScheduleError::require_share("floor", self.floor)
    }
}

impl Default for WarmRestarts {
    fn default() -> Self {
        Self::DEFAULT
    }
}
