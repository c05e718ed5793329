//! The inner loop: a tile of sums held in registers.

use super::unit::Dots;
use super::{STEPS, WIDTH};

/// A stretch of the reduction: `steps` times four bytes, from `a` on (added to each row's own place) and from `b` on in the panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) steps: usize,
}

/// Rows of the highest tile.
pub(super) const ROWS: usize = 8;

/// The sums of some rows over a panel.
pub(super) type Sums = [[i32; WIDTH]; ROWS];

/// What a tile is summed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operands<'a> {
    pub(super) a: &'a [u8],
    pub(super) panel: &'a [i8],
    pub(super) runs: &'a [Run],
}

impl Operands<'_> {
    /// Panics where a row, of which the farthest begins at `place`, or the panel is too short for a run.
    #[inline(always)]
    fn check(&self, place: usize) {
        for run in self.runs {
            assert!(place + run.a + run.steps * STEPS <= self.a.len(), "the left operand is too short");
            assert!(run.b + run.steps * STEPS * WIDTH <= self.panel.len(), "the right operand is too short");
        }
    }

    /// Sums for as many rows as places, at most [`ROWS`]: tiles of up to `MOST` rows by `VECTORS` vectors, which fit the registers.
    ///
    /// # Safety
    /// The machine has the unit `D`.
    #[inline(always)]
    #[expect(
        unsafe_code,
        reason = "a bounds check at each step would double the time; runs are checked as a whole"
    )]
    pub(super) unsafe fn sums<D: Dots, const MOST: usize, const VECTORS: usize>(
        &self,
        places: &[usize],
        sums: &mut Sums,
    ) {
        assert!(places.len() <= ROWS, "more rows than a tile has");
        self.check(places.iter().copied().max().unwrap_or(0));
        let mut row = 0;
        while row < places.len() {
            let left = places.len() - row;
            // SAFETY: checked above, and the rows of a tile are those of the places.
            unsafe {
                row += match left {
                    left if left >= MOST => self.tiles::<D, MOST, VECTORS>(&places[row..], &mut sums[row..]),
                    4.. if MOST > 4 => self.tiles::<D, 4, VECTORS>(&places[row..], &mut sums[row..]),
                    2.. if MOST > 2 => self.tiles::<D, 2, VECTORS>(&places[row..], &mut sums[row..]),
                    _ => self.tiles::<D, 1, VECTORS>(&places[row..], &mut sums[row..]),
                };
            }
        }
    }

    /// All columns of the panel for `COUNT` rows, which it returns.
    ///
    /// # Safety
    /// Runs lie inside of the operands; there are `COUNT` places; the machine has the unit.
    #[inline(always)]
    #[expect(unsafe_code, reason = "see `sums`")]
    unsafe fn tiles<D: Dots, const COUNT: usize, const VECTORS: usize>(
        &self,
        places: &[usize],
        sums: &mut [[i32; WIDTH]],
    ) -> usize {
        let mut column = 0;
        while column < WIDTH {
            // SAFETY: by the caller's promise; a panel has `WIDTH` columns, of which a tile takes a part that divides them.
            unsafe { self.tile::<D, COUNT, VECTORS>(places, column, sums) };
            column += D::COLUMNS * VECTORS;
        }
        COUNT
    }

    /// # Safety
    /// As [`Self::tiles`]; `column` is one at which a tile begins.
    #[inline(always)]
    #[expect(unsafe_code, clippy::needless_range_loop, reason = "see `sums`; two arrays are walked at once")]
    unsafe fn tile<D: Dots, const COUNT: usize, const VECTORS: usize>(
        &self,
        places: &[usize],
        column: usize,
        sums: &mut [[i32; WIDTH]],
    ) {
        // SAFETY: by the caller's promise all addresses lie inside.
        unsafe {
            let mut tile = [[D::zero(); VECTORS]; COUNT];
            for run in self.runs {
                let mut a = [self.a.as_ptr(); COUNT];
                for i in 0..COUNT {
                    a[i] = self.a.as_ptr().add(*places.get_unchecked(i) + run.a);
                }
                let mut b = self.panel.as_ptr().add(run.b + column * STEPS);
                for step in 0..run.steps {
                    for i in 0..COUNT {
                        let bytes = D::bytes(a[i].add(step * STEPS));
                        for v in 0..VECTORS {
                            tile[i][v] = D::add(tile[i][v], bytes, b.add(v * D::COLUMNS * STEPS));
                        }
                    }
                    b = b.add(WIDTH * STEPS);
                }
            }
            for i in 0..COUNT {
                for v in 0..VECTORS {
                    D::store(tile[i][v], sums.get_unchecked_mut(i).as_mut_ptr().add(column + v * D::COLUMNS));
                }
            }
        }
    }
}
