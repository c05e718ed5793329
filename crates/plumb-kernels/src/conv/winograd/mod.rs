//! 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3): 36 products where the definition has 144.
//!
//! A tile of 4 by 4 outputs depends on 6 by 6 inputs. Inputs and kernels are mapped to 36 points each, at each point one
//! product sums over the channels, and the sums are mapped back. The gradients are the transposed maps: that of the input
//! is a convolution with turned kernels, that of the weight has products of the same size. The largest relative error
//! against 64 bits is about 1e-5 (held by a test).

mod filters;
mod lines;
mod tiles;

use rayon::prelude::*;

use super::shape::ConvShape;
use crate::buffer::{Shared, unfilled, with_scratch};
use crate::product::{Block, Place, Run, Start, panel_width};
use crate::vector::{dispatch, lanes};
use filters::POINTS;
use tiles::{Inputs, Outputs, Slopes, Tiling};

/// Fewest channels and filters for which the maps cost less than the products that they save.
const FEWEST: usize = 32;
/// Fewest tiles for which it pays to map all kernels.
const FEWEST_TILES: usize = 12;
/// Tiles of one task.
const TILES: usize = 32;
/// Fewer tiles than this are shared out by points: as tasks they would be too few, and each reads all mapped kernels.
const FEW: usize = 8 * TILES;

/// Whether this is the way to compute the shape.
pub(super) fn suits(shape: &ConvShape) -> bool {
    let sides =
        shape.kernel == [3, 3] && shape.stride == [1, 1] && shape.dilation == [1, 1] && shape.groups == 1;
    let fits = |count: usize| count >= FEWEST && count.is_multiple_of(lanes());
    if !sides || shape.padding.iter().any(|&side| side > 2) || !fits(shape.channels) || !fits(shape.filters) {
        return false;
    }
    shape.batch * Tiling::new(shape).of_image() >= FEWEST_TILES
}

/// As [`super::direct::forward`].
pub(super) fn forward(shape: &ConvShape, input: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    convolve(shape, input, &pack(shape, weight), bias)
}

/// The mapped kernels, for images of any number and size.
pub(super) fn pack(shape: &ConvShape, weight: &[f32]) -> Vec<f32> {
    let channels = shape.channels;
    filters::factors(weight, channels, shape.filters, false, |channel, filter| {
        (filter * channels + channel) * shape.taps()
    })
}

/// As [`super::direct::input_gradient`]: the convolution of the output's gradient with turned kernels.
pub(super) fn input_gradient(shape: &ConvShape, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
    let channels = shape.channels;
    let factors = filters::factors(weight, shape.filters, channels, true, |filter, channel| {
        (filter * channels + channel) * shape.taps()
    });
    let back = ConvShape {
        channels: shape.filters,
        filters: channels,
        size: shape.output(),
        padding: shape.padding.map(|side| 2 - side),
        ..*shape
    };
    convolve(&back, gradient, &factors, None)
}

/// As [`forward`], of mapped kernels.
pub(super) fn convolve(shape: &ConvShape, input: &[f32], factors: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let plan = Plan { shape, tiling: Tiling::new(shape), input, factors, bias };
    let mut output = unfilled(shape.output_len());
    let images = Shared::new(&mut output);
    let convolve = if plan.tiles() < FEW { Plan::by_points } else { Plan::by_tiles };
    convolve(&plan, &images);
    output
}

/// A convolution with its mapped kernels.
struct Plan<'a> {
    shape: &'a ConvShape,
    tiling: Tiling,
    input: &'a [f32],
    factors: &'a [f32],
    bias: Option<&'a [f32]>,
}

