//! Convolution of images of bytes, channels last.

use rayon::prelude::*;

use super::finish::{Finish, Target};
use super::product::{All, roomy};
use super::tile::Run;
use super::unit::Unit;
use super::{LONGEST, STEPS, WIDTH, Weights, depthwise};
use crate::buffer::unfilled_bytes;
use crate::conv::ConvShape;

/// The filters of a convolution, packed once; images of any number and size may follow.
#[derive(Debug, Clone)]
pub struct ByteConv {
    shape: ConvShape,
    weights: Filters,
}

#[derive(Debug, Clone)]
enum Filters {
    Panels(Weights),
    Depthwise(depthwise::Taps),
}

impl ByteConv {
    /// Packs `weight`, `[filters, channels / groups, kernel height, kernel width]`. The batch and the image size of `shape` do not matter
    /// here. None where the weight has another extent, the layer does not exist or its sums could be too long for 32 bits.
    pub fn new(shape: &ConvShape, weight: &[i8]) -> Option<Self> {
        shape.check_layer().ok()?;
        let (channels, filters, taps) = (shape.group_channels(), shape.group_filters(), shape.taps());
        if weight.len() != shape.filters * channels * taps || channels * taps > LONGEST || shape.groups == 0 {
            return None;
        }
        if shape.groups > 1 && channels == 1 && filters == 1 {
            return Some(Self {
                shape: *shape,
                weights: Filters::Depthwise(depthwise::Taps::new(shape, weight)),
            });
        }
        let lens = vec![run_len(shape); if joined(shape) { shape.kernel[0] } else { taps }];
        let packed = Weights::packed(shape.groups, filters, &lens, |group, filter, run, step| {
            let (tap, channel) = if joined(shape) {
                (run * shape.kernel[1] + step / channels, step % channels)
            } else {
                (run, step)
            };
            weight[((group * filters + filter) * channels + channel) * taps + tap]
        });
        Some(Self { shape: *shape, weights: Filters::Panels(packed) })
    }

    /// The convolution of `batch` images of `size`: its extents, or why there is none.
    pub fn shape(&self, batch: usize, size: [usize; 2]) -> Result<ConvShape, crate::conv::ConvError> {
        let shape = ConvShape { batch, size, ..self.shape };
        shape.check()?;
        Ok(shape)
    }

    /// `finish(convolution)`, `[batch, height, width, filters]`, of images `[batch, height, width, channels]` around which stands `zero`, the
    /// byte of 0. Panics where a slice does not have the extent of `shape`, which [`Self::shape`] has made.
    pub fn run(&self, shape: &ConvShape, input: &[u8], zero: u8, finish: &Finish<'_>, target: Target<'_>) {
        self.run_on(Unit::best(), shape, input, zero, finish, target);
    }

    pub(super) fn run_on(
        &self,
        unit: Unit,
        shape: &ConvShape,
        input: &[u8],
        zero: u8,
        finish: &Finish<'_>,
        mut target: Target<'_>,
    ) {
        assert!(
            input.len() == shape.input_len() && target.len() == shape.output_len(),
            "images of other extents"
        );
        finish.check(shape.filters, target.len());
        let size = [0, 1].map(|axis| shape.size[axis] + 2 * shape.padding[axis]);
        let is_depthwise = matches!(self.weights, Filters::Depthwise(_));
        let padded;
        let images = if size == shape.size && !is_depthwise {
            padded = roomy(input, run_len(shape));
            padded.as_ref()
        } else {
            padded = pad(shape, input, zero).into();
            padded.as_ref()
        };
        let target = target.shared();
        let (row, [height, width]) = (size[1] * shape.channels, shape.output());
        let corner = |pixel: usize| {
            let (image, y, x) = (pixel / width / height, pixel / width % height, pixel % width);
            (image * size[0] + y * shape.stride[0]) * row + x * shape.stride[1] * shape.channels
        };
        match &self.weights {
            Filters::Depthwise(taps) => {
                let offsets = taps.offsets(shape, row);
                taps.run(shape, images, &offsets, zero, finish, &target, corner);
            }
            Filters::Panels(weights) => {
                let runs = runs(shape, row);
                let all = All {
                    unit,
                    a: images,
                    zero,
                    weights,
                    groups: shape.groups,
                    runs: &runs,
                    rows: shape.pixels(),
                    finish,
                    target: &target,
                };
                all.compute(|pixel, group| corner(pixel) + group * shape.group_channels());
            }
        }
    }
}

/// Whether the taps of a kernel row and their channels are neighbours in memory.
fn joined(shape: &ConvShape) -> bool {
    shape.groups == 1 && shape.dilation[1] == 1
}

/// Bytes of a run: a row of the kernel, or one tap.
fn run_len(shape: &ConvShape) -> usize {
    if joined(shape) { shape.kernel[1] * shape.channels } else { shape.group_channels() }
}

fn runs(shape: &ConvShape, row: usize) -> Vec<Run> {
    let steps = run_len(shape).div_ceil(STEPS);
    let across = if joined(shape) { 1 } else { shape.kernel[1] };
    let run = |index: usize| {
        let (y, x) = (index / across, index % across);
        let a = y * shape.dilation[0] * row + x * shape.dilation[1] * shape.channels;
        Run { a, b: index * steps * STEPS * WIDTH, steps }
    };
    (0..shape.kernel[0] * across).map(run).collect()
}

/// The images with a margin of `zero`, and room behind them for reads past the last pixel. Each byte is written once, rows by tasks.
fn pad(shape: &ConvShape, input: &[u8], zero: u8) -> Vec<u8> {
    /// Bytes of one task.
    const TASK: usize = 1 << 16;
    let size = [0, 1].map(|axis| shape.size[axis] + 2 * shape.padding[axis]);
    let (old_row, new_row) = (shape.size[1] * shape.channels, size[1] * shape.channels);
    let len = shape.batch * size[0] * new_row;
    let mut padded = unfilled_bytes(len + WIDTH);
    padded[len..].fill(zero);
    let left = shape.padding[1] * shape.channels;
    let rows = (TASK / new_row.max(1)).max(1);
    let fill = |(task, padded): (usize, &mut [u8])| {
        for (index, row) in padded.chunks_exact_mut(new_row.max(1)).enumerate() {
            let (image, y) = ((task * rows + index) / size[0], (task * rows + index) % size[0]);
            let Some(y) = y.checked_sub(shape.padding[0]).filter(|&y| y < shape.size[0]) else {
                row.fill(zero);
                continue;
            };
            row[..left].fill(zero);
            row[left + old_row..].fill(zero);
            row[left..left + old_row]
                .copy_from_slice(&input[(image * shape.size[0] + y) * old_row..][..old_row]);
        }
    };
    let tasks = padded[..len].par_chunks_mut((rows * new_row).max(1)).enumerate();
    tasks.for_each(fill);
    padded
}
