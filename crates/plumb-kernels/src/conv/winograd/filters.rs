//! Kernels to factors, and the gradients of factors back to kernels.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::lines::{IN, TAPS, square, taps, taps_back};
use super::tiles::{load, store};
use crate::buffer::{Shared, unfilled};
use crate::product::panel_width;
use crate::vector::dispatch;

/// Points of a tile.
pub(super) const POINTS: usize = IN * IN;
/// Taps of a kernel.
const KERNEL: usize = TAPS * TAPS;

/// The factors of all kernels, `[point][panel][row][column in panel]`: the right operands of the points' products.
///
/// `start(row, column)` tells where the kernel of a row (what is summed over) and a column begins in `weight`; `turned`
/// takes its taps from the last to the first.
pub(super) fn factors(
    weight: &[f32],
    rows: usize,
    columns: usize,
    turned: bool,
    start: impl Fn(usize, usize) -> usize + Sync,
) -> Vec<f32> {
    let width = panel_width();
    let panels = columns.div_ceil(width);
    let mut factors = unfilled(POINTS * panels * rows * width);
    let shared = Shared::new(&mut factors);
    (0..panels * rows).into_par_iter().with_min_len(16).for_each(|task| {
        let (panel, row) = (task / rows, task % rows);
        let mut kernels = [0.0; KERNEL * MOST];
        for column in 0..width.min(columns - panel * width) {
            let kernel = &weight[start(row, panel * width + column)..][..KERNEL];
            for (tap, value) in kernel.iter().enumerate() {
                kernels[if turned { KERNEL - 1 - tap } else { tap } * width + column] = *value;
            }
        }
        let origin = (panel * rows + row) * width;
        dispatch(Forth { kernels: &kernels, width, factors: &shared, origin, stride: panels * rows * width });
    });
    factors
}

/// Columns of the widest panel.
const MOST: usize = 32;

struct Forth<'a> {
    kernels: &'a [f32],
    width: usize,
    factors: &'a Shared<'a>,
    origin: usize,
    stride: usize,
}

impl WithSimd for Forth<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for column in (0..self.width).step_by(S::F32_LANES) {
            square(
                simd,
                #[inline(always)]
                |simd, line| taps(simd, line),
                #[inline(always)]
                |i, j| load::<S>(&self.kernels[(i * TAPS + j) * self.width + column..]),
                #[inline(always)]
                |i, j, value| {
                    let at = self.origin + (i * IN + j) * self.stride + column;
                    // SAFETY: a row of a panel belongs to one task.
                    #[expect(unsafe_code, reason = "threads write rows of their own")]
                    store::<S>(unsafe { self.factors.part(at, S::F32_LANES) }, value);
                },
            );
        }
    }
}

/// From the gradients of the factors, `[point][channel][filter]`, to those of the weight, `[filter][channel][tap]`.
pub(super) fn gradient(slopes: &[f32], channels: usize, filters: usize) -> Vec<f32> {
    let mut taps = unfilled(channels * KERNEL * filters);
    taps.par_chunks_mut((KERNEL * filters).max(1)).enumerate().for_each(|(channel, taps)| {
        dispatch(Back { slopes: &slopes[channel * filters..], filters, stride: channels * filters, taps });
    });
    let mut weight = unfilled(taps.len());
    let all = channels * KERNEL;
    // Rows of filters become rows of taps.
    weight.par_chunks_mut((16 * all).max(1)).enumerate().for_each(|(part, weight)| {
        let count = weight.len() / all;
        crate::turn::turn(&taps[part * 16..], [all, filters], weight, [count, all]);
    });
    weight
}

struct Back<'a> {
    slopes: &'a [f32],
    filters: usize,
    stride: usize,
    taps: &'a mut [f32],
}

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for filter in (0..self.filters).step_by(S::F32_LANES) {
            square(
                simd,
                #[inline(always)]
                |simd, line| taps_back(simd, line),
                #[inline(always)]
                |i, j| load::<S>(&self.slopes[(i * IN + j) * self.stride + filter..]),
                #[inline(always)]
                |i, j, value| store::<S>(&mut self.taps[(i * TAPS + j) * self.filters + filter..], value),
            );
        }
    }
}
