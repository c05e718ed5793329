//! Turns: torchvision's `rotate` (Pillow's `Image.rotate`), about the middle of the picture.

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::affine::Affine;

/// Characters are read by people and by networks at small angles; from 15 degrees on they are rarely printed so,
/// and far turns make a 9 of a 6.
const READABLE: f64 = 15.0;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "rotate",
    summary: "turns against the clock about the middle, as torchvision's rotate",
    magnitude: Some(Magnitude { least: -180.0, greatest: 180.0, unchanged: 0.0, unit: "degrees" }),
    keeps: Keeps { upright: false, left_right: false, brightness: false, text: Text::Within(READABLE) },
    effect: Effect::Geometry(turned),
};

fn turned(degrees: f64, width: usize, height: usize) -> Affine {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    Affine::about_middle([[cosine, -sine], [sine, cosine]], width, height)
}
