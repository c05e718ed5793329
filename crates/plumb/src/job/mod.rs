//! The job: `job.toml` as typed ([`JobFile`]), held against its schema, and resolved ([`Job`]).

mod auto;
mod check;
mod data;
mod error;
mod evaluate;
mod file;
mod gates;
mod keys;
mod legal;
mod limits;
mod load;
mod log;
mod manual;
mod model;
mod prepare;
mod resolve;
mod split;
mod template;
mod train;

pub(crate) use auto::Auto;
pub(crate) use check::near_keys;
pub(crate) use data::DataSection;
pub(crate) use error::JobError;
pub(crate) use evaluate::EvaluateSection;
pub(crate) use file::JobFile;
pub(crate) use gates::GatesSection;
pub(crate) use keys::{Key, keys, schema};
pub(crate) use limits::LimitsSection;
pub(crate) use load::{load, parse as from_text, with_overrides};
pub(crate) use log::LogSection;
pub(crate) use manual::markdown as manual;
pub(crate) use model::{CombinerName, ModelSection, PoolingName, PositionsName, Preset};
pub(crate) use prepare::{Augment, Pieces, PrepareSection, Scaling};
pub(crate) use resolve::{Needs, resolve};
pub(crate) use split::{SplitMethod, SplitSection};
pub(crate) use template::{ColumnLine, template};
pub(crate) use train::{
    ClassWeights, Mitigation, OptimizerName, Rate, Sampling, ScheduleName, TrainSection, TransferName,
};

#[cfg(test)]
use check::check;
#[cfg(test)]
use load::parse_text as read_text;
