//! A block of the result: rows by panels, on one thread.

use super::finish::{Finish, Place};
use super::tile::{Operands, ROWS, Run, Sums};
#[cfg(target_arch = "x86_64")]
use super::unit::{Avx2, Vnni256, Vnni512};
use super::unit::{Dots, Plain, Unit};
use super::{WIDTH, Weights};

/// Rows of a block at most.
pub(super) const MOST_ROWS: usize = 64;

/// Rows and panels of a group that one thread computes; at most [`MOST_ROWS`] rows.
pub(super) struct Block<'a, P> {
    pub(super) a: &'a [u8],
    /// The byte that stands for 0.
    pub(super) zero: u8,
    pub(super) weights: &'a Weights,
    pub(super) group: usize,
    pub(super) panels: std::ops::Range<usize>,
    pub(super) runs: &'a [Run],
    pub(super) rows: std::ops::Range<usize>,
    /// Where a row begins in the left operand.
    pub(super) place: P,
    /// Columns of a row of the result, of all groups.
    pub(super) row: usize,
    pub(super) finish: &'a Finish<'a>,
    pub(super) target: &'a Place<'a>,
}

impl<P: Fn(usize) -> usize> Block<'_, P> {
    /// # Safety
    /// No other thread writes the same places of the target meanwhile; the machine has the unit.
    #[expect(unsafe_code, reason = "functions compiled for a unit; the target is shared among threads")]
    pub(super) unsafe fn compute(&self, unit: Unit) {
        // SAFETY: by the caller's promise.
        unsafe {
            match unit {
                #[cfg(target_arch = "x86_64")]
                Unit::Vnni512 => vnni512(self),
                #[cfg(target_arch = "x86_64")]
                Unit::Vnni256 => vnni256(self),
                #[cfg(target_arch = "x86_64")]
                Unit::Avx2 => avx2(self),
                Unit::Plain => self.rows::<Plain, 1, 1>(),
            }
        }
    }

    /// # Safety
    /// As [`Self::compute`].
    #[inline(always)]
    #[expect(unsafe_code, reason = "see `compute`")]
    unsafe fn rows<D: Dots, const MOST: usize, const VECTORS: usize>(&self) {
        let mut places = [0; MOST_ROWS];
        let places = &mut places[..self.rows.len()];
        places.iter_mut().zip(self.rows.clone()).for_each(|(place, row)| *place = (self.place)(row));
        for panel in self.panels.clone() {
            let columns = self.weights.columns();
            let (first, count) = (panel * WIDTH, WIDTH.min(columns - panel * WIDTH));
            let column = self.group * columns + first;
            let correction = self.weights.correction(self.group, panel, self.zero);
            let of_columns = self.finish.columns(column, count, correction);
            let operands =
                Operands { a: self.a, panel: self.weights.panel(self.group, panel), runs: self.runs };
            let mut sums: Sums = [[0; WIDTH]; ROWS];
            for (index, places) in places.chunks(ROWS).enumerate() {
                let at = (self.rows.start + index * ROWS) * self.row + column;
                // SAFETY: by the caller's promise.
                unsafe {
                    operands.sums::<D, MOST, VECTORS>(places, &mut sums);
                    self.finish.store(&sums, places.len(), &of_columns, [at, self.row], self.target);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
#[expect(unsafe_code, reason = "the target is shared among threads")]
fn vnni512<P: Fn(usize) -> usize>(block: &Block<'_, P>) {
    // SAFETY: the machine has the unit; the rest was promised to `Block::compute`.
    unsafe { block.rows::<Vnni512, 8, 2>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avxvnni")]
#[expect(unsafe_code, reason = "the target is shared among threads")]
fn vnni256<P: Fn(usize) -> usize>(block: &Block<'_, P>) {
    // SAFETY: the machine has the unit; the rest was promised to `Block::compute`.
    unsafe { block.rows::<Vnni256, 4, 2>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[expect(unsafe_code, reason = "the target is shared among threads")]
fn avx2<P: Fn(usize) -> usize>(block: &Block<'_, P>) {
    // SAFETY: the machine has the unit; the rest was promised to `Block::compute`.
    unsafe { block.rows::<Avx2, 4, 2>() }
}
