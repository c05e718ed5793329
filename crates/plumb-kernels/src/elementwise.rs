//! Passes over slices, entry by entry, on all threads and in vectors.

use rayon::iter::plumbing::{Producer, ProducerCallback};
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::vector::vectorized;

/// Entries that one thread takes at a time: 64 KiB, so that three arrays fit a core's second-level cache. Each entry
/// is computed alone, so no result depends on it.
pub(crate) const CHUNK: usize = 16_384;

/// `f` of each entry. `f` must be `#[inline(always)]` to become vector code.
pub fn map(input: &[f32], f: impl Fn(f32) -> f32 + Sync) -> Vec<f32> {
    let mut output = unfilled(input.len());
    each(
        output.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK)),
        #[inline(always)]
        |(output, input)| {
            for (output, input) in output.iter_mut().zip(input) {
                *output = f(*input);
            }
        },
    );
    output
}

/// `f` of each pair of entries.
pub fn map_two(left: &[f32], right: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    let mut output = unfilled(left.len());
    let pairs = left.par_chunks(CHUNK).zip(right.par_chunks(CHUNK));
    each(
        output.par_chunks_mut(CHUNK).zip(pairs),
        #[inline(always)]
        |(output, (left, right))| {
            for ((output, left), right) in output.iter_mut().zip(left).zip(right) {
                *output = f(*left, *right);
            }
        },
    );
    output
}

/// Runs `work` on each chunk: on this thread when there is one chunk only, for waking another one takes longer.
pub(crate) fn each<I: IndexedParallelIterator>(chunks: I, work: impl Fn(I::Item) + Sync) {
    let work = |chunk| {
        vectorized(
            #[inline(always)]
            || work(chunk),
        );
    };
    if chunks.len() <= 1 { chunks.with_producer(Here(work)) } else { chunks.for_each(work) }
}

/// Goes through a parallel iterator on the calling thread.
struct Here<F>(F);

impl<T, F: Fn(T)> ProducerCallback<T> for Here<F> {
    type Output = ();

    fn callback<P: Producer<Item = T>>(self, producer: P) {
        producer.into_iter().for_each(self.0);
    }
}
