//! Pictures: from bytes to pixels, under limits.

mod decode;
mod idx;
mod near;
mod picture;
mod png;
mod rect;
mod resize;
mod set;

pub use decode::{PictureFault, PictureLimits, decode};
pub use idx::{IdxFault, read_idx_images, read_idx_labels};
pub use near::{NEAR_COPY, near_copies};
pub use picture::{Channels, Picture};
pub use png::png;
pub use rect::Rect;
pub use resize::{Filter, resize, shorter_side};
pub use set::{PictureSet, THUMBNAIL, Thumbnail};
