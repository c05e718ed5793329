//! Shifts by whole pixels: torchvision's `TranslateX` and `TranslateY`, which cut the number of pixels off.

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::affine::Affine;

/// What a padded crop moves small pictures of digits by; beyond it characters leave the picture.
const READABLE: f64 = 0.125;
const KEEPS: Keeps =
    Keeps { upright: true, left_right: true, brightness: false, text: Text::Within(READABLE) };

/// To the right.
pub(in crate::augment) const TRANSLATE_X: Operation = Operation {
    name: "translate-x",
    summary: "shifts to the right by whole pixels, as torchvision's TranslateX",
    magnitude: Some(Magnitude { least: -1.0, greatest: 1.0, unchanged: 0.0, unit: "shares of the width" }),
    keeps: KEEPS,
    effect: Effect::Geometry(|share, width, _| Affine {
        x: [1.0, 0.0, -whole(share, width)],
        ..Affine::IDENTITY
    }),
};

/// Downwards.
pub(in crate::augment) const TRANSLATE_Y: Operation = Operation {
    name: "translate-y",
    summary: "shifts down by whole pixels, as torchvision's TranslateY",
    magnitude: Some(Magnitude { least: -1.0, greatest: 1.0, unchanged: 0.0, unit: "shares of the height" }),
    keeps: KEEPS,
    effect: Effect::Geometry(|share, _, height| Affine {
        y: [0.0, 1.0, -whole(share, height)],
        ..Affine::IDENTITY
    }),
};

/// The share in pixels, cut off; a number of pixels that was divided by the extent comes back whole.
fn whole(share: f64, extent: usize) -> f64 {
    const ROUNDING: f64 = 1e-6;
    let pixels = share * extent as f64;
    (pixels + ROUNDING.copysign(pixels)).trunc()
}
