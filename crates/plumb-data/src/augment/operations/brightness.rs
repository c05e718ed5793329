//! Brighter and darker: Pillow's `ImageEnhance.Brightness` at 1 + magnitude.

use super::{Effect, Keeps, Magnitude, Operation};
use crate::augment::blend::Blend;
use crate::augment::levels::{change, levels};
use crate::pictures::Picture;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "brightness",
    summary: "brighter or darker by this share, as Pillow's ImageEnhance.Brightness",
    magnitude: Some(Magnitude { least: -1.0, greatest: 1.0, unchanged: 0.0, unit: "shares more or less" }),
    keeps: Keeps::SHAPES,
    effect: Effect::Pixels(|picture: &mut Picture, more, _| {
        let blend = Blend::new(1.0 + more);
        change(picture, &levels(|level| blend.level(0, level)));
    }),
};
