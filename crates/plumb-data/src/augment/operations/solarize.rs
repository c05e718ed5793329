//! Bright levels turned about: Pillow's `ImageOps.solarize`.

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::levels::{change, levels};
use crate::pictures::Picture;

/// White paper and black ink both come out black, so characters may go.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "solarize",
    summary: "inverts the levels from this one on, as Pillow's ImageOps.solarize",
    magnitude: Some(Magnitude { least: 0.0, greatest: 256.0, unchanged: 256.0, unit: "levels" }),
    keeps: Keeps { text: Text::Changed, ..Keeps::SHAPES },
    effect: Effect::Pixels(|picture: &mut Picture, threshold, _| {
        change(picture, &levels(|level| if f64::from(level) < threshold { level } else { 255 - level }));
    }),
};
