//! Flips inside a list of operations: torchvision's `horizontal_flip` and `vertical_flip`, exact to the bit.

use super::{Effect, Keeps, Operation, Text};
use crate::augment::affine::Affine;

/// Left and right change places: a b becomes a d.
pub(super) const HORIZONTAL: Operation = Operation {
    name: "flip-horizontal",
    summary: "left and right change places",
    magnitude: None,
    keeps: Keeps { upright: true, left_right: false, brightness: true, text: Text::Changed },
    effect: Effect::Geometry(|_, width, _| Affine { x: [-1.0, 0.0, width as f64], ..Affine::IDENTITY }),
};

/// Top and bottom change places: a b becomes a p.
pub(super) const VERTICAL: Operation = Operation {
    name: "flip-vertical",
    summary: "top and bottom change places",
    magnitude: None,
    keeps: Keeps { upright: false, left_right: true, brightness: true, text: Text::Changed },
    effect: Effect::Geometry(|_, _, height| Affine { y: [0.0, -1.0, height as f64], ..Affine::IDENTITY }),
};
