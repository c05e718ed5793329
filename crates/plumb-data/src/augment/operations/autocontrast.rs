//! Levels stretched over the whole range: Pillow's `ImageOps.autocontrast` without a cutoff, channel by channel.

use super::{Effect, Keeps, Operation};
use crate::augment::levels::{Histogram, Levels, change_by_channel, levels};
use crate::pictures::Picture;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "autocontrast",
    summary: "stretches the levels of each channel over the whole range, as Pillow's ImageOps.autocontrast",
    magnitude: None,
    keeps: Keeps::SHAPES,
    effect: Effect::Pixels(|picture: &mut Picture, _, _| change_by_channel(picture, stretched)),
};

fn stretched(histogram: &Histogram) -> Levels {
    let used = |&level: &u8| histogram[usize::from(level)] > 0;
    let (least, most) = ((0..=255).find(used).unwrap_or(0), (0..=255).rev().find(used).unwrap_or(0));
    if most <= least {
        return levels(|level| level);
    }
    let scale = 255.0 / f64::from(most - least);
    let offset = -f64::from(least) * scale;
    levels(|level| (f64::from(level) * scale + offset) as u8)
}
