//! Products of matrices: blocks for the caches, packed columns, and one inner loop (`tile`).

mod pack;
mod tile;

use rayon::prelude::*;

use crate::buffer::{Shared, with_scratch};
pub(crate) use pack::panels;
pub(crate) use tile::{Block, Place, Run, Start, panel_width};

/// A matrix in memory: entry `(i, j)` stands at `i * row + j * column`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after the other.
    pub(crate) fn rows(values: &'a [f32], columns: usize) -> Self {
        Self { values, row: columns, column: 1 }
    }

    /// The transposed matrix: the same memory.
    pub(crate) fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }

    /// What begins at `(i, j)`.
    pub(crate) fn at(self, i: usize, j: usize) -> Self {
        Self { values: &self.values[(i * self.row + j * self.column).min(self.values.len())..], ..self }
    }
}

/// `c = start + a b` with `a` of `m` by `k`, `b` of `k` by `n`, and rows of `c` that are `n` apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<'a> {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) a: Matrix<'a>,
    pub(crate) b: Matrix<'a>,
    pub(crate) start: Start<'a>,
}

/// Where a result lies in a larger slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    /// Its first entry.
    pub(crate) origin: usize,
    /// Entries from one row to the next.
    pub(crate) row: usize,
}

/// Steps of the reduction for which columns are packed at once: a panel of them is 32 KiB.
const DEPTH: usize = 256;
/// Most and fewest panels of one task; they stay in the second-level cache while rows go by.
const PANELS: [usize; 2] = [8, 2];
/// Most and fewest rows of one task.
const ROWS: [usize; 2] = [512, 64];
/// Tasks that are enough.
const TASKS: usize = 8;
/// Operations under which threads cost more than they bring.
const SMALL: usize = 1 << 18;

impl Product<'_> {
    /// Computes it on all threads: tasks of fixed size, each sum in a fixed order.
    pub(crate) fn compute(&self, c: &mut [f32]) {
        assert!(c.len() >= self.m * self.n, "the result is too short");
        let [rows, wide] = self.task();
        let (down, across) = (self.m.div_ceil(rows), self.n.div_ceil(wide));
        if self.m * self.n * self.k <= SMALL || down * across == 1 {
            return self.compute_here(c, self.n);
        }
        let c = Shared::new(c);
        (0..down * across).into_par_iter().for_each(|task| {
            let (row, column) = (task % down * rows, task / down * wide);
            let at = Area { origin: 0, row: self.n };
            // SAFETY: tasks differ in their rows or columns.
            #[expect(unsafe_code, reason = "the result is shared among threads")]
            unsafe {
                self.block(row..(row + rows).min(self.m), column..(column + wide).min(self.n), &c, at);
            }
        });
    }

    /// Rows and columns of a task: as many as fit the cache, fewer columns where there would be too few tasks, and fewer
    /// rows as a last resort, for each block of rows packs the columns again.
    fn task(&self) -> [usize; 2] {
        let (mut rows, mut panels) = (ROWS[0], PANELS[0]);
        let tasks = |rows, panels| self.m.div_ceil(rows) * self.n.div_ceil(panels * panel_width());
        while panels > PANELS[1] && tasks(rows, panels) < TASKS {
            panels /= 2;
        }
        while rows > ROWS[1] && tasks(rows, panels) < TASKS {
            rows /= 2;
        }
        [rows, panels * panel_width()]
    }

    /// Computes it on this thread alone; rows of `c` are `c_row` apart.
    pub(crate) fn compute_here(&self, c: &mut [f32], c_row: usize) {
        // SAFETY: the slice is borrowed exclusively.
        #[expect(unsafe_code, reason = "the same code fills shared slices")]
        unsafe {
            self.compute_in(&Shared::new(c), Area { origin: 0, row: c_row });
        }
    }

    /// Computes it on this thread alone, into a part of a slice that others write too.
    ///
    /// # Safety
    /// No other thread writes the same places meanwhile.
    #[expect(unsafe_code, reason = "the result is shared among threads")]
    pub(crate) unsafe fn compute_in(&self, c: &Shared<'_>, at: Area) {
        let wide = PANELS[0] * panel_width();
        for column in (0..self.n).step_by(wide) {
            // SAFETY: by the caller's promise.
            unsafe { self.block(0..self.m, column..(column + wide).min(self.n), c, at) };
        }
    }

    /// # Safety
    /// No other thread writes the same places meanwhile.
    #[expect(unsafe_code, reason = "the result is shared among threads")]
    unsafe fn block(
        &self,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        c: &Shared<'_>,
        at: Area,
    ) {
        let width = panel_width();
        let packed = DEPTH * columns.len().next_multiple_of(width);
        with_scratch(packed, |packed| {
            // One round even without a step, for the start.
            for first in (0..self.k.max(1)).step_by(DEPTH) {
                let depth = DEPTH.min(self.k - first);
                let panel_len = depth * width;
                let used = columns.len().div_ceil(width) * panel_len;
                panels(self.b.at(first, columns.start), depth, columns.len(), &mut packed[..used]);
                let a = self.a.at(rows.start, first);
                let start = match self.start {
                    _ if first > 0 => Start::Add,
                    Start::Row(row) => Start::Row(&row[columns.clone()]),
                    start => start,
                };
                let block = Block {
                    a: a.values,
                    a_step: a.column,
                    panels: packed,
                    panel_len,
                    runs: &[Run { a: 0, b: 0, len: depth }],
                    rows: rows.len(),
                    place: |i| Place {
                        a: i * a.row,
                        c: at.origin + (rows.start + i) * at.row + columns.start,
                    },
                    columns: columns.len(),
                    start,
                    c,
                };
                // SAFETY: by the caller's promise.
                unsafe { block.compute() };
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(len: usize, seed: u64) -> Vec<f32> {
        (0..len as u64).map(|i| ((i * 7919 + seed * 104_729) % 211) as f32 / 105.0 - 1.0).collect()
    }

    fn naive(product: &Product<'_>, c: &[f32]) -> Vec<f64> {
        let at = |of: Matrix<'_>, i: usize, j: usize| f64::from(of.values[i * of.row + j * of.column]);
        let mut sums = Vec::new();
        for i in 0..product.m {
            for j in 0..product.n {
                let start = match product.start {
                    Start::Zero => 0.0,
                    Start::Row(row) => f64::from(row[j]),
                    Start::Add => f64::from(c[i * product.n + j]),
                };
                sums.push(
                    start + (0..product.k).map(|k| at(product.a, i, k) * at(product.b, k, j)).sum::<f64>(),
                );
            }
        }
        sums
    }

    proptest! {
        #[test]
        fn equals_the_sum_of_products(
            m in 0usize..70, n in 0usize..150, k in 0usize..600,
            a_turned: bool, b_turned: bool, start in 0..3,
        ) {
            let (left, right, row) = (values(m * k, 1), values(k * n, 2), values(n, 3));
            let a = if a_turned { Matrix::rows(&left, m).transposed() } else { Matrix::rows(&left, k) };
            let b = if b_turned { Matrix::rows(&right, k).transposed() } else { Matrix::rows(&right, n) };
            let start = [Start::Zero, Start::Row(&row), Start::Add][start as usize];
            let product = Product { m, n, k, a, b, start };
            let mut found = values(m * n, 4);
            let wanted = naive(&product, &found);
            product.compute(&mut found);
            for (found, wanted) in found.iter().zip(wanted) {
                prop_assert!((f64::from(*found) - wanted).abs() <= 1e-4 * wanted.abs().max(1.0), "{found} {wanted}");
            }
        }
    }
}
