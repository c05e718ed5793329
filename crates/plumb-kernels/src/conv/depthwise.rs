//! Convolution with one channel and one filter a group: no product, but as many passes over the pixel as taps.

use rayon::prelude::*;

use super::pad::{Images, pad};
use super::shape::ConvShape;
use crate::buffer::unfilled;
use crate::vector::vectorized;

/// Channels whose sums are held in registers.
const LANES: usize = 32;

/// Whether these loops are the ones for the shape.
pub(super) fn suits(shape: &ConvShape) -> bool {
    shape.groups > 1 && shape.channels == shape.groups && shape.filters == shape.groups
}

/// Where the taps of the output row `y` begin in a padded image, with the tap's number.
fn taps(shape: &ConvShape, row: usize) -> Vec<(usize, usize)> {
    let mut taps = Vec::new();
    for y in 0..shape.kernel[0] {
        for x in 0..shape.kernel[1] {
            let at = y * shape.dilation[0] * row + x * shape.dilation[1] * shape.channels;
            taps.push((y * shape.kernel[1] + x, at));
        }
    }
    taps
}

/// `[taps, channels]` from `[channels, taps]`.
pub(super) fn taps_first(shape: &ConvShape, weight: &[f32]) -> Vec<f32> {
    let count = shape.taps();
    (0..weight.len()).map(|i| weight[i % shape.channels * count + i / shape.channels]).collect()
}

/// The output, as [`super::direct::forward`].
pub(super) fn forward(shape: &ConvShape, input: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    forward_packed(shape, input, &taps_first(shape, weight), bias)
}

/// As [`forward`], of taps that [`taps_first`] has put in order.
pub(super) fn forward_packed(
    shape: &ConvShape,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let images = Images { values: input, size: shape.size, channels: shape.channels };
    let (padded, size) = pad(images, shape.padding, shape.padding);
    let (row, channels) = (size[1] * shape.channels, shape.channels);
    let [height, width] = shape.output();
    let taps = taps(shape, row);
    let mut output = unfilled(shape.output_len());
    output.par_chunks_mut((width * channels).max(1)).enumerate().for_each(|(line, pixels)| {
        let top = (line / height * size[0] + line % height * shape.stride[0]) * row;
        vectorized(
            #[inline(always)]
            || {
                for (x, sums) in pixels.chunks_exact_mut(channels).enumerate() {
                    let corner = &padded[top + x * shape.stride[1] * channels..];
                    let (panels, rest) = sums.as_chunks_mut::<LANES>();
                    let first = panels.len() * LANES;
                    for (panel, sums) in panels.iter_mut().enumerate() {
                        let at = panel * LANES;
                        // In registers until all taps are added.
                        let mut held = [0.0f32; LANES];
                        start(&mut held, bias.map(|bias| &bias[at..at + LANES]));
                        for &(tap, under) in &taps {
                            let (input, weight) = (&corner[under + at..], &weight[tap * channels + at..]);
                            add_products(&mut held, &input[..LANES], &weight[..LANES]);
                        }
                        *sums = held;
                    }
                    start(rest, bias.map(|bias| &bias[first..]));
                    for &(tap, under) in &taps {
                        let (input, weight) = (&corner[under + first..], &weight[tap * channels + first..]);
                        add_products(rest, &input[..rest.len()], &weight[..rest.len()]);
                    }
                }
            },
        );
    });
    output
}

/// The gradient of the input, as [`super::direct::input_gradient`]; each image by one thread.
pub(super) fn input_gradient(shape: &ConvShape, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
    let channels = shape.channels;
    let [height, width] = shape.output();
    let size = [0, 1].map(|axis| shape.size[axis] + 2 * shape.padding[axis]);
    let (row, weight) = (size[1] * channels, taps_first(shape, weight));
    let taps = taps(shape, row);
    let mut input = unfilled(shape.input_len());
    let (image_len, lines) = (shape.size[0] * shape.size[1] * channels, height * width * channels);
    input.par_chunks_mut(image_len.max(1)).zip(gradient.par_chunks(lines.max(1))).for_each(
        |(image, gradient)| {
            let mut padded = vec![0.0; size[0] * row];
            vectorized(
                #[inline(always)]
                || {
                    for (pixel, gradient) in gradient.chunks_exact(channels).enumerate() {
                        let at = pixel / width * shape.stride[0] * row
                            + pixel % width * shape.stride[1] * channels;
                        for &(tap, under) in &taps {
                            let sums = &mut padded[at + under..][..channels];
                            add_products(sums, gradient, &weight[tap * channels..][..channels]);
                        }
                    }
                },
            );
            for (y, line) in image.chunks_exact_mut(shape.size[1] * channels).enumerate() {
                let from = (y + shape.padding[0]) * row + shape.padding[1] * channels;
                line.copy_from_slice(&padded[from..from + line.len()]);
            }
        },
    );
    input
}

/// The gradient of the weight, as [`super::direct::weight_gradient`]: a sum for each image, added in their order.
pub(super) fn weight_gradient(shape: &ConvShape, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let images = Images { values: input, size: shape.size, channels: shape.channels };
    let (padded, size) = pad(images, shape.padding, shape.padding);
    let (row, channels) = (size[1] * shape.channels, shape.channels);
    let [height, width] = shape.output();
    let taps = taps(shape, row);
    let count = shape.taps();
    let mut sums = vec![0.0; shape.batch * count * channels];
    sums.par_chunks_mut((count * channels).max(1)).enumerate().for_each(|(image, sums)| {
        vectorized(
            #[inline(always)]
            || {
                let padded = &padded[image * size[0] * row..];
                let gradient = &gradient[image * height * width * channels..][..height * width * channels];
                for (pixel, gradient) in gradient.chunks_exact(channels).enumerate() {
                    let at =
                        pixel / width * shape.stride[0] * row + pixel % width * shape.stride[1] * channels;
                    for &(tap, under) in &taps {
                        let sums = &mut sums[tap * channels..][..channels];
                        add_products(sums, &padded[at + under..][..channels], gradient);
                    }
                }
            },
        );
    });
    let mut weight = vec![0.0; shape.weight_len()];
    for sums in sums.chunks_exact((count * channels).max(1)) {
        for (index, sum) in sums.iter().enumerate() {
            weight[index % channels * count + index / channels] += sum;
        }
    }
    weight
}

/// The bias, or zeros.
#[inline(always)]
fn start(sums: &mut [f32], bias: Option<&[f32]>) {
    match bias {
        Some(bias) => sums.copy_from_slice(bias),
        None => sums.fill(0.0),
    }
}

#[inline(always)]
fn add_products(sums: &mut [f32], left: &[f32], right: &[f32]) {
    for ((sum, left), right) in sums.iter_mut().zip(left).zip(right) {
        *sum += left * right;
    }
}
