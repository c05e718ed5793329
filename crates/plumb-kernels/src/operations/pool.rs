//! Pooling of images.

use burn::backend::flex::FlexTensor;
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Tensor, module};
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::channels_last::{channels_first, channels_last};
use crate::operation::{Operation, apply, array, extents, on_cpu, operand, values};
use crate::vector::vectorized;

/// A window that moves over images; its padding never wins a maximum and counts as zeros in an average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Height and width of the window.
    pub kernel: [usize; 2],
    /// Pixels from one place of the window to the next.
    pub stride: [usize; 2],
    /// Pixels added on both sides of each axis; at most half the window.
    pub padding: [usize; 2],
}

/// The largest entry under each window, for each channel; NaN if there is one.
///
/// # Shapes
/// `[batch, channels, height, width]` to the same with the window's places as height and width.
pub fn max_pool(input: Tensor<4>, pool: Pool) -> Tensor<4> {
    if !on_cpu(&input) {
        let padding = pool.padding.map(|side| (side, side));
        let options = MaxPoolOptions { stride: pool.stride, padding, ..MaxPoolOptions::new(pool.kernel) };
        return module::max_pool2d(input, options);
    }
    apply(Max(pool), [operand(input)]).0
}

/// The mean under each window, zeros of the padding included, for each channel.
///
/// # Shapes
/// As [`max_pool`].
pub fn average_pool(input: Tensor<4>, pool: Pool) -> Tensor<4> {
    if !on_cpu(&input) {
        let padding = pool.padding.map(|side| (side, side));
        let options = AvgPoolOptions { stride: pool.stride, padding, ..AvgPoolOptions::new(pool.kernel) };
        return module::avg_pool2d(input, options);
    }
    apply(Average(pool), [operand(input)]).0
}

/// The mean over all pixels, for each channel.
///
/// # Shapes
/// `[batch, channels, height, width]` to `[batch, channels]`.
pub fn global_average(input: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = input.dims();
    let pool = Pool { kernel: [height.max(1), width.max(1)], stride: [1, 1], padding: [0, 0] };
    average_pool(input, pool).reshape([batch, channels])
}

/// Extents, channels last.
#[derive(Debug, Clone, Copy)]
struct Extents {
    batch: usize,
    size: [usize; 2],
    output: [usize; 2],
    channels: usize,
}

impl Pool {
    fn extents(&self, images: &FlexTensor) -> Extents {
        let shape = extents(images);
        let size = [shape[2], shape[3]];
        let places = |axis: usize| {
            (size[axis] + 2 * self.padding[axis])
                .checked_sub(self.kernel[axis])
                .map_or(0, |room| room / self.stride[axis] + 1)
        };
        Extents { batch: shape[0], size, output: [places(0), places(1)], channels: shape[1] }
    }

    /// Calls `at(tap, pixel)` for each input pixel of an image that lies under the window at `place`.
    #[inline(always)]
    fn under(&self, of: &Extents, place: usize, mut at: impl FnMut(usize, usize)) {
        let (y, x) = (place / of.output[1] * self.stride[0], place % of.output[1] * self.stride[1]);
        for tap_y in 0..self.kernel[0] {
            let Some(row) = (y + tap_y).checked_sub(self.padding[0]).filter(|&row| row < of.size[0]) else {
                continue;
            };
            for tap_x in 0..self.kernel[1] {
                let column = (x + tap_x).checked_sub(self.padding[1]).filter(|&column| column < of.size[1]);
                if let Some(column) = column {
                    at(tap_y * self.kernel[1] + tap_x, row * of.size[1] + column);
                }
            }
        }
    }
}

impl Extents {
    fn places(&self) -> usize {
        self.output[0] * self.output[1]
    }

    fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }
}

#[derive(Debug, Clone, Copy)]
struct Max(Pool);

impl Operation<1> for Max {
    /// The input pixel of each output, as its bits.
    type Saved = (Extents, std::sync::Arc<[u32]>);

    fn forward(&self, [input]: [FlexTensor; 1]) -> (FlexTensor, Self::Saved) {
        let of = self.0.extents(&input);
        let images = channels_last(&input);
        let len = (of.places() * of.channels).max(1);
        let mut output = unfilled(of.batch * of.places() * of.channels);
        let mut winners = vec![0u32; output.len()];
        let outputs = output.par_chunks_mut(len).zip(winners.par_chunks_mut(len));
        outputs.zip(values(&images).par_chunks((of.pixels() * of.channels).max(1))).for_each(
            |((output, winners), image)| {
                vectorized(
                    #[inline(always)]
                    || self.image(&of, image, output, winners),
                );
            },
        );
        let [height, width] = of.output;
        (channels_first(&array(output, [of.batch, height, width, of.channels])), (of, winners.into()))
    }

