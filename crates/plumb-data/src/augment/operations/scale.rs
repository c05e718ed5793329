//! Larger and smaller: torchvision's `affine` with a scale, about the middle of the picture.

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::affine::Affine;

/// A character that fills five sixths of the picture still fits into it.
const READABLE: f64 = 0.2;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "scale",
    summary: "grows by this share about the middle, or shrinks, as torchvision's affine",
    magnitude: Some(Magnitude { least: -0.9, greatest: 9.0, unchanged: 0.0, unit: "shares of the size" }),
    keeps: Keeps { upright: true, left_right: true, brightness: false, text: Text::Within(READABLE) },
    effect: Effect::Geometry(scaled),
};

fn scaled(growth: f64, width: usize, height: usize) -> Affine {
    let back = 1.0 / (1.0 + growth);
    Affine::about_middle([[back, 0.0], [0.0, back]], width, height)
}
