//! Levels used as often as each other: Pillow's `ImageOps.equalize`, channel by channel.

use super::{Effect, Keeps, Operation};
use crate::augment::levels::{Histogram, Levels, change_by_channel, levels};
use crate::pictures::Picture;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "equalize",
    summary: "makes all levels of each channel about as frequent, as Pillow's ImageOps.equalize",
    magnitude: None,
    keeps: Keeps::SHAPES,
    effect: Effect::Pixels(|picture: &mut Picture, _, _| change_by_channel(picture, evened)),
};

/// Fewer than 255 pixels beside the brightest ones leave no step: the channel stays.
fn evened(histogram: &Histogram) -> Levels {
    let brightest = histogram.iter().rev().find(|&&count| count > 0).copied().unwrap_or(0);
    let step = (histogram.iter().sum::<u32>() - brightest) / 255;
    if step == 0 {
        return levels(|level| level);
    }
    let mut below = step / 2;
    histogram.map(|count| {
        let level = (below / step).min(255) as u8;
        below += count;
        level
    })
}