    fn backward(
        &self,
        (of, winners): Self::Saved,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let gradient = channels_last(&gradient);
        let (len, image_len) = ((of.places() * of.channels).max(1), (of.pixels() * of.channels).max(1));
        let mut found = vec![0.0; of.batch * of.pixels() * of.channels];
        let inputs = values(&gradient).par_chunks(len).zip(winners.par_chunks(len));
        found.par_chunks_mut(image_len).zip(inputs).for_each(|(found, (gradient, winners))| {
            for (index, (gradient, &winner)) in gradient.iter().zip(winners).enumerate() {
                found[winner as usize * of.channels + index % of.channels] += gradient;
            }
        });
        let [height, width] = of.size;
        [Some(channels_first(&array(found, [of.batch, height, width, of.channels])))]
    }
}

impl Max {
    #[inline(always)]
    fn image(&self, of: &Extents, image: &[f32], output: &mut [f32], winners: &mut [u32]) {
        let channels = of.channels;
        let places = output.chunks_exact_mut(channels).zip(winners.chunks_exact_mut(channels));
        for (place, (tops, winners)) in places.enumerate() {
            let mut first = true;
            self.0.under(
                of,
                place,
                #[inline(always)]
                |_, pixel| {
                    let input = &image[pixel * channels..][..channels];
                    for ((top, winner), &value) in tops.iter_mut().zip(winners.iter_mut()).zip(input) {
                        let wins = first || value > *top || value.is_nan();
                        *top = if wins { value } else { *top };
                        *winner = if wins { pixel as u32 } else { *winner };
                    }
                    first = false;
                },
            );
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Average(Pool);

impl Operation<1> for Average {
    type Saved = Extents;

    fn forward(&self, [input]: [FlexTensor; 1]) -> (FlexTensor, Extents) {
        let of = self.0.extents(&input);
        let images = channels_last(&input);
        let scale = self.scale();
        let mut output = vec![0.0; of.batch * of.places() * of.channels];
        let outputs = output.par_chunks_mut((of.places() * of.channels).max(1));
        outputs.zip(values(&images).par_chunks((of.pixels() * of.channels).max(1))).for_each(
            |(output, image)| {
                vectorized(
                    #[inline(always)]
                    || {
                        for (place, sums) in output.chunks_exact_mut(of.channels).enumerate() {
                            self.0.under(
                                &of,
                                place,
                                #[inline(always)]
                                |_, pixel| {
                                    let input = &image[pixel * of.channels..][..of.channels];
                                    sums.iter_mut().zip(input).for_each(|(sum, value)| *sum += value);
                                },
                            );
                            sums.iter_mut().for_each(|sum| *sum *= scale);
                        }
                    },
                );
            },
        );
        let [height, width] = of.output;
        (channels_first(&array(output, [of.batch, height, width, of.channels])), of)
    }

    fn backward(&self, of: Extents, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let gradient = channels_last(&gradient);
        let scale = self.scale();
        let mut found = vec![0.0; of.batch * of.pixels() * of.channels];
        let images = found.par_chunks_mut((of.pixels() * of.channels).max(1));
        images.zip(values(&gradient).par_chunks((of.places() * of.channels).max(1))).for_each(
            |(found, gradient)| {
                vectorized(
                    #[inline(always)]
                    || {
                        for (place, slopes) in gradient.chunks_exact(of.channels).enumerate() {
                            self.0.under(
                                &of,
                                place,
                                #[inline(always)]
                                |_, pixel| {
                                    let sums = &mut found[pixel * of.channels..][..of.channels];
                                    sums.iter_mut()
                                        .zip(slopes)
                                        .for_each(|(sum, slope)| *sum += slope * scale);
                                },
                            );
                        }
                    },
                );
            },
        );
        let [height, width] = of.size;
        [Some(channels_first(&array(found, [of.batch, height, width, of.channels])))]
    }
}

impl Average {
    fn scale(&self) -> f32 {
        1.0 / (self.0.kernel[0] * self.0.kernel[1]).max(1) as f32
    }
}
