//! A rectangle of noise: random erasing (Zhong et al. 2020), rectangles as torchvision's `RandomErasing`, bytes uniform.

use plumb_ledger::Stream;

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::crop::Parts;
use crate::pictures::Picture;

/// The least share of the area, and the ratios of height to width, as torchvision has them.
const LEAST: f64 = 0.02;
const RATIO: [f64; 2] = [0.3, 3.3];
/// Sub-streams: where the rectangle lies, what it is filled with.
const PLACE: u64 = 0;
const BYTES: u64 = 1;

/// A character may be what is erased.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "erase",
    summary: "fills a random rectangle of up to this share with noise, as torchvision's RandomErasing",
    magnitude: Some(Magnitude { least: 0.0, greatest: 1.0, unchanged: 0.0, unit: "shares of the area" }),
    keeps: Keeps { text: Text::Changed, ..Keeps::SHAPES },
    effect: Effect::Pixels(erased),
};

/// Writes the rectangle only. Without a rectangle that fits in ten tries the picture stays, as in torchvision.
fn erased(picture: &mut Picture, most: f64, stream: Stream) {
    let parts = Parts { scale: [LEAST.min(most), most], ratio: RATIO };
    let Some(rect) = parts.fitting(picture.width(), picture.height(), stream.at(PLACE)) else { return };
    let channels = picture.channels().count();
    let length = picture.width() * channels;
    let (left, wide) = (rect.left as usize * channels, rect.width as usize * channels);
    let rows = picture.pixels_mut().chunks_exact_mut(length);
    let bytes = stream.at(BYTES);
    for (y, row) in rows.skip(rect.top as usize).take(rect.height as usize).enumerate() {
        for (index, eight) in row[left..left + wide].chunks_mut(8).enumerate() {
            let noise = bytes.at(y as u64).bits(index as u64).to_le_bytes();
            eight.copy_from_slice(&noise[..eight.len()]);
        }
    }
}
