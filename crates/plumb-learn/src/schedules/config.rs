//! Which schedule, with which settings, and what is refused.

use plumb_ledger::{ExitCode, Explain, nearest};
use serde::{Deserialize, Serialize};

use super::{Cosine, Linear, OneCycle, PlateauConfig, Step, WarmRestarts, constant, coslog4, flat_cos};

/// A schedule and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScheduleConfig {
    /// The rate stays.
    Constant,
    /// The rate drops by a factor at even distances.
    Step(Step),
    /// Linear warm-up, then linear decay to 0.
    Linear(Linear),
    /// Linear warm-up, then half a cosine.
    Cosine(Cosine),
    /// Cosine cycles that lengthen (SGDR).
    WarmRestarts(WarmRestarts),
    /// Up and down once (Smith, Topin 2017).
    OneCycle(OneCycle),
    /// The rate drops when the valid loss has stopped falling.
    Plateau(PlateauConfig),
    /// RealMLP's four lengthening cycles.
    Coslog4,
    /// Constant for half the run, then half a cosine.
    FlatCos,
}

/// The names of all schedules with their default settings.
const TABLE: [(&str, ScheduleConfig); 9] = [
    ("constant", ScheduleConfig::Constant),
    ("step", ScheduleConfig::Step(Step::DEFAULT)),
    ("linear", ScheduleConfig::Linear(Linear::DEFAULT)),
    ("cosine", ScheduleConfig::Cosine(Cosine::DEFAULT)),
    ("warm_restarts", ScheduleConfig::WarmRestarts(WarmRestarts::DEFAULT)),
    ("one_cycle", ScheduleConfig::OneCycle(OneCycle::DEFAULT)),
    ("plateau", ScheduleConfig::Plateau(PlateauConfig::DEFAULT)),
    ("coslog4", ScheduleConfig::Coslog4),
    ("flat_cos", ScheduleConfig::FlatCos),
];

impl ScheduleConfig {
    /// The schedule of this name, with default settings.
    pub fn named(name: &str) -> Result<Self, ScheduleError> {
        let row = TABLE.iter().find(|(known, _)| *known == name);
        row.map(|(_, config)| *config).ok_or_else(|| ScheduleError::Unknown { name: name.to_owned() })
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        TABLE.iter().map(|(name, _)| *name)
    }

    /// What the rate is multiplied by at `step`, counted from 0, of `total` steps: from 0 to 1. Past the
    /// end it stays where the last step left it. For `plateau` it is 1: [`Plateau`](super::Plateau) knows more.
    pub fn factor(&self, step: u64, total: u64) -> f64 {
        let total = total.max(1);
        let step = step.min(total - 1);
        match self {
            Self::Constant | Self::Plateau(_) => constant::factor(),
            Self::Step(config) => config.factor(step, total),
            Self::Linear(config) => config.factor(step, total),
            Self::Cosine(config) => config.factor(step, total),
            Self::WarmRestarts(config) => config.factor(step, total),
            Self::OneCycle(config) => config.factor(step, total),
            Self::Coslog4 => coslog4::factor(step, total),
            Self::FlatCos => flat_cos::factor(step, total),
        }
    }

    /// Refuses settings outside their range.
    pub fn check(&self) -> Result<(), ScheduleError> {
        match self {
            Self::Constant | Self::Coslog4 | Self::FlatCos => Ok(()),
            Self::Step(config) => config.check(),
            Self::Linear(config) => config.check(),
            Self::Cosine(config) => config.check(),
            Self::WarmRestarts(config) => config.check(),
            Self::OneCycle(config) => config.check(),
            Self::Plateau(config) => config.check(),
        }
    }
}

/// Why a schedule cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// No schedule has this name.
    #[error("unknown schedule `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A setting is outside its range.
    #[error("`{setting}` of the schedule is {value}, it must be {range}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

impl ScheduleError {
    /// Refuses `value` unless `legal`.
    pub(super) fn require(
        legal: bool,
        setting: &'static str,
        value: f64,
        range: &'static str,
    ) -> Result<(), Self> {
        if legal { Ok(()) } else { Err(Self::Setting { setting, value, range }) }
    }

    /// Refuses a share of the run outside `[0, 1)`.
    pub(super) fn require_share(setting: &'static str, value: f64) -> Result<(), Self> {
        Self::require((0.0..1.0).contains(&value), setting, value, "at least 0 and below 1")
    }
}

impl Explain for ScheduleError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { name } => {
                let near = nearest::did_you_mean(name, ScheduleConfig::names());
                format!("set `train.schedule`; {near}")
            }
            Self::Setting { setting, .. } => format!("change `{setting}` of `train.schedule`"),
        })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}
