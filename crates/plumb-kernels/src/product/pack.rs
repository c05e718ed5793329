//! Columns packed in panels, the form in which the inner loop reads the right operand.

use super::{Matrix, panel_width};

/// Packs `depth` rows and `columns` columns of `b`: panel after panel, in it row after row, zeros past the last column.
///
/// Reads each entry once and writes it once: by rows where they are contiguous, else in squares that fit the
/// first-level cache.
pub(crate) fn panels(b: Matrix<'_>, depth: usize, columns: usize, packed: &mut [f32]) {
    let width = panel_width();
    for (panel, out) in packed.chunks_exact_mut((depth * width).max(1)).enumerate() {
        let first = panel * width;
        let count = width.min(columns - first);
        if count < width {
            out.fill(0.0);
        }
        if b.column == 1 {
            for (k, row) in out.chunks_exact_mut(width).enumerate() {
                let from = k * b.row + first;
                row[..count].copy_from_slice(&b.values[from..from + count]);
            }
        } else {
            turned(b, depth, first, count, out);
        }
    }
}

/// Columns whose entries are apart: eight rows of the panel at a time.
fn turned(b: Matrix<'_>, depth: usize, first: usize, count: usize, out: &mut [f32]) {
    const SIDE: usize = 8;
    let width = panel_width();
    for from in (0..depth).step_by(SIDE) {
        let rows = SIDE.min(depth - from);
        for j in 0..count {
            let column = &b.values[from * b.row + (first + j) * b.column..];
            for k in 0..rows {
                out[(from + k) * width + j] = column[k * b.row];
            }
        }
    }
}