impl Plan<'_> {
    fn tiles(&self) -> usize {
        self.shape.batch * self.tiling.of_image()
    }

    /// Each task maps its tiles, multiplies at each point and maps back, all in its core's cache.
    fn by_tiles(&self, images: &Shared<'_>) {
        let (channels, filters, tiles) = (self.shape.channels, self.shape.filters, self.tiles());
        (0..tiles.div_ceil(TILES)).into_par_iter().for_each(|task| {
            let first = task * TILES;
            let count = TILES.min(tiles - first);
            with_scratch(POINTS * count * (channels + filters), |scratch| {
                let (mapped, products) = scratch.split_at_mut(POINTS * count * channels);
                self.map(first, count, &Shared::new(mapped), 0, count * channels);
                let shared = Shared::new(products);
                (0..POINTS).for_each(|point| self.multiply(point, count, mapped, &shared));
                self.map_back(first, count, products, count * filters, images);
            });
        });
    }

    /// Each task takes a point: the mapped kernels are read once, however few the tiles.
    fn by_points(&self, images: &Shared<'_>) {
        /// Tiles of one task of the maps.
        const TOGETHER: usize = 4;
        let (channels, filters, tiles) = (self.shape.channels, self.shape.filters, self.tiles());
        let mut mapped = unfilled(POINTS * tiles * channels);
        let mut products = unfilled(POINTS * tiles * filters);
        let groups = || (0..tiles.div_ceil(TOGETHER)).into_par_iter().map(|group| group * TOGETHER);
        let count = |first: usize| TOGETHER.min(tiles - first);
        let shared = Shared::new(&mut mapped);
        groups().for_each(|first| self.map(first, count(first), &shared, first * channels, tiles * channels));
        let shared = Shared::new(&mut products);
        (0..POINTS).into_par_iter().for_each(|point| self.multiply(point, tiles, &mapped, &shared));
        groups().for_each(|first| {
            self.map_back(first, count(first), &products[first * filters..], tiles * filters, images);
        });
    }

    fn map(&self, first: usize, count: usize, factors: &Shared<'_>, origin: usize, stride: usize) {
        let (tiling, channels, images) = (self.tiling, self.shape.channels, self.input);
        dispatch(Inputs { tiling, channels, images, first, count, factors, origin, stride });
    }

    fn map_back(&self, first: usize, count: usize, products: &[f32], stride: usize, images: &Shared<'_>) {
        let (tiling, filters, bias) = (self.tiling, self.shape.filters, self.bias);
        dispatch(Outputs { tiling, filters, products, first, count, stride, bias, images });
    }

    /// The product of a point, for `count` tiles.
    fn multiply(&self, point: usize, count: usize, mapped: &[f32], products: &Shared<'_>) {
        let (channels, filters) = (self.shape.channels, self.shape.filters);
        let panel_len = channels * panel_width();
        let block = Block {
            a: &mapped[point * count * channels..],
            a_step: 1,
            panels: &self.factors[point * filters.div_ceil(panel_width()) * panel_len..],
            panel_len,
            runs: &[Run { a: 0, b: 0, len: channels }],
            rows: count,
            place: |tile| Place { a: tile * channels, c: (point * count + tile) * filters },
            columns: filters,
            start: Start::Zero,
            c: products,
        };
        // SAFETY: the products are this thread's, or of this point only.
        #[expect(unsafe_code, reason = "the result is shared among threads")]
        unsafe {
            block.compute();
        }
    }
}

/// As [`super::direct::weight_gradient`]: at each point the product of mapped inputs and mapped gradients, over all tiles.
pub(super) fn weight_gradient(shape: &ConvShape, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    /// Bytes of the maps of one round, which the third-level cache holds.
    const ROUND: usize = 8 << 20;
    let (channels, filters, tiling) = (shape.channels, shape.filters, Tiling::new(shape));
    let tiles = shape.batch * tiling.of_image();
    let width = panel_width();
    let columns = filters.next_multiple_of(width);
    let together =
        (ROUND / (POINTS * size_of::<f32>() * (channels + columns))).next_multiple_of(TILES).min(tiles);
    let (mut mapped, mut slopes) =
        (unfilled(POINTS * together * channels), unfilled(POINTS * together * columns));
    let mut sums = unfilled(POINTS * channels * filters);
    for base in (0..tiles).step_by(together) {
        let round = together.min(tiles - base);
        map_round(shape, tiling, [input, gradient], base, round, [&mut mapped, &mut slopes]);
        let shared = Shared::new(&mut sums);
        let start = if base == 0 { Start::Zero } else { Start::Add };
        let across = columns / width;
        (0..POINTS * across).into_par_iter().for_each(|task| {
            let (point, panel) = (task / across, task % across);
            let block = Block {
                a: &mapped[point * round * channels..],
                a_step: channels,
                panels: &slopes[task * round * width..],
                panel_len: 0,
                runs: &[Run { a: 0, b: 0, len: round }],
                rows: channels,
                place: |channel| Place {
                    a: channel,
                    c: (point * channels + channel) * filters + panel * width,
                },
                columns: width.min(filters - panel * width),
                start,
                c: &shared,
            };
            // SAFETY: tasks differ in their point or panel.
            #[expect(unsafe_code, reason = "the result is shared among threads")]
            unsafe {
                block.compute();
            }
        });
    }
    filters::gradient(&sums, channels, filters)
}

/// Maps the inputs and the gradients of the outputs of `round` tiles.
fn map_round(
    shape: &ConvShape,
    tiling: Tiling,
    [input, gradient]: [&[f32]; 2],
    base: usize,
    round: usize,
    [mapped, slopes]: [&mut [f32]; 2],
) {
    let (channels, filters) = (shape.channels, shape.filters);
    let (mapped, slopes) = (Shared::new(mapped), Shared::new(slopes));
    (0..round.div_ceil(TILES)).into_par_iter().for_each(|task| {
        let first = base + task * TILES;
        let count = TILES.min(base + round - first);
        let (origin, stride) = (task * TILES * channels, round * channels);
        dispatch(Inputs { tiling, channels, images: input, first, count, factors: &mapped, origin, stride });
        let width = panel_width();
        dispatch(Slopes {
            tiling,
            filters,
            images: gradient,
            base,
            first,
            count,
            tiles: round,
            width,
            to: &slopes,
        });
    });
}
