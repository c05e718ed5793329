//! Convolution without a copy of the patches: the inner loop of products walks over the padded images.
//!
//! Images are channels last, so that the taps of a kernel row are neighbours in memory. Operations are those of the
//! definition, `2 * pixels * filters * channels / groups * taps` for each of the three passes; memory is read once
//! for each block of filters.

use rayon::prelude::*;

use super::packed::Packed;
use super::pad::{Images, pad};
use super::shape::ConvShape;
use crate::buffer::{Shared, unfilled};
use crate::product::{Block, Place, Run, Start, panel_width};

/// Output pixels of one task: their patches stay in the second-level cache while the filters go by.
const PIXELS: usize = 64;

/// The output, `[batch, height, width, filters]`.
///
/// # Shapes
/// `input` is `[batch, height, width, channels]`, `weight` `[filters, channels / groups, kernel height, kernel width]`.
pub(super) fn forward(shape: &ConvShape, input: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    forward_packed(shape, input, &pack(shape, weight), bias)
}

/// The filters as [`forward_packed`] takes them, for images of any number and size.
pub(super) fn pack(shape: &ConvShape, weight: &[f32]) -> Packed {
    let (channels, filters) = (shape.group_channels(), shape.group_filters());
    let taps: Vec<usize> = (0..shape.taps()).collect();
    Packed::weight(weight, shape.groups, filters, [channels, shape.taps()], &taps, |group, filter| {
        (group * filters + filter) * channels * shape.taps()
    })
}

/// As [`forward`].
pub(super) fn forward_packed(
    shape: &ConvShape,
    input: &[f32],
    packed: &Packed,
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let (padded, size) = pad(images(shape, input), shape.padding, shape.padding);
    let (channels, filters) = (shape.group_channels(), shape.group_filters());
    let row = size[1] * shape.channels;
    let [height, width] = shape.output();
    let runs = forward_runs(shape, row);
    let mut output = unfilled(shape.output_len());
    let shared = Shared::new(&mut output);
    let wide = columns_at_once(shape);
    let across = filters.div_ceil(wide);
    tasks(shape.pixels(), shape.groups * across).for_each(|(first, part)| {
        let (group, column) = (part / across, part % across * wide);
        let block = Block {
            a: &padded,
            a_step: 1,
            panels: &packed.of(group)[column / panel_width() * packed.panel_len..],
            panel_len: packed.panel_len,
            runs: &runs,
            rows: PIXELS.min(shape.pixels() - first),
            place: |i| {
                let (image, y, x) = split(first + i, height, width);
                let (top, left) =
                    (image * size[0] + y * shape.stride[0], x * shape.stride[1] * shape.channels);
                Place {
                    a: top * row + left + group * channels,
                    c: (first + i) * shape.filters + group * filters + column,
                }
            },
            columns: wide.min(filters - column),
            start: bias.map_or(Start::Zero, |bias| Start::Row(&bias[group * filters + column..])),
            c: &shared,
        };
        // SAFETY: tasks differ in their pixels or in their filters.
        #[expect(unsafe_code, reason = "the result is shared among threads")]
        unsafe {
            block.compute();
        }
    });
    output
}

/// Filters of one task: all of a group, fewer where there would be few tasks.
fn columns_at_once(shape: &ConvShape) -> usize {
    /// Tasks that are enough.
    const TASKS: usize = 8;
    let panels = shape.group_filters().div_ceil(panel_width()).max(1);
    let blocks = shape.pixels().div_ceil(PIXELS) * shape.groups;
    let mut wide = panels;
    while wide > 1 && blocks * panels.div_ceil(wide) < TASKS {
        wide = wide.div_ceil(2);
    }
    wide * panel_width()
}

/// A run for each kernel row where its taps and their channels are neighbours, else one for each tap.
fn forward_runs(shape: &ConvShape, row: usize) -> Vec<Run> {
    let (channels, width) = (shape.group_channels(), panel_width());
    let joined = shape.groups == 1 && shape.dilation[1] == 1;
    let mut runs = Vec::new();
    for y in 0..shape.kernel[0] {
        let taps = if joined { 1 } else { shape.kernel[1] };
        for x in 0..taps {
            runs.push(Run {
                a: y * shape.dilation[0] * row + x * shape.dilation[1] * shape.channels,
                b: (y * shape.kernel[1] + x) * channels * width,
                len: if joined { shape.kernel[1] * channels } else { channels },
            });
        }
    }
    runs
}

