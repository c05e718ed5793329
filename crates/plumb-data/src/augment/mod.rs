//! Random changes of training pictures that leave their label true.
//!
//! Every change is a function of the picture and a stream: any thread may make it.

mod crop;
mod flip;
pub mod mix;
mod normalise;

use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

pub use crop::Crop;
pub use mix::Mix;
pub use normalise::Normaliser;

use crate::pictures::Picture;
use crate::prepare::ImageEncoding;

/// What is done to each training picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Which part of it is shown.
    pub crop: Crop,
    /// Whether half of the pictures are mirrored left to right.
    pub flip: bool,
    /// What is blended into them.
    pub mix: Mix,
}

impl Augmentation {
    /// Pictures as predictions see them.
    pub const NONE: Self = Self { crop: Crop::None, flip: false, mix: Mix::None };

    /// A picture as it was read, made into a changed input of the encoding's extents.
    pub fn apply(&self, picture: Picture, encoding: &ImageEncoding, stream: Stream) -> Picture {
        let mut input = match &self.crop {
            Crop::None => encoding.picture(picture),
            Crop::Shift { pixels } => crop::shift(&encoding.picture(picture), *pixels, stream.at(0)),
            Crop::Resized { least } => {
                let part = crop::resized(picture.width(), picture.height(), *least, stream.at(0));
                encoding.cut(picture, part)
            }
        };
        if self.flip && stream.at(1).uniform(0) < 0.5 {
            flip::mirror(&mut input);
        }
        input
    }
}
