//! Floats to bytes and back.

use rayon::prelude::*;

use super::finish::{clipped, step};
use crate::elementwise::{CHUNK, each};

/// Bytes of floats: `round(x / scale) + zero`, halves to even ones, saturated; what is no number becomes 0.
pub fn quantize(values: &[f32], scale: f32, zero: u8) -> Vec<u8> {
    let mut bytes = vec![0u8; values.len()];
    let ends = [-f32::from(zero), 255.0 - f32::from(zero)];
    each(
        bytes.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)),
        #[inline(always)]
        |(bytes, values)| {
            for (byte, &value) in bytes.iter_mut().zip(values) {
                *byte = step(clipped(value / scale, ends)).wrapping_add(i32::from(zero)) as u8;
            }
        },
    );
    bytes
}

/// Floats of bytes: `scale (byte - zero)`.
pub fn dequantize(bytes: &[u8], scale: f32, zero: u8) -> Vec<f32> {
    let mut values = crate::buffer::unfilled(bytes.len());
    each(
        values.par_chunks_mut(CHUNK).zip(bytes.par_chunks(CHUNK)),
        #[inline(always)]
        |(values, bytes)| {
            for (value, &byte) in values.iter_mut().zip(bytes) {
                *value = (f32::from(byte) - f32::from(zero)) * scale;
            }
        },
    );
    values
}

/// The least and the largest value; infinities the wrong way round without values. What is no number is passed over.
pub fn ends(values: &[f32]) -> [f32; 2] {
    const LANES: usize = 64;
    let part = |values: &[f32]| {
        crate::vector::vectorized(
            #[inline(always)]
            || {
                let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
                for chunk in values.chunks(LANES) {
                    for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(chunk) {
                        *low = if value < *low { value } else { *low };
                        *high = if value > *high { value } else { *high };
                    }
                }
                [
                    low.into_iter().fold(f32::INFINITY, f32::min),
                    high.into_iter().fold(f32::NEG_INFINITY, f32::max),
                ]
            },
        )
    };
    let both = |a: [f32; 2], b: [f32; 2]| [a[0].min(b[0]), a[1].max(b[1])];
    let nothing = || [f32::INFINITY, f32::NEG_INFINITY];
    if values.len() <= CHUNK {
        return part(values);
    }
    values.par_chunks(CHUNK).map(part).reduce(nothing, both)
}
