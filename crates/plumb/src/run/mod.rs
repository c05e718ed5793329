//! The main job: its folder, its stages and what a person sees of it.

mod folder;
mod history;
mod interrupt;
mod tensorboard;

pub(crate) use folder::{FolderError, RunFolder};
