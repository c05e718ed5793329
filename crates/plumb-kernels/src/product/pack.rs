//! Columns packed in panels, the form in which the inner loop reads the right operand.

use pulp::{Simd, WithSimd};

use super::Matrix;
use super::tile::VECTORS;
use crate::turn::turn;
use crate::vector::dispatch;

/// Packs `depth` rows and `columns` columns of `b`: panel after panel, in it row after row, zeros past the last column.
///
/// Reads each entry once and writes it once: by rows where they are contiguous, else in squares.
pub(crate) fn panels(b: Matrix<'_>, depth: usize, columns: usize, packed: &mut [f32]) {
    dispatch(Panels { b, depth, columns, packed });
}

struct Panels<'a> {
    b: Matrix<'a>,
    depth: usize,
    columns: usize,
    packed: &'a mut [f32],
}

impl WithSimd for Panels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (b, width) = (self.b, VECTORS * S::F32_LANES);
        for (panel, out) in self.packed.chunks_exact_mut((self.depth * width).max(1)).enumerate() {
            let first = panel * width;
            let count = width.min(self.columns - first);
            if b.column != 1 {
                turned(b, first, count, width, out);
                continue;
            }
            for (k, row) in out.chunks_exact_mut(width).enumerate() {
                let from = k * b.row + first;
                // A copy of known length is two vectors, one of any length is a call.
                if count == width {
                    row.copy_from_slice(&b.values[from..from + width]);
                } else {
                    row[..count].copy_from_slice(&b.values[from..from + count]);
                    row[count..].fill(0.0);
                }
            }
        }
    }
}

/// Columns whose entries are apart.
#[inline(always)]
fn turned(b: Matrix<'_>, first: usize, count: usize, width: usize, out: &mut [f32]) {
    if count < width {
        out.fill(0.0);
    }
    let depth = out.len() / width;
    let columns = &b.values[(first * b.column).min(b.values.len())..];
    if b.row == 1 {
        return turn(columns, [count, b.column], out, [depth, width]);
    }
    for (k, row) in out.chunks_exact_mut(width).enumerate() {
        for (j, value) in row[..count].iter_mut().enumerate() {
            *value = columns[j * b.column + k * b.row];
        }
    }
}
