//! Images cut into tiles of 4 by 4 outputs, and back.

use pulp::{Simd, WithSimd, bytemuck};

use super::lines::{IN, OUT, input, output, output_back, square};
use crate::buffer::Shared;
use crate::conv::shape::ConvShape;

/// How many tiles there are, and which pixels each is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiling {
    /// Height and width of the images that tiles read.
    pub(super) input: [usize; 2],
    /// Zeros around them.
    pub(super) padding: [usize; 2],
    /// Height and width of what the tiles give.
    pub(super) output: [usize; 2],
    across: [usize; 2],
}

impl Tiling {
    /// Of the outputs of a convolution.
    pub(super) fn new(shape: &ConvShape) -> Self {
        let output = shape.output();
        Self {
            input: shape.size,
            padding: shape.padding,
            output,
            across: output.map(|side| side.div_ceil(OUT)),
        }
    }

    /// Tiles of an image.
    pub(super) fn of_image(&self) -> usize {
        self.across[0] * self.across[1]
    }

    /// Image, and the first output row and column of a tile.
    #[inline(always)]
    fn corner(&self, tile: usize) -> (usize, usize, usize) {
        let (image, rest) = (tile / self.of_image(), tile % self.of_image());
        (image, rest / self.across[1] * OUT, rest % self.across[1] * OUT)
    }

    /// The input pixel at `(i, j)` of a tile; none in the padding.
    #[inline(always)]
    fn input_pixel(&self, (image, y, x): (usize, usize, usize), i: usize, j: usize) -> Option<usize> {
        let y = (y + i).checked_sub(self.padding[0]).filter(|&y| y < self.input[0])?;
        let x = (x + j).checked_sub(self.padding[1]).filter(|&x| x < self.input[1])?;
        Some((image * self.input[0] + y) * self.input[1] + x)
    }

    /// The output pixel at `(i, j)` of a tile; none past the edge.
    #[inline(always)]
    fn output_pixel(&self, (image, y, x): (usize, usize, usize), i: usize, j: usize) -> Option<usize> {
        let inside = y + i < self.output[0] && x + j < self.output[1];
        inside.then(|| (image * self.output[0] + y + i) * self.output[1] + x + j)
    }
}

/// A vector from the first entries of a slice.
#[inline(always)]
pub(super) fn load<S: Simd>(values: &[f32]) -> S::f32s {
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&values[..S::F32_LANES]))
}

/// A vector to the first entries of a slice.
#[inline(always)]
pub(super) fn store<S: Simd>(values: &mut [f32], vector: S::f32s) {
    values[..S::F32_LANES].copy_from_slice(bytemuck::cast_slice(&[vector]));
}

/// Inputs to factors: `factors[point][tile][channel]` for `count` tiles from `first` on, points `stride` apart.
pub(super) struct Inputs<'a> {
    pub(super) tiling: Tiling,
    pub(super) channels: usize,
    pub(super) images: &'a [f32],
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) factors: &'a Shared<'a>,
    pub(super) origin: usize,
    pub(super) stride: usize,
}

impl WithSimd for Inputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for tile in 0..self.count {
            let corner = self.tiling.corner(self.first + tile);
            let pixels: [[Option<usize>; IN]; IN] =
                std::array::from_fn(|i| std::array::from_fn(|j| self.tiling.input_pixel(corner, i, j)));
            for channel in (0..self.channels).step_by(S::F32_LANES) {
                square(
                    simd,
                    #[inline(always)]
                    |simd, line| input(simd, line),
                    #[inline(always)]
                    |i, j| match pixels[i][j] {
                        Some(pixel) => load::<S>(&self.images[pixel * self.channels + channel..]),
                        None => simd.splat_f32s(0.0),
                    },
                    #[inline(always)]
                    |i, j, value| {
                        let at = self.origin + (i * IN + j) * self.stride + tile * self.channels + channel;
                        // SAFETY: tiles of a task are its own.
                        #[expect(unsafe_code, reason = "threads write tiles of their own")]
                        store::<S>(unsafe { self.factors.part(at, S::F32_LANES) }, value);
                    },
                );
            }
        }
    }
}

/// Products to outputs: reads `products[point][tile][filter]`, points `stride` apart, the tile `first` at 0.
pub(super) struct Outputs<'a> {
    pub(super) tiling: Tiling,
    pub(super) filters: usize,
    pub(super) products: &'a [f32],
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) stride: usize,
    pub(super) bias: Option<&'a [f32]>,
    pub(super) images: &'a Shared<'a>,
}

impl WithSimd for Outputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for tile in 0..self.count {
            let corner = self.tiling.corner(self.first + tile);
            let pixels: [[Option<usize>; OUT]; OUT] =
                std::array::from_fn(|i| std::array::from_fn(|j| self.tiling.output_pixel(corner, i, j)));
            for filter in (0..self.filters).step_by(S::F32_LANES) {
                let bias = self.bias.map_or(simd.splat_f32s(0.0), |bias| load::<S>(&bias[filter..]));
                square(
                    simd,
                    #[inline(always)]
                    |simd, line| output(simd, line),
                    #[inline(always)]
                    |i, j| {
                        load::<S>(&self.products[(i * IN + j) * self.stride + tile * self.filters + filter..])
                    },
                    #[inline(always)]
                    |i, j, value| {
                        let Some(pixel) = pixels[i][j] else { return };
                        let at = pixel * self.filters + filter;
                        // SAFETY: the pixels of a task's tiles are its own.
                        #[expect(unsafe_code, reason = "threads write tiles of their own")]
                        store::<S>(unsafe { self.images.part(at, S::F32_LANES) }, simd.add_f32s(value, bias));
                    },
                );
            }
        }
    }
}

/// Gradients of the outputs to those of the products, in panels: `slopes[point][panel][tile][filter in panel]`.
pub(super) struct Slopes<'a> {
    pub(super) tiling: Tiling,
    pub(super) filters: usize,
    pub(super) images: &'a [f32],
    /// The first tile of the slopes, the first and the number of tiles to compute.
    pub(super) base: usize,
    pub(super) first: usize,
    pub(super) count: usize,
    /// Tiles of a panel.
    pub(super) tiles: usize,
    /// Columns of a panel.
    pub(super) width: usize,
    pub(super) to: &'a Shared<'a>,
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let panels = self.filters.div_ceil(self.width);
        for tile in self.first..self.first + self.count {
            let corner = self.tiling.corner(tile);
            let pixels: [[Option<usize>; OUT]; OUT] =
                std::array::from_fn(|i| std::array::from_fn(|j| self.tiling.output_pixel(corner, i, j)));
            for filter in (0..panels * self.width).step_by(S::F32_LANES) {
                let (panel, column) = (filter / self.width, filter % self.width);
                square(
                    simd,
                    #[inline(always)]
                    |simd, line| output_back(simd, line),
                    #[inline(always)]
                    |i, j| match pixels[i][j] {
                        Some(pixel) if filter < self.filters => {
                            load::<S>(&self.images[pixel * self.filters + filter..])
                        }
                        _ => simd.splat_f32s(0.0),
                    },
                    #[inline(always)]
                    |i, j, value| {
                        let row = ((i * IN + j) * panels + panel) * self.tiles + tile - self.base;
                        // SAFETY: tiles of a task are its own.
                        #[expect(unsafe_code, reason = "threads write tiles of their own")]
                        store::<S>(unsafe { self.to.part(row * self.width + column, S::F32_LANES) }, value);
                    },
                );
            }
        }
    }
}
