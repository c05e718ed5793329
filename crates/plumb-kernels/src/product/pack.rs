//! Columns packed in panels, the form in which the inner loop reads the right operand.

use pulp::{Simd, WithSimd};

use super::Matrix;
use super::tile::VECTORS;
use crate::vector::dispatch;

/// Packs `depth` rows and `columns` columns of `b`: panel after panel, in it row after row, zeros past the last column.
///
/// Reads each entry once and writes it once: by rows where they are contiguous, else in squares that fit the
/// first-level cache.
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

/// Columns whose entries are apart: for some rows of the panel at a time, one column after the other.
#[inline(always)]
fn turned(b: Matrix<'_>, first: usize, count: usize, width: usize, out: &mut [f32]) {
    const ROWS: usize = 16;
    for (part, rows) in out.chunks_mut(ROWS * width).enumerate() {
        if count < width {
            rows.fill(0.0);
        }
        let depth = rows.len() / width;
        for j in 0..count {
            let column = &b.values[part * ROWS * b.row + (first + j) * b.column..];
            if b.row == 1 && depth == ROWS {
                let column: &[f32; ROWS] = column.first_chunk().unwrap_or(&[0.0; ROWS]);
                for (k, value) in column.iter().enumerate() {
                    rows[k * width + j] = *value;
                }
            } else {
                for k in 0..depth {
                    rows[k * width + j] = column[k * b.row];
                }
            }
        }
    }
}
