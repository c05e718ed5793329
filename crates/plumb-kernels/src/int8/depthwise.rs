//! Convolution with one channel and one filter a group: as many passes over the pixel as taps.

use rayon::prelude::*;

use super::WIDTH;
use super::finish::{Finish, Place};
use super::tile::{ROWS, Sums};
use crate::conv::ConvShape;
use crate::vector::vectorized;

/// The taps of all channels.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    /// `[panel][tap][channel in panel]`, widened once.
    weights: Vec<[i32; WIDTH]>,
    /// The sum of a channel's taps, in panels.
    sums: Vec<[i32; WIDTH]>,
    /// Taps of a channel.
    count: usize,
}

impl Taps {
    /// Of `[channels, 1, kernel height, kernel width]`.
    pub(super) fn new(shape: &ConvShape, weight: &[i8]) -> Self {
        let (taps, panels) = (shape.taps(), shape.channels.div_ceil(WIDTH));
        let mut weights = vec![[0; WIDTH]; panels * taps];
        let mut sums = vec![[0; WIDTH]; panels];
        for (index, &weight) in weight.iter().enumerate() {
            let (channel, tap) = (index / taps, index % taps);
            weights[channel / WIDTH * taps + tap][channel % WIDTH] = i32::from(weight);
            sums[channel / WIDTH][channel % WIDTH] += i32::from(weight);
        }
        Self { weights, sums, count: taps }
    }

    /// Where taps lie from the first one on in a padded image whose rows have `row` bytes.
    pub(super) fn offsets(&self, shape: &ConvShape, row: usize) -> Vec<usize> {
        let at = |tap: usize| {
            let (y, x) = (tap / shape.kernel[1], tap % shape.kernel[1]);
            y * shape.dilation[0] * row + x * shape.dilation[1] * shape.channels
        };
        (0..self.count).map(at).collect()
    }

    /// `corner(pixel)` tells where a pixel's first tap begins; [`WIDTH`] bytes follow the images.
    #[expect(
        clippy::too_many_arguments,
        reason = "the extents, the operands and the result of a convolution"
    )]
    pub(super) fn run(
        &self,
        shape: &ConvShape,
        images: &[u8],
        offsets: &[usize],
        zero: u8,
        finish: &Finish<'_>,
        target: &Place<'_>,
        corner: impl Fn(usize) -> usize + Sync,
    ) {
        let [height, width] = shape.output();
        (0..shape.batch * height).into_par_iter().for_each(|line| {
            let pixels = line * width..(line + 1) * width;
            let mut all: Sums = [[0; WIDTH]; ROWS];
            for (panel, sums) in self.sums.iter().enumerate() {
                let (first, weights) = (panel * WIDTH, &self.weights[panel * self.count..][..self.count]);
                let correction = sums.map(|sum| sum.wrapping_mul(i32::from(zero)));
                let columns = finish.columns(first, WIDTH.min(shape.channels - first), correction);
                for pixel in pixels.clone().step_by(ROWS) {
                    let rows = ROWS.min(pixels.end - pixel);
                    vectorized(
                        #[inline(always)]
                        || {
                            for (row, sums) in all[..rows].iter_mut().enumerate() {
                                *sums = pixel_sums(&images[corner(pixel + row) + first..], offsets, weights);
                            }
                        },
                    );
                    let at = [pixel * shape.channels + first, shape.channels];
                    // SAFETY: tasks differ in their row of pixels.
                    #[expect(unsafe_code, reason = "the target is shared among threads")]
                    unsafe {
                        finish.store(&all, rows, &columns, at, target);
                    }
                }
            }
        });
    }
}

#[inline(always)]
fn pixel_sums(image: &[u8], offsets: &[usize], weights: &[[i32; WIDTH]]) -> [i32; WIDTH] {
    let mut sums = [0i32; WIDTH];
    for (offset, weights) in offsets.iter().zip(weights) {
        let bytes = &image[*offset..*offset + WIDTH];
        for ((sum, byte), weight) in sums.iter_mut().zip(bytes).zip(weights) {
            *sum += i32::from(*byte) * weight;
        }
    }
    sums
}