/// The gradient of the input, `[batch, height, width, channels]`, from that of the output.
///
/// A stride splits the pixels of the input into phases; each is a convolution of the output's gradient with the taps
/// that reach it, so no operation is spent on zeros between the pixels.
pub(super) fn input_gradient(shape: &ConvShape, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
    let mut input = unfilled(shape.input_len());
    let shared = Shared::new(&mut input);
    for y in 0..shape.stride[0].min(shape.size[0]) {
        for x in 0..shape.stride[1].min(shape.size[1]) {
            phase(shape, [y, x], gradient, weight, &shared);
        }
    }
    input
}

/// Along one axis: the taps that reach the input pixels `phase + stride * i`, with the output pixel minus `i`.
fn reach(shape: &ConvShape, axis: usize, phase: usize) -> Vec<(usize, isize)> {
    let stride = shape.stride[axis] as isize;
    let from = |tap: usize| (phase + shape.padding[axis]) as isize - (tap * shape.dilation[axis]) as isize;
    let taps = (0..shape.kernel[axis]).filter(|&tap| from(tap).rem_euclid(stride) == 0);
    taps.map(|tap| (tap, from(tap).div_euclid(stride))).collect()
}

fn phase(shape: &ConvShape, at: [usize; 2], gradient: &[f32], weight: &[f32], input: &Shared<'_>) {
    let (channels, filters) = (shape.group_channels(), shape.group_filters());
    let taps = [0, 1].map(|axis| reach(shape, axis, at[axis]));
    let count = [0, 1].map(|axis| (shape.size[axis] - at[axis]).div_ceil(shape.stride[axis]));
    let output = shape.output();
    let before = [0, 1].map(|axis| taps[axis].iter().map(|tap| (-tap.1).max(0) as usize).max().unwrap_or(0));
    let after = [0, 1].map(|axis| {
        let past =
            |tap: &(usize, isize)| (count[axis] as isize + tap.1 - output[axis] as isize).max(0) as usize;
        taps[axis].iter().map(past).max().unwrap_or(0)
    });
    let images = Images { values: gradient, size: output, channels: shape.filters };
    let (padded, size) = pad(images, before, after);
    let row = size[1] * shape.filters;
    let reached: Vec<usize> =
        taps[0].iter().flat_map(|y| taps[1].iter().map(move |x| y.0 * shape.kernel[1] + x.0)).collect();
    let filter_len = channels * shape.taps();
    let packed =
        Packed::weight(weight, shape.groups, channels, [filters, filter_len], &reached, |group, channel| {
            group * filters * filter_len + channel * shape.taps()
        });
    let offset = |axis: usize, tap: isize| (tap + before[axis] as isize) as usize;
    let places = taps[0].iter().flat_map(|y| taps[1].iter().map(move |x| (y.1, x.1)));
    let runs: Vec<Run> = places
        .enumerate()
        .map(|(index, (y, x))| Run {
            a: offset(0, y) * row + offset(1, x) * shape.filters,
            b: index * filters * panel_width(),
            len: filters,
        })
        .collect();
    let pixels = shape.batch * count[0] * count[1];
    tasks(pixels, shape.groups).for_each(|(first, group)| {
        let block = Block {
            a: &padded,
            a_step: 1,
            panels: packed.of(group),
            panel_len: packed.panel_len,
            runs: &runs,
            rows: PIXELS.min(pixels - first),
            place: |i| {
                let (image, y, x) = split(first + i, count[0], count[1]);
                let top = image * shape.size[0] + at[0] + y * shape.stride[0];
                let pixel = top * shape.size[1] + at[1] + x * shape.stride[1];
                Place {
                    a: (image * size[0] + y) * row + x * shape.filters + group * filters,
                    c: pixel * shape.channels + group * channels,
                }
            },
            columns: channels,
            start: Start::Zero,
            c: input,
        };
        // SAFETY: tasks differ in their pixels or in their channels.
        #[expect(unsafe_code, reason = "the result is shared among threads")]
        unsafe {
            block.compute();
        }
    });
}

