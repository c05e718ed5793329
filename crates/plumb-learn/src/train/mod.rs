//! Training: one short loop ([`run`]), what it is told ([`config`]), what it says ([`history`]), what it saves
//! ([`checkpoint`]).

pub mod checkpoint;
pub mod config;
mod distillation;
mod error;
mod feed;
mod histogram;
pub mod history;
mod mitigation;
mod run;
mod state;
mod step;
mod validate;

pub use checkpoint::Checkpoint;
pub use config::{Ties, TrainConfig, TrainData, Transfer};
pub use distillation::{Distillation, Teacher, TeacherError};
pub use error::TrainError;
pub use histogram::Histogram;
pub use history::{ActivationStats, Control, Event, LayerStats, Observer};
pub use mitigation::{Groups, HeldRates, Mitigation};
pub use run::{Stopped, Trained, train};
pub use state::{Making, Seconds, rows_of_step};
