//! Kernels on slices, for whoever runs trained networks without tensors of the engine.

mod pool;
mod product;
mod rows;
mod turn;

pub use crate::elementwise::{map, map_two};
pub use pool::{Window, average_pool, global_average, max_pool};
pub use product::products;
pub use rows::{layer_norm, softmax};
pub use turn::{channels_first, channels_last};

use rayon::prelude::*;

use crate::elementwise::{CHUNK, each};

/// Replaces each entry by `f` of it. `f` must be `#[inline(always)]` to become vector code.
pub fn apply(values: &mut [f32], f: impl Fn(f32) -> f32 + Sync) {
    each(
        values.par_chunks_mut(CHUNK),
        #[inline(always)]
        |values| values.iter_mut().for_each(|value| *value = f(*value)),
    );
}

/// Replaces each entry of `values` by `f` of it and of the entry at its place in `others`, which is repeated: `values` are rows of its length.
pub fn apply_rows(values: &mut [f32], others: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) {
    let width = others.len();
    if width == 0 {
        return;
    }
    let rows = (CHUNK / width).max(1);
    each(
        values.par_chunks_mut(rows * width),
        #[inline(always)]
        |rows| {
            for row in rows.chunks_mut(width) {
                for (value, other) in row.iter_mut().zip(others) {
                    *value = f(*value, *other);
                }
            }
        },
    );
}

/// As [`apply_rows`] where `others` has as many entries as `values`.
pub fn apply_both(values: &mut [f32], others: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) {
    each(
        values.par_chunks_mut(CHUNK).zip(others.par_chunks(CHUNK)),
        #[inline(always)]
        |(values, others)| {
            for (value, other) in values.iter_mut().zip(others) {
                *value = f(*value, *other);
            }
        },
    );
}
