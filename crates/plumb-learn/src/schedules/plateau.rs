//! `plateau`: the rate drops when the watched number has stopped improving, as `ReduceLROnPlateau`.

use serde::{Deserialize, Serialize};

use super::ScheduleError;

/// Settings of `plateau`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlateauConfig {
    /// What the rate is multiplied by at a drop, in `(0, 1)`.
    pub factor: f64,
    /// How many epochs without improvement are waited out.
    pub patience: u64,
    /// An improvement below this share of the best does not count, in `[0, 1)`.
    pub threshold: f64,
    /// How many epochs after a drop do not count.
    pub cooldown: u64,
    /// The factor never falls below this, in `[0, 1)`.
    pub floor: f64,
}

impl PlateauConfig {
    /// torch's settings.
    pub const DEFAULT: Self = Self { factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, floor: 0.0 };

    pub(super) fn check(&self) -> Result<(), ScheduleError> {
        let factor = self.factor;
        ScheduleError::require(factor > 0.0 && factor < 1.0, "factor", factor, "above 0 and below 1")?;
        ScheduleError::require_share("threshold", self.threshold)?;
        ScheduleError::require_share("floor", self.floor)
    }
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The state of a plateau schedule, saved with the checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    /// The factor now in force.
    pub factor: f64,
    /// The best number so far; none before the first epoch.
    pub best: Option<f64>,
    /// Epochs since the best.
    pub waited: u64,
    /// Epochs of cooldown left.
    pub cooling: u64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { factor: 1.0, best: None, waited: 0, cooling: 0 }
    }
}

impl Plateau {
    /// Takes an epoch's number in, smaller is better (negate a score), and gives the factor of the next
    /// epoch. A number that is not finite never counts as an improvement.
    pub fn observe(&mut self, config: &PlateauConfig, number: f64) -> f64 {
        if self.improves(config, number) {
            self.best = Some(number);
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.waited = 0;
        }
        if self.waited > config.patience {
            self.drop_rate(config);
        }
        self.factor
    }

    fn improves(&self, config: &PlateauConfig, number: f64) -> bool {
        // Signed as it is: torch's relative threshold loosens for negative losses, where "a share of the
        // best" must still mean an improvement.
        number.is_finite() && self.best.is_none_or(|best| number < best - config.threshold * best.abs())
    }

    fn drop_rate(&mut self, config: &PlateauConfig) {
        /// torch's `eps`: a smaller change of the rate is none.
        const NO_CHANGE: f64 = 1e-8;
        let lower = (self.factor * config.factor).max(config.floor);
        if self.factor - lower > NO_CHANGE {
            self.factor = lower;
        }
        self.cooling = config.cooldown;
        self.waited = 0;
    }
}
