//! A run in a terminal: the same store as the pages, drawn with characters.

mod curve;
mod lines;
mod snapshot;

pub(crate) use lines::{plain, screen};
pub(crate) use snapshot::Snapshot;
