//! The one inner loop of products and convolutions: a tile of the result held in registers.

use pulp::{Simd, WithSimd, bytemuck};

use crate::buffer::Shared;
use crate::vector::{dispatch, lanes};

/// Vectors in a row of a tile.
pub(super) const VECTORS: usize = 2;

/// Columns of a tile, which is the width of a panel of packed columns.
pub(crate) fn panel_width() -> usize {
    VECTORS * lanes()
}

/// A stretch of the reduction: `len` steps, from `a` on (added to each row's own place) and from `b` on in the panel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) len: usize,
}

/// What the result starts as, before the products are added.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    Zero,
    /// This row, the same for each row of the result.
    Row(&'a [f32]),
    /// What is there.
    Add,
}

/// Where a row begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// In the left operand.
    pub(crate) a: usize,
    /// In the result.
    pub(crate) c: usize,
}

/// A block of the result: `rows` rows by `columns` columns, `c(i, j) = start + sum over runs of a(i, k) b(k, j)`.
///
/// The left operand may lie anyhow: each row says where it begins, `a_step` leads from one step of the reduction to the
/// next. The right one is packed in panels of [`panel_width`] columns, a row of the panel for each step. So a plain
/// product, each pass of a convolution and a weight gradient differ only in these numbers.
///
/// Cost on AVX-512, for each step of 8 rows by 32 columns: 16 fused multiply-adds, 2 vector loads, 8 broadcasts. A
/// row's sum is added up in the order of the runs, whatever the number of threads.
pub(crate) struct Block<'a, P> {
    pub(crate) a: &'a [f32],
    pub(crate) a_step: usize,
    pub(crate) panels: &'a [f32],
    /// Elements from a panel to the next.
    pub(crate) panel_len: usize,
    pub(crate) runs: &'a [Run],
    pub(crate) rows: usize,
    pub(crate) place: P,
    pub(crate) columns: usize,
    pub(crate) start: Start<'a>,
    pub(crate) c: &'a Shared<'a>,
}

impl<P: Fn(usize) -> Place> Block<'_, P> {
    /// Computes it on this thread. Panics when an operand is too short.
    ///
    /// # Safety
    /// No other thread writes the same places of the result meanwhile.
    #[expect(unsafe_code, reason = "the result is shared among threads")]
    pub(crate) unsafe fn compute(self) {
        dispatch(self);
    }
}

impl<P: Fn(usize) -> Place> WithSimd for Block<'_, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // With 16 registers eight rows of sums would not fit; with four, each waits for its last addition.
        if S::REGISTER_COUNT >= 32 { self.tiles::<S, 8>(simd) } else { self.tiles::<S, 6>(simd) }
    }
}

