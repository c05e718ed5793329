//! The job file as typed: every key with its documentation, which is written here and nowhere else.
//!
//! `plumb explain-key`, `plumb schema`, `docs/job.md` and the checks of [`super::check`] are all read from
//! the schema of [`JobFile`].

use plumb_package::Said;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    DataSection, EvaluateSection, GatesSection, LimitsSection, LogSection, ModelSection, PrepareSection,
    SplitSection, TrainSection,
};

/// A job: what to learn, from what, how, and which practices stop it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JobFile {
    /// The data to learn from.
    pub(crate) data: DataSection,
    /// Which rows are fitted on, chosen by and tested on.
    pub(crate) split: SplitSection,
    /// From a raw row to the model's input; fitted on the train rows, kept with the model.
    pub(crate) prepare: PrepareSection,
    /// The network.
    pub(crate) model: ModelSection,
    /// How the network learns.
    pub(crate) train: TrainSection,
    /// How the result is measured.
    pub(crate) evaluate: EvaluateSection,
    /// Which practices stop the run.
    pub(crate) gates: GatesSection,
    /// What is written for other programs.
    pub(crate) log: LogSection,
    /// What only a person knows of the model, for its card.
    #[serde(skip_serializing_if = "Said::is_empty")]
    pub(crate) card: Said,
    /// How much a reader may take in before it refuses.
    pub(crate) limits: LimitsSection,
}
