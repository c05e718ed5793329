//! Softer: torchvision's `gaussian_blur` with a kernel that reaches three deviations, edges mirrored.

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::augment::border::reflect;
use crate::pictures::Picture;

/// Past a deviation of a pixel the gaps of small characters close.
const READABLE: f64 = 1.0;

/// See the module.
pub(super) const OPERATION: Operation = Operation {
    name: "blur",
    summary: "blurs by a Gaussian, as torchvision's gaussian_blur with 2 * ceil(3 * deviation) + 1 points",
    magnitude: Some(Magnitude { least: 0.0, greatest: 16.0, unchanged: 0.0, unit: "pixels of deviation" }),
    keeps: Keeps { text: Text::Within(READABLE), ..Keeps::ALL },
    effect: Effect::Pixels(blurred),
};

/// Separable: each row is first summed over the rows about it, then over the columns, in 32-bit floats of one row.
/// Costs two multiplications a point of the kernel for each byte, all of them in vectors.
fn blurred(picture: &mut Picture, deviation: f64, _: plumb_ledger::Stream) {
    let kernel = kernel(deviation);
    let radius = kernel.len() / 2;
    let (width, height, channels) = (picture.width(), picture.height(), picture.channels().count());
    let length = width * channels;
    let before = picture.pixels().to_vec();
    let mut sums = vec![0.0f32; length + 2 * radius * channels];
    let mut blurred = vec![0.0f32; length];
    for (y, out) in picture.pixels_mut().chunks_exact_mut(length).enumerate() {
        let row = &mut sums[radius * channels..][..length];
        row.fill(0.0);
        for (tap, &factor) in kernel.iter().enumerate() {
            let from = reflect((y + tap) as isize - radius as isize, height) * length;
            add(row, factor, before[from..from + length].iter().map(|&level| f32::from(level)));
        }
        mirror(&mut sums, width, channels, radius);
        blurred.fill(0.0);
        for (tap, &factor) in kernel.iter().enumerate() {
            add(&mut blurred, factor, sums[tap * channels..].iter().copied());
        }
        out.iter_mut().zip(&blurred).for_each(|(level, &sum)| *level = sum.round_ties_even() as u8);
    }
}

/// `sums += factor * values`.
fn add(sums: &mut [f32], factor: f32, values: impl Iterator<Item = f32>) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}

/// Puts the mirrored pixels before and behind a row that has `radius` pixels of room on both sides.
fn mirror(row: &mut [f32], width: usize, channels: usize, radius: usize) {
    let beyond = (0..radius).chain(radius + width..width + 2 * radius);
    for at in beyond {
        let from = reflect(at as isize - radius as isize, width) + radius;
        row.copy_within(from * channels..(from + 1) * channels, at * channels);
    }
}

/// The normal density at whole distances, summing to 1.
fn kernel(deviation: f64) -> Vec<f32> {
    let radius = (3.0 * deviation).ceil() as i32;
    let density = |at: i32| (-0.5 * (f64::from(at) / deviation).powi(2)).exp();
    let sum: f64 = (-radius..=radius).map(density).sum();
    (-radius..=radius).map(|at| (density(at) / sum) as f32).collect()
}
