//! Changes of single bytes through tables, and what tables are made from.

use crate::pictures::{Channels, Picture};

/// What each level becomes.
pub(super) type Levels = [u8; 256];
/// How many bytes of a channel have each level.
pub(super) type Histogram = [u32; 256];

/// A table from a rule.
pub(super) fn levels(rule: impl Fn(u8) -> u8) -> Levels {
    std::array::from_fn(|level| rule(level as u8))
}

/// Changes every byte. One pass in place; the table stays in the first cache.
pub(super) fn change(picture: &mut Picture, levels: &Levels) {
    picture.pixels_mut().iter_mut().for_each(|level| *level = levels[usize::from(*level)]);
}

/// Changes the bytes of each channel by a table of its own, made from the channel's histogram. Two passes.
pub(super) fn change_by_channel(picture: &mut Picture, table: impl Fn(&Histogram) -> Levels) {
    match picture.channels() {
        Channels::Grey => {
            let [levels] = histograms::<1>(picture).each_ref().map(&table);
            change(picture, &levels);
        }
        Channels::Rgb => {
            let [red, green, blue] = histograms::<3>(picture).each_ref().map(&table);
            for [r, g, b] in picture.pixels_mut().as_chunks_mut::<3>().0 {
                (*r, *g, *b) = (red[usize::from(*r)], green[usize::from(*g)], blue[usize::from(*b)]);
            }
        }
    }
}

/// The histogram of each channel. One pass.
fn histograms<const CHANNELS: usize>(picture: &Picture) -> [Histogram; CHANNELS] {
    let mut histograms = [[0; 256]; CHANNELS];
    for pixel in picture.pixels().as_chunks::<CHANNELS>().0 {
        for (histogram, &level) in histograms.iter_mut().zip(pixel) {
            histogram[usize::from(level)] += 1;
        }
    }
    histograms
}

/// The mean level of each channel.
pub(super) fn means<const CHANNELS: usize>(picture: &Picture) -> [f64; CHANNELS] {
    let mut sums = [0u64; CHANNELS];
    let pixels = picture.pixels().as_chunks::<CHANNELS>().0;
    for pixel in pixels {
        sums.iter_mut().zip(pixel).for_each(|(sum, &level)| *sum += u64::from(level));
    }
    sums.map(|sum| sum as f64 / pixels.len().max(1) as f64)
}
