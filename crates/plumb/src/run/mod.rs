//! The main job: its folder, its stages and what a person sees of it.

mod drawings;
mod files;
mod film;
mod folder;
mod gallery;
mod history;
mod interrupt;
mod learning_curve;
mod observer;
mod open;
mod parquet_file;
mod pictures;
mod pipeline;
mod provenance;
mod repeats;
mod screen;
mod settle;
mod stage_data;
mod stage_evaluate;
mod stage_preflight;
mod stage_prepare;
mod stage_report;
mod stage_split;
mod stage_train;
mod state;
mod summary;
mod tensorboard;
mod texts;
mod transfer;

pub(crate) use folder::RunFolder;
pub(crate) use open::{Place, Source, open};
pub(crate) use pipeline::{audit, check, run};
pub(crate) use screen::Screen;
pub(crate) use stage_data::read_options;
pub(crate) use state::Run;
