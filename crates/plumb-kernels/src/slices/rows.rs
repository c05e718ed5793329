//! Normalization and softmax of rows.

use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::elementary::exp;
use crate::elementwise::each;
use crate::sums::{largest, rows_at_once, sum};

/// Each row of `units` entries by its own mean and variance, then scaled and shifted. Panics where weight or bias have another length.
pub fn layer_norm(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f32) -> Vec<f32> {
    let units = weight.len();
    assert!(bias.len() == units && (units > 0 || input.is_empty()), "a weight and a bias for each unit");
    let mut output = unfilled(input.len());
    let step = (rows_at_once(units) * units).max(1);
    each(
        output.par_chunks_mut(step).zip(input.par_chunks(step)),
        #[inline(always)]
        |(output, input)| {
            for (output, input) in output.chunks_mut(units).zip(input.chunks(units)) {
                let mean = sum(input, |x| x) / units as f32;
                let variance = sum(input, |x| (x - mean) * (x - mean)) / units as f32;
                let inverse = 1.0 / (variance + epsilon).sqrt();
                for ((output, input), (weight, bias)) in
                    output.iter_mut().zip(input).zip(weight.iter().zip(bias))
                {
                    *output = (input - mean) * inverse * weight + bias;
                }
            }
        },
    );
    output
}

/// Softmax of each row of `width` entries.
pub fn softmax(values: &mut [f32], width: usize) {
    let step = (rows_at_once(width) * width).max(1);
    each(
        values.par_chunks_mut(step),
        #[inline(always)]
        |rows| {
            for row in rows.chunks_mut(width.max(1)) {
                let top = largest(row);
                // A row that is shut out whole would be no number.
                let top = if top > f32::NEG_INFINITY { top } else { 0.0 };
                row.iter_mut().for_each(|value| *value = exp(*value - top));
                let inverse = 1.0 / sum(row, |x| x);
                row.iter_mut().for_each(|value| *value *= inverse);
            }
        },
    );
}
