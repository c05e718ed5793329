//! Which optimizer, with which settings, and what is refused.

use plumb_ledger::{ExitCode, Explain, nearest};
use serde::{Deserialize, Serialize};

use super::{AdamConfig, SgdConfig};

/// An optimizer and its settings; rate and decay come with each update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd(SgdConfig),
    /// Adam; decay is an L2 term of the gradient (Kingma, Ba 2015).
    Adam(AdamConfig),
    /// Adam with decoupled decay (Loshchilov, Hutter 2019).
    AdamW(AdamConfig),
}

/// The names of all optimizers with their settings as `torch.optim` has them (SGD with momentum 0.9).
const TABLE: [(&str, OptimizerConfig); 3] = [
    ("sgd", OptimizerConfig::Sgd(SgdConfig::DEFAULT)),
    ("adam", OptimizerConfig::Adam(AdamConfig::DEFAULT)),
    ("adamw", OptimizerConfig::AdamW(AdamConfig::DEFAULT)),
];

impl OptimizerConfig {
    /// The optimizer of this name, with default settings.
    pub fn named(name: &str) -> Result<Self, OptimizerError> {
        let row = TABLE.iter().find(|(known, _)| *known == name);
        row.map(|(_, config)| config.clone()).ok_or_else(|| OptimizerError::Unknown { name: name.to_owned() })
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        TABLE.iter().map(|(name, _)| *name)
    }

    /// The name, as it stands in the job.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
        }
    }

    /// Refuses settings outside their range.
    pub fn check(&self) -> Result<(), OptimizerError> {
        match self {
            Self::Sgd(config) => config.check(),
            Self::Adam(config) | Self::AdamW(config) => config.check(),
        }
    }

    pub(super) fn has_first(&self) -> bool {
        match self {
            Self::Sgd(config) => config.momentum != 0.0,
            Self::Adam(_) | Self::AdamW(_) => true,
        }
    }

    pub(super) fn has_second(&self) -> bool {
        !matches!(self, Self::Sgd(_))
    }
}

/// Why an optimizer cannot be made or go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptimizerError {
    /// No optimizer has this name.
    #[error("unknown optimizer `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A setting is outside its range.
    #[error("`{setting}` of the optimizer is {value}, it must be {range}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// Values, gradient and state of a parameter differ in length.
    #[error("parameter `{name}` has {expected} values, its gradient or state has {found}")]
    Shape {
        /// The parameter.
        name: String,
        /// Its length.
        expected: usize,
        /// The other length.
        found: usize,
    },
    /// A restored state is another optimizer's.
    #[error("the saved state of parameter `{name}` is not that of `{optimizer}`")]
    State {
        /// The parameter.
        name: String,
        /// The optimizer that was to take it.
        optimizer: &'static str,
    },
}

impl OptimizerError {
    pub(super) fn shape(name: &str, expected: usize, found: usize) -> Self {
        Self::Shape { name: name.to_owned(), expected, found }
    }

    /// Refuses `value` unless `legal`.
    pub(super) fn require(
        legal: bool,
        setting: &'static str,
        value: f64,
        range: &'static str,
    ) -> Result<(), Self> {
        if legal { Ok(()) } else { Err(Self::Setting { setting, value, range }) }
    }
}

impl Explain for OptimizerError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { name } => {
                let near = nearest::did_you_mean(name, OptimizerConfig::names());
                Some(format!("set `train.optimizer`; {near}"))
            }
            Self::Setting { .. } => Some("change the optimizer's settings under `[train]`".to_owned()),
            Self::Shape { .. } | Self::State { .. } => {
                Some("the checkpoint is of another model or optimizer: start a new run".to_owned())
            }
        }
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unknown { .. } | Self::Setting { .. } => ExitCode::Usage,
            Self::Shape { .. } | Self::State { .. } => ExitCode::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_its_optimizer_and_survives_json() {
        for name in OptimizerConfig::names() {
            let config = OptimizerConfig::named(name).unwrap();
            assert_eq!(config.name(), name);
            config.check().unwrap();
            let text = serde_json::to_string(&config).unwrap();
            assert!(text.starts_with(&format!(r#"{{"name":"{name}""#)), "{text}");
            assert_eq!(serde_json::from_str::<OptimizerConfig>(&text).unwrap(), config);
        }
    }

    #[test]
    fn an_unknown_name_lists_the_near_misses() {
        let error = OptimizerConfig::named("adamv").unwrap_err();
        assert_eq!(error.to_string(), "unknown optimizer `adamv`");
        assert!(error.hint().unwrap().contains("`adamw`"));
    }

    #[test]
    fn settings_outside_their_range_are_refused() {
        let beta = AdamConfig { beta2: 1.0, ..AdamConfig::DEFAULT };
        assert!(OptimizerConfig::Adam(beta).check().is_err());
        let momentum = SgdConfig { momentum: f64::NAN, ..SgdConfig::DEFAULT };
        assert!(OptimizerConfig::Sgd(momentum).check().is_err());
        let nesterov = SgdConfig { momentum: 0.0, nesterov: true, ..SgdConfig::DEFAULT };
        assert!(OptimizerConfig::Sgd(nesterov).check().is_err(), "torch refuses it too");
    }
}
