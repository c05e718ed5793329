//! The right operands of a convolution's passes, packed in panels for each group.

use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::product::{Matrix, panel_width, panels};

/// Panels of columns, group after group.
#[derive(Debug)]
pub(super) struct Packed {
    values: Vec<f32>,
    group_len: usize,
    /// Elements from a panel to the next.
    pub(super) panel_len: usize,
}

impl Packed {
    /// The panels of a group.
    pub(super) fn of(&self, group: usize) -> &[f32] {
        &self.values[group * self.group_len..]
    }

    fn new(
        groups: usize,
        columns: usize,
        steps: usize,
        fill: impl Fn(usize, usize, &mut [f32]) + Sync,
    ) -> Self {
        let width = panel_width();
        let (count, panel_len) = (columns.div_ceil(width), steps * width);
        let mut values = unfilled(groups * count * panel_len);
        values.par_chunks_mut(panel_len.max(1)).enumerate().for_each(|(index, panel)| {
            fill(index / count, index % count * width, panel);
        });
        Self { values, group_len: count * panel_len, panel_len }
    }

    /// Steps are taps, and in each the `inner.0` entries that lie `inner.1` apart in the weight; `start` tells where a
    /// column of a group begins there.
    pub(super) fn weight(
        weight: &[f32],
        groups: usize,
        columns: usize,
        [inner, apart]: [usize; 2],
        taps: &[usize],
        start: impl Fn(usize, usize) -> usize + Sync,
    ) -> Self {
        let width = panel_width();
        Self::new(groups, columns, taps.len() * inner, |group, first, panel| {
            let starts: Vec<usize> =
                (first..columns.min(first + width)).map(|column| start(group, column)).collect();
            if starts.len() < width {
                panel.fill(0.0);
            }
            for i in 0..inner {
                for (index, tap) in taps.iter().enumerate() {
                    let row = &mut panel[(index * inner + i) * width..][..width];
                    for (value, start) in row.iter_mut().zip(&starts) {
                        *value = weight[start + i * apart + tap];
                    }
                }
            }
        })
    }

    /// The columns of a matrix `[k, n]`.
    pub(super) fn matrix(values: Matrix<'_>, [k, n]: [usize; 2]) -> Self {
        Self::new(1, n, k, |_, first, panel| {
            panels(values.at(0, first), k, panel_width().min(n - first), panel);
        })
    }

    /// Steps are pixels, columns the values of a pixel.
    pub(super) fn pixels(values: &[f32], groups: usize, columns: usize, pixels: usize) -> Self {
        Self::new(groups, columns, pixels, |group, first, panel| {
            let rows = Matrix::rows(values, groups * columns).at(0, group * columns + first);
            panels(rows, pixels, panel_width().min(columns - first), panel);
        })
    }
}
