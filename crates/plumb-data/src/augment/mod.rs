//! Augmentation: pictures changed by chance, so that a network sees each of them in many ways.
//!
//! Everything is a function of a picture and a [`plumb_ledger::Stream`]: the same on any thread and in any order, so
//! the workers of a loader cannot change a run.

mod affine;
mod beta;
mod blend;
mod border;
mod crop;
mod entry;
mod error;
mod flip;
mod levels;
mod mix;
mod normalise;
mod operations;
mod policy;
mod rand_augment;
mod recipe;
mod step;
mod test_time;
mod trivial_augment;
mod window;

pub use border::Border;
pub use crop::{Parts, padded_crop};
pub use error::AugmentError;
pub use flip::{flip_horizontally, flip_vertically};
pub use mix::{Mixed, cut_mix, mix_up};
pub use normalise::Normaliser;
pub use operations::{Keeps, Magnitude, OPERATIONS, Operation, Text, operation};
pub use policy::{Method, Policy};
pub use recipe::{Augmentation, Mix};
pub use step::Step;
pub use test_time::{VIEWS, View};
