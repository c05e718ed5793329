//! More and less contrast: Pillow's `ImageEnhance.Contrast` at 1 + magnitude, away from the mean brightness.

use super::{Effect, Keeps, Magnitude, Operation};
use crate::augment::blend::Blend;
use crate::augment::levels::{change, levels, means};
use crate::pictures::Picture;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "contrast",
    summary: "farther from the mean brightness or nearer, as Pillow's ImageEnhance.Contrast",
    magnitude: Some(Magnitude { least: -1.0, greatest: 1.0, unchanged: 0.0, unit: "shares more or less" }),
    keeps: Keeps::ALL,
    effect: Effect::Pixels(contrasted),
};

/// A pass for the brightness, one for its mean, one in place.
fn contrasted(picture: &mut Picture, more: f64, _: plumb_ledger::Stream) {
    let [mean] = means(&picture.grey());
    let (middle, blend) = ((mean + 0.5) as u8, Blend::new(1.0 + more));
    change(picture, &levels(|level| blend.level(middle, level)));
}
