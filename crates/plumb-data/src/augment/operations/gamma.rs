//! Gamma: torchvision's `adjust_gamma` of a Pillow image.

use super::{Effect, Keeps, Magnitude, Operation};
use crate::augment::levels::{change, levels};
use crate::pictures::Picture;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "gamma",
    summary: "shadows darker above 1, brighter below, as torchvision's adjust_gamma",
    magnitude: Some(Magnitude { least: 0.1, greatest: 10.0, unchanged: 1.0, unit: "the exponent" }),
    keeps: Keeps::SHAPES,
    effect: Effect::Pixels(|picture: &mut Picture, gamma, _| {
        // Nearly 256, so that cutting off gives each level an equal share.
        change(picture, &levels(|level| (255.999 * (f64::from(level) / 255.0).powf(gamma)) as u8));
    }),
};
