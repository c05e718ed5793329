//! Light and dark change places: Pillow's `ImageOps.invert`.

use super::{Effect, Keeps, Operation};
use crate::augment::levels::{change, levels};
use crate::pictures::Picture;

/// Characters stay: white on black reads as black on white.
pub(super) const OPERATION: Operation = Operation {
    name: "invert",
    summary: "light and dark change places, as Pillow's ImageOps.invert",
    magnitude: None,
    keeps: Keeps::SHAPES,
    effect: Effect::Pixels(|picture: &mut Picture, _, _| change(picture, &levels(|level| 255 - level))),
};