impl<P: Fn(usize) -> Place> Block<'_, P> {
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize>(&self, simd: S) {
        for row in (0..self.rows).step_by(ROWS) {
            let count = ROWS.min(self.rows - row);
            // The rows past the end repeat the last one and are not stored.
            let places: [Place; ROWS] = std::array::from_fn(|i| (self.place)(row + i.min(count - 1)));
            self.prefetch(row + ROWS, ROWS);
            self.row_of_tiles(simd, &places, count);
        }
    }

    /// Asks for the left operand of the rows after these, which otherwise comes late at each tile's start.
    #[inline(always)]
    fn prefetch(&self, row: usize, count: usize) {
        const LINE: usize = 16;
        let [run] = self.runs else { return };
        for row in row..(row + count).min(self.rows) {
            let first = (self.place)(row).a + run.a;
            for step in (0..run.len).step_by((LINE / self.a_step.max(1)).max(1)) {
                prefetch(self.a, first + step * self.a_step);
            }
            if self.a_step >= LINE {
                break;
            }
        }
    }

    #[inline(always)]
    fn row_of_tiles<S: Simd, const ROWS: usize>(&self, simd: S, places: &[Place; ROWS], count: usize) {
        let width = VECTORS * S::F32_LANES;
        for (panel, column) in (0..self.columns).step_by(width).enumerate() {
            let panel = panel * self.panel_len;
            let columns = width.min(self.columns - column);
            if count == ROWS && columns == width {
                self.whole_tile(simd, places, panel, column);
            } else {
                self.part_of_tile(simd, places, panel, column, [count, columns]);
            }
        }
    }

    /// A tile that lies inside the result: loads and stores of known length, so that the sums never leave registers.
    #[inline(always)]
    fn whole_tile<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        places: &[Place; ROWS],
        panel: usize,
        column: usize,
    ) {
        let width = VECTORS * S::F32_LANES;
        let sums = match self.start {
            Start::Zero => [[simd.splat_f32s(0.0); VECTORS]; ROWS],
            Start::Row(row) => [load(simd, &row[column..column + width]); ROWS],
            Start::Add => {
                let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
                for i in 0..ROWS {
                    sums[i] = load(simd, self.row(places[i].c + column, width));
                }
                sums
            }
        };
        let sums = self.accumulate(simd, places, panel, sums);
        for i in 0..ROWS {
            let row = self.row(places[i].c + column, width);
            for v in 0..VECTORS {
                let vector = &mut row[v * S::F32_LANES..][..S::F32_LANES];
                vector.copy_from_slice(bytemuck::cast_slice(&[sums[i][v]]));
            }
        }
    }

    /// A tile of which `count` rows and some columns lie inside the result.
    #[inline(never)]
    fn part_of_tile<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        places: &[Place; ROWS],
        panel: usize,
        column: usize,
        [count, columns]: [usize; 2],
    ) {
        simd.vectorize(Part { block: self, places, panel, column, count, columns });
    }

    /// A part of a row of the result.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "threads write disjoint parts of one slice")]
    fn row(&self, from: usize, columns: usize) -> &mut [f32] {
        // SAFETY: whoever called `compute` has promised that these places are this thread's.
        #[expect(unsafe_code, reason = "the result is shared among threads")]
        unsafe {
            self.c.part(from, columns)
        }
    }

    #[inline(always)]
    #[expect(
        unsafe_code,
        reason = "a bounds check at each step would double the time; each run is checked as a whole"
    )]
    fn accumulate<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        places: &[Place; ROWS],
        panel: usize,
        mut sums: [[S::f32s; VECTORS]; ROWS],
    ) -> [[S::f32s; VECTORS]; ROWS] {
        let width = VECTORS * S::F32_LANES;
        let farthest = places.iter().map(|place| place.a).max().unwrap_or(0);
        for run in self.runs.iter().filter(|run| run.len > 0) {
            let b_start = panel + run.b;
            assert!(
                farthest + run.a + (run.len - 1) * self.a_step < self.a.len(),
                "the left operand is too short"
            );
            assert!(b_start + run.len * width <= self.panels.len(), "the right operand is too short");
            // SAFETY: both asserts above bound every address below; vectors are read at any alignment.
            unsafe {
                let base = self.a.as_ptr().add(run.a);
                let a: [*const f32; ROWS] = std::array::from_fn(|i| base.add(places[i].a));
                let mut b = self.panels.as_ptr().add(b_start);
                for step in 0..run.len {
                    let left = b.cast::<S::f32s>().read_unaligned();
                    let right = b.add(S::F32_LANES).cast::<S::f32s>().read_unaligned();
                    for i in 0..ROWS {
                        let factor = simd.splat_f32s(*a[i].add(step * self.a_step));
                        sums[i][0] = simd.mul_add_e_f32s(factor, left, sums[i][0]);
                        sums[i][1] = simd.mul_add_e_f32s(factor, right, sums[i][1]);
                    }
                    b = b.add(width);
                }
            }
        }
        sums
    }
}

/// The vectors of a whole row.
#[inline(always)]
fn load<S: Simd>(simd: S, row: &[f32]) -> [S::f32s; VECTORS] {
    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
    bytemuck::cast_slice_mut(&mut vectors).copy_from_slice(&row[..VECTORS * S::F32_LANES]);
    vectors
}

/// A tile at the edge of the result, in a function of its own so that it takes no registers from the whole ones.
struct Part<'a, 'b, P, const ROWS: usize> {
    block: &'a Block<'b, P>,
    places: &'a [Place; ROWS],
    panel: usize,
    column: usize,
    count: usize,
    columns: usize,
}

impl<P: Fn(usize) -> Place, const ROWS: usize> WithSimd for Part<'_, '_, P, ROWS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (block, column, columns) = (self.block, self.column, self.columns);
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        for (sum, place) in sums.iter_mut().zip(self.places) {
            let sum = &mut bytemuck::cast_slice_mut(sum)[..columns];
            match block.start {
                Start::Zero => {}
                Start::Row(row) => sum.copy_from_slice(&row[column..column + columns]),
                Start::Add => sum.copy_from_slice(block.row(place.c + column, columns)),
            }
        }
        let sums = block.accumulate(simd, self.places, self.panel, sums);
        for (sum, place) in sums.iter().zip(self.places).take(self.count) {
            block.row(place.c + column, columns).copy_from_slice(&bytemuck::cast_slice(sum)[..columns]);
        }
    }
}

/// Asks for the line that holds an entry; nothing where there is no such instruction.
#[inline(always)]
fn prefetch(values: &[f32], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch of any address reads nothing and faults never.
        #[expect(unsafe_code, reason = "the instruction takes a pointer")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T1>(values.as_ptr().wrapping_add(at).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, at);
}
