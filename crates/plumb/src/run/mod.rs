//! The main job: its folder, its stages and what a person sees of it.

mod folder;
mod history;
mod interrupt;
mod parquet_file;
mod screen;
mod tensorboard;

pub(crate) use folder::{FolderError, RunFolder};
