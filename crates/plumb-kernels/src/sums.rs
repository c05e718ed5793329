//! Sums in a fixed order: lanes first, then chunks of fixed size, whatever the number of threads.

use rayon::prelude::*;

use crate::vector::vectorized;

/// Partial sums of one row: as many as the widest vector has lanes, times two to hide the latency of an addition.
const LANES: usize = 32;

/// The sum over `f` of the entries, in [`LANES`] interleaved partial sums.
#[inline(always)]
pub(crate) fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += f(value);
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += f(value);
    }
    fold(sums)
}

/// The sum over `f` of pairs of entries.
#[inline(always)]
pub(crate) fn sum_two(left: &[f32], right: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (left, right) in left.iter().zip(right) {
        for ((sum, &left), &right) in sums.iter_mut().zip(left).zip(right) {
            *sum += f(left, right);
        }
    }
    for ((sum, &left), &right) in sums.iter_mut().zip(left_rest).zip(right_rest) {
        *sum += f(left, right);
    }
    fold(sums)
}

#[inline(always)]
fn fold(mut sums: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] += sums[i + half];
        }
        half /= 2;
    }
    sums[0]
}

/// The largest entry; NaN if there is one, minus infinity without entries.
#[inline(always)]
pub(crate) fn largest(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut tops = [f32::NEG_INFINITY; LANES];
    let larger = |top: &mut f32, value: f32| *top = if value > *top || value.is_nan() { value } else { *top };
    for chunk in chunks {
        for (top, &value) in tops.iter_mut().zip(chunk) {
            larger(top, value);
        }
    }
    for (top, &value) in tops.iter_mut().zip(rest) {
        larger(top, value);
    }
    tops.into_iter().fold(f32::NEG_INFINITY, |mut top, value| {
        larger(&mut top, value);
        top
    })
}

/// Rows of one chunk of a matrix with `columns` columns: 64 KiB of entries.
pub(crate) fn rows_at_once(columns: usize) -> usize {
    (crate::elementwise::CHUNK / columns.max(1)).max(1)
}

/// What `of` adds up over each chunk of rows, then over the chunks in their order: `N` sums for each column.
///
/// `of` gets the chunk's number and its sums, `columns` for each of the `N`, all 0.
pub(crate) fn column_sums<const N: usize>(
    rows: usize,
    columns: usize,
    of: impl Fn(std::ops::Range<usize>, &mut [Vec<f32>; N]) + Sync,
) -> [Vec<f32>; N] {
    let step = rows_at_once(columns);
    let chunk = |index: usize| {
        let mut sums: [Vec<f32>; N] = std::array::from_fn(|_| vec![0.0; columns]);
        vectorized(
            #[inline(always)]
            || of(index * step..((index + 1) * step).min(rows), &mut sums),
        );
        sums
    };
    let chunks = rows.div_ceil(step);
    let parts: Vec<[Vec<f32>; N]> = if chunks <= 1 {
        (0..chunks).map(chunk).collect()
    } else {
        (0..chunks).into_par_iter().map(chunk).collect()
    };
    let mut totals: [Vec<f64>; N] = std::array::from_fn(|_| vec![0.0; columns]);
    for part in parts {
        for (total, part) in totals.iter_mut().zip(part) {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += f64::from(part));
        }
    }
    totals.map(|total| total.into_iter().map(|sum| sum as f32).collect())
}

/// The sum of each column.
pub(crate) fn columns(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    let [sums] = column_sums(
        rows,
        columns,
        #[inline(always)]
        |rows, [sums]| {
            for row in values[rows.start * columns..rows.end * columns].chunks_exact(columns) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        },
    );
    sums
}
