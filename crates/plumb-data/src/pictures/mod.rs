//! Pictures: from bytes to pixels, under limits.

mod picture;
mod set;

pub use picture::{Channels, Picture};
pub use set::PictureSet;
