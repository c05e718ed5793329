//! Shears about the upper left corner, as in the tables of AutoAugment (Cubuk et al. 2019) and torchvision's
//! `ShearX` and `ShearY`.

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::affine::Affine;

/// Printed italics lean by 0.2 to 0.3.
const READABLE: f64 = 0.3;
const MAGNITUDE: Magnitude =
    Magnitude { least: -1.0, greatest: 1.0, unchanged: 0.0, unit: "pixels sideways per pixel" };
const KEEPS: Keeps =
    Keeps { upright: true, left_right: true, brightness: false, text: Text::Within(READABLE) };

/// Rows move sideways, lower ones farther.
pub(in crate::augment) const SHEAR_X: Operation = Operation {
    name: "shear-x",
    summary: "moves rows to the left by a share of their height, as torchvision's ShearX",
    magnitude: Some(MAGNITUDE),
    keeps: KEEPS,
    effect: Effect::Geometry(|slope, _, _| Affine { x: [1.0, slope, 0.0], ..Affine::IDENTITY }),
};

/// Columns move up or down, those to the right farther.
pub(in crate::augment) const SHEAR_Y: Operation = Operation {
    name: "shear-y",
    summary: "moves columns up by a share of their distance, as torchvision's ShearY",
    magnitude: Some(MAGNITUDE),
    keeps: KEEPS,
    effect: Effect::Geometry(|slope, _, _| Affine { y: [slope, 1.0, 0.0], ..Affine::IDENTITY }),
};