/// The gradient of the weight, `[filters, channels / groups, kernel height, kernel width]`.
///
/// A product whose reduction runs over the pixels: the left rows are the channels under each tap, read in place.
pub(super) fn weight_gradient(shape: &ConvShape, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    /// Rows of one task.
    const ROWS: usize = 96;
    let (padded, size) = pad(images(shape, input), shape.padding, shape.padding);
    let (channels, filters) = (shape.group_channels(), shape.group_filters());
    let (rows, row) = (shape.taps() * channels, size[1] * shape.channels);
    let packed = Packed::pixels(gradient, shape.groups, filters, shape.pixels());
    let runs = pixel_runs(shape, size);
    let mut turned = unfilled(shape.weight_len());
    let shared = Shared::new(&mut turned);
    let width = panel_width();
    let (down, across) = (rows.div_ceil(ROWS), filters.div_ceil(width));
    (0..shape.groups * down * across).into_par_iter().for_each(|task| {
        let (first, panel, group) = (task % down * ROWS, task / down % across, task / down / across);
        // Runs by the dozen, so that the images under them are still in the cache for the next rows.
        for (part, runs) in runs.chunks(runs_at_once(shape, &runs)).enumerate() {
            let block = Block {
                a: &padded,
                a_step: shape.stride[1] * shape.channels,
                panels: &packed.of(group)[panel * packed.panel_len..],
                panel_len: packed.panel_len,
                runs,
                rows: ROWS.min(rows - first),
                place: |i| {
                    let (tap, channel) = ((first + i) / channels, (first + i) % channels);
                    let (y, x) = (
                        tap / shape.kernel[1] * shape.dilation[0],
                        tap % shape.kernel[1] * shape.dilation[1],
                    );
                    Place {
                        a: y * row + x * shape.channels + group * channels + channel,
                        c: (group * rows + first + i) * filters + panel * width,
                    }
                },
                columns: width.min(filters - panel * width),
                start: if part == 0 { Start::Zero } else { Start::Add },
                c: &shared,
            };
            // SAFETY: tasks differ in their group, rows or panel.
            #[expect(unsafe_code, reason = "the result is shared among threads")]
            unsafe {
                block.compute();
            }
        }
    });
    if shape.pixels() == 0 {
        turned.fill(0.0);
    }
    turned_back(shape, &turned)
}

/// From `[groups, taps, channels, filters]` to `[groups, filters, channels, taps]`: a cache line of filters at a time, so
/// that both sides are read and written in whole lines.
fn turned_back(shape: &ConvShape, turned: &[f32]) -> Vec<f32> {
    const LINE: usize = 16;
    let (taps, channels, filters) = (shape.taps(), shape.group_channels(), shape.group_filters());
    let rows = taps * channels;
    let mut weight = unfilled(shape.weight_len());
    let groups =
        weight.par_chunks_mut((rows * filters).max(1)).zip(turned.par_chunks((rows * filters).max(1)));
    groups.for_each(|(weight, turned)| {
        weight.par_chunks_mut(rows * LINE).enumerate().for_each(|(line, weight)| {
            let count = weight.len() / rows;
            for channel in 0..channels {
                for tap in 0..taps {
                    let from = &turned[(tap * channels + channel) * filters + line * LINE..][..count];
                    for (value, weight) in from.iter().zip(weight.chunks_exact_mut(rows)) {
                        weight[channel * taps + tap] = *value;
                    }
                }
            }
        });
    });
    weight
}

/// Runs whose pixels fill the second-level cache.
fn runs_at_once(shape: &ConvShape, runs: &[Run]) -> usize {
    let step = shape.stride[0] * shape.stride[1] * shape.channels + panel_width();
    let bytes = runs.first().map_or(0, |run| run.len) * step * size_of::<f32>();
    ((512 << 10) / bytes.max(1)).max(1)
}

/// A run for each output row; longer ones where the pixels are neighbours throughout.
fn pixel_runs(shape: &ConvShape, size: [usize; 2]) -> Vec<Run> {
    const TOGETHER: usize = 256;
    let [height, width] = shape.output();
    if shape.taps() == 1 && shape.stride == [1, 1] {
        let pixels = shape.pixels();
        let run = |at| Run { a: at * shape.channels, b: at * panel_width(), len: TOGETHER.min(pixels - at) };
        return (0..pixels).step_by(TOGETHER).map(run).collect();
    }
    let run = |row: usize| Run {
        a: (row / height * size[0] + row % height * shape.stride[0]) * size[1] * shape.channels,
        b: row * width * panel_width(),
        len: width,
    };
    (0..shape.batch * height).map(run).collect()
}

fn images<'a>(shape: &ConvShape, input: &'a [f32]) -> Images<'a> {
    Images { values: input, size: shape.size, channels: shape.channels }
}

/// Image, row and column of a pixel.
fn split(pixel: usize, height: usize, width: usize) -> (usize, usize, usize) {
    (pixel / width / height, pixel / width % height, pixel % width)
}

/// The first pixel and the group of each task.
fn tasks(pixels: usize, groups: usize) -> impl ParallelIterator<Item = (usize, usize)> {
    let blocks = pixels.div_ceil(PIXELS);
    (0..blocks * groups).into_par_iter().map(move |task| (task % blocks * PIXELS, task / blocks))
}
