//! Sharper and softer: Pillow's `ImageEnhance.Sharpness` at 1 + magnitude, away from `ImageFilter.SMOOTH`.

use super::{Effect, Keeps, Magnitude, Operation};
use crate::augment::blend::Blend;
use crate::pictures::Picture;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "sharpness",
    summary: "sharper or softer by this share, as Pillow's ImageEnhance.Sharpness",
    magnitude: Some(Magnitude { least: -1.0, greatest: 1.0, unchanged: 0.0, unit: "shares more or less" }),
    keeps: Keeps::ALL,
    effect: Effect::Pixels(sharpened),
};

/// The pixels at the edges stay, as in Pillow. Two passes: a copy, and one over three rows at a time whose sums
/// of columns are kept in a row of 16-bit numbers.
fn sharpened(picture: &mut Picture, more: f64, _: plumb_ledger::Stream) {
    let (channels, blend) = (picture.channels().count(), Blend::new(1.0 + more));
    let (length, height) = (picture.width() * channels, picture.height());
    if picture.width() < 3 || height < 3 {
        return;
    }
    let before = picture.pixels().to_vec();
    let rows: Vec<&[u8]> = before.chunks_exact(length).collect();
    let mut columns = vec![0u16; length];
    for (three, out) in rows.windows(3).zip(picture.pixels_mut()[length..].chunks_exact_mut(length)) {
        for (((sum, &upper), &middle), &lower) in columns.iter_mut().zip(three[0]).zip(three[1]).zip(three[2])
        {
            *sum = u16::from(upper) + u16::from(middle) + u16::from(lower);
        }
        smooth(&columns, three[1], channels, blend, &mut out[channels..length - channels]);
    }
}

/// A row without its first and last pixel: the eight neighbours count 1, the pixel itself 5, of 13.
fn smooth(columns: &[u16], middle: &[u8], channels: usize, blend: Blend, out: &mut [u8]) {
    let (left, right) = (&columns[..out.len()], &columns[2 * channels..]);
    let own = columns[channels..].iter().zip(&middle[channels..]);
    for ((value, (&left, &right)), (&column, &level)) in out.iter_mut().zip(left.iter().zip(right)).zip(own) {
        // At most 3321, and 13 is odd: adding 6 rounds to the nearest.
        let smooth = (left + column + right + 4 * u16::from(level) + 6) / 13;
        *value = blend.level(smooth as u8, level);
    }
}
