//! Transposition: squares in registers where the processor has AVX-512, in the first-level cache elsewhere.

/// Entries of a square's side.
const SIDE: usize = 16;

/// `turned[j * turned_row + i] = matrix[i * row + j]` for `rows` rows and `columns` columns.
///
/// Each entry is read and written once; 64 shuffles move 256 of them.
pub(crate) fn turn(
    matrix: &[f32],
    [rows, row]: [usize; 2],
    turned: &mut [f32],
    [columns, turned_row]: [usize; 2],
) {
    let (whole_rows, whole_columns) = (rows / SIDE * SIDE, columns / SIDE * SIDE);
    for i in (0..whole_rows).step_by(SIDE) {
        for j in (0..whole_columns).step_by(SIDE) {
            square(&matrix[i * row + j..], row, &mut turned[j * turned_row + i..], turned_row);
        }
    }
    let mut entry = |i: usize, j: usize| turned[j * turned_row + i] = matrix[i * row + j];
    for i in 0..whole_rows {
        (whole_columns..columns).for_each(|j| entry(i, j));
    }
    for i in whole_rows..rows {
        (0..columns).for_each(|j| entry(i, j));
    }
}

fn square(matrix: &[f32], row: usize, turned: &mut [f32], turned_row: usize) {
    #[cfg(target_arch = "x86_64")]
    if crate::vector::lanes() == SIDE && std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has the instructions.
        #[expect(unsafe_code, reason = "the function is compiled for AVX-512")]
        unsafe {
            avx512::square(matrix, row, turned, turned_row);
        }
        return;
    }
    for i in 0..SIDE {
        for (j, value) in matrix[i * row..][..SIDE].iter().enumerate() {
            turned[j * turned_row + i] = *value;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512, _mm512_castpd_ps, _mm512_castps_pd, _mm512_setzero_ps, _mm512_shuffle_f32x4,
        _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    };

    use pulp::bytemuck;

    use super::SIDE;

    /// Four rounds, each of which doubles how far the entries of a column lie together.
    #[target_feature(enable = "avx512f")]
    pub(super) fn square(matrix: &[f32], row: usize, turned: &mut [f32], turned_row: usize) {
        let mut rows = [_mm512_setzero_ps(); SIDE];
        for (i, vector) in rows.iter_mut().enumerate() {
            *vector = bytemuck::pod_read_unaligned(bytemuck::cast_slice(&matrix[i * row..][..SIDE]));
        }
        for (j, column) in columns(&rows).iter().enumerate() {
            turned[j * turned_row..][..SIDE]
                .copy_from_slice(bytemuck::cast_slice(std::slice::from_ref(column)));
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn columns(rows: &[__m512; SIDE]) -> [__m512; SIDE] {
        let zero = _mm512_setzero_ps();
        let (mut pairs, mut fours) = ([zero; SIDE], [zero; SIDE]);
        for i in (0..SIDE).step_by(2) {
            pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
            pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
        }
        for i in (0..SIDE).step_by(4) {
            for half in 0..2 {
                let (low, high) = (_mm512_castps_pd(pairs[i + half]), _mm512_castps_pd(pairs[i + half + 2]));
                fours[i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
                fours[i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
            }
        }
        // Quarter `b` of `fours[4 i + c]` holds rows 4 i to 4 i + 3 of column 4 b + c.
        let mut columns = [zero; SIDE];
        for c in 0..4 {
            let even = [0, 8].map(|i| _mm512_shuffle_f32x4::<0x88>(fours[i + c], fours[i + 4 + c]));
            let odd = [0, 8].map(|i| _mm512_shuffle_f32x4::<0xdd>(fours[i + c], fours[i + 4 + c]));
            columns[c] = _mm512_shuffle_f32x4::<0x88>(even[0], even[1]);
            columns[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd[0], odd[1]);
            columns[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even[0], even[1]);
            columns[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd[0], odd[1]);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn entries_change_their_places(rows in 0usize..70, columns in 0usize..70, gap in 0usize..3) {
            let (row, turned_row) = (columns + gap, rows + gap);
            let matrix: Vec<f32> = (0..rows * row).map(|i| i as f32).collect();
            let mut turned = vec![-1.0; columns * turned_row];
            turn(&matrix, [rows, row], &mut turned, [columns, turned_row]);
            for i in 0..rows {
                for j in 0..columns {
                    prop_assert_eq!(turned[j * turned_row + i].to_bits(), matrix[i * row + j].to_bits());
                }
            }
        }
    }
}
