//! Images from one order of their channels to the other.

use rayon::prelude::*;

use crate::elementwise::CHUNK;

/// `[count, columns, rows]` from `[count, rows, columns]`, by squares that stay in the cache.
fn turned<T: Copy + Default + Send + Sync>(values: &[T], [rows, columns]: [usize; 2]) -> Vec<T> {
    const SIDE: usize = 16;
    let mut turned = vec![T::default(); values.len()];
    let len = rows * columns;
    if len == 0 {
        return turned;
    }
    let matrix = |(turned, values): (&mut [T], &[T])| {
        for first in (0..rows).step_by(SIDE) {
            for column in (0..columns).step_by(SIDE) {
                for i in first..rows.min(first + SIDE) {
                    for j in column..columns.min(column + SIDE) {
                        turned[j * rows + i] = values[i * columns + j];
                    }
                }
            }
        }
    };
    if values.len() <= CHUNK {
        turned.chunks_mut(len).zip(values.chunks(len)).for_each(matrix);
    } else {
        turned.par_chunks_mut(len).zip(values.par_chunks(len)).for_each(matrix);
    }
    turned
}

/// `[count, pixels, channels]` of `[count, channels, pixels]`.
pub fn channels_last<T: Copy + Default + Send + Sync>(
    values: &[T],
    [channels, pixels]: [usize; 2],
) -> Vec<T> {
    turned(values, [channels, pixels])
}

/// `[count, channels, pixels]` of `[count, pixels, channels]`.
pub fn channels_first<T: Copy + Default + Send + Sync>(
    values: &[T],
    [channels, pixels]: [usize; 2],
) -> Vec<T> {
    turned(values, [pixels, channels])
}
