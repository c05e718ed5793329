//! Training: one short loop ([`run`]), what it is told ([`config`]), what it says ([`history`]), what it saves
//! ([`checkpoint`]).

pub mod checkpoint;
pub mod config;
mod error;
mod feed;
pub mod history;
mod run;
mod state;
mod step;
mod validate;
mod vitals;

pub use checkpoint::Checkpoint;
pub use config::{Ties, TrainConfig, TrainData, Transfer};
pub use error::TrainError;
pub use history::{ActivationStats, Control, Event, LayerStats, Observer};
pub use run::{Stopped, Trained, train};
pub use state::{Making, Seconds};
