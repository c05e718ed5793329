//! What can be chosen about an evaluation: the job's `[evaluate]`.

use plumb_ledger::Seed;
use plumb_stats::{Bootstrap, Method};

/// The settings of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateConfig {
    /// The name of the metric that decides, or `auto`.
    pub primary: String,
    /// The columns that name groups of people, for the fairness practices.
    pub groups: Vec<String>,
    /// The columns that name sources or periods, for `evaluate.shift`.
    pub by: Vec<String>,
    /// How many bootstrap resamples.
    pub resamples: usize,
    /// The coverage of every interval.
    pub level: f64,
    /// How many of the worst predictions are kept.
    pub worst: usize,
    /// Whether the loss or the sampling makes up for rare classes (`train.class_weights`).
    pub class_weights: bool,
    /// What the training did about differences between groups (`train.mitigation`), in words.
    pub mitigated: Option<String>,
    /// Where every draw comes from.
    pub seed: Seed,
}

impl EvaluateConfig {
    /// The defaults: 95 % intervals from 1,000 resamples, the 20 worst predictions, nothing named.
    pub fn new(seed: Seed) -> Self {
        Self {
            primary: "auto".to_owned(),
            groups: Vec::new(),
            by: Vec::new(),
            resamples: 1000,
            level: 0.95,
            worst: 20,
            class_weights: false,
            mitigated: None,
            seed,
        }
    }

    /// The bootstrap of these settings, bias-corrected and accelerated.
    pub fn bootstrap(&self) -> Bootstrap {
        let method = Method::Bca;
        Bootstrap { resamples: self.resamples, level: self.level, method, ..Bootstrap::new(self.seed) }
    }
}
