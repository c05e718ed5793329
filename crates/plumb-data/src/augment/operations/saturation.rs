//! More and less colour: Pillow's `ImageEnhance.Color` at 1 + magnitude. It is the 3x3 matrix that moves a pixel
//! along the line through its own grey.

use super::{Effect, Keeps, Magnitude, Operation};
use crate::augment::blend::Blend;
use crate::pictures::{Channels, Picture};

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "saturation",
    summary: "more colourful or greyer by this share, as Pillow's ImageEnhance.Color",
    magnitude: Some(Magnitude { least: -1.0, greatest: 1.0, unchanged: 0.0, unit: "shares more or less" }),
    keeps: Keeps::ALL,
    effect: Effect::Pixels(saturated),
};

/// A pass for the brightness and one in place: stretch by stretch the grey is first written out for every channel, so
/// that bytes can then be blended in vectors. A grey picture has no colour to change.
fn saturated(picture: &mut Picture, more: f64, _: plumb_ledger::Stream) {
    const STRETCH: usize = 256;
    if picture.channels() == Channels::Grey {
        return;
    }
    let (grey, blend) = (picture.grey(), Blend::new(1.0 + more));
    let mut greys = [[0; 3]; STRETCH];
    for (bytes, levels) in picture.pixels_mut().chunks_mut(3 * STRETCH).zip(grey.pixels().chunks(STRETCH)) {
        greys.iter_mut().zip(levels).for_each(|(three, &level)| *three = [level; 3]);
        for (byte, &grey) in bytes.iter_mut().zip(greys.as_flattened()) {
            *byte = blend.level(grey, *byte);
        }
    }
}
