//! Fewer levels: Pillow's `ImageOps.posterize`, which keeps the upper bits.

use super::{Effect, Keeps, Magnitude, Operation};
use crate::augment::levels::{change, levels};
use crate::pictures::Picture;

/// Levels keep their order, so that characters stay what they are. Darkens by half of what the bits hold.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "posterize",
    summary: "takes the lower bits away, as Pillow's ImageOps.posterize with 8 minus as many",
    magnitude: Some(Magnitude { least: 0.0, greatest: 8.0, unchanged: 0.0, unit: "bits, rounded" }),
    keeps: Keeps::SHAPES,
    effect: Effect::Pixels(|picture: &mut Picture, bits, _| {
        let kept = !(((1_u16 << bits.round() as u16) - 1) as u8);
        change(picture, &levels(|level| level & kept));
    }),
};
