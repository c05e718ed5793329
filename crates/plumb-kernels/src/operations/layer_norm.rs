//! Layer normalization over the last axis.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, module};
use rayon::prelude::*;

use crate::buffer::{Shared, unfilled};
use crate::elementwise::each;
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};
use crate::sums::{column_sums, rows_at_once, sum, sum_two};

/// Normalizes each row by its own mean and variance, then scales and shifts.
///
/// # Shapes
/// `[.., units]`, `[units]` and `[units]` to `[.., units]`. The row's mean and inverse deviation are kept, not the
/// normed row.
pub fn layer_norm<const D: usize>(
    input: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f32,
) -> Tensor<D> {
    if !on_cpu(&input) || !on_cpu(&weight) {
        return reference(input, weight, bias, epsilon);
    }
    apply(Norm { epsilon }, [operand(input), operand(weight), operand(bias)]).0
}

pub(super) fn reference<const D: usize>(
    input: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f32,
) -> Tensor<D> {
    module::layer_norm(input, weight, Some(bias), f64::from(epsilon))
}

#[derive(Debug, Clone, Copy)]
struct Norm {
    epsilon: f32,
}

#[derive(Debug, Clone)]
struct Saved {
    input: FlexTensor,
    weight: FlexTensor,
    /// Mean and inverse deviation of each row.
    moments: FlexTensor,
}

impl Operation<3> for Norm {
    type Saved = Saved;

    fn forward(&self, [input, weight, bias]: [FlexTensor; 3]) -> (FlexTensor, Saved) {
        let (input, weight, bias) = (dense(input), dense(weight), dense(bias));
        let units = extents(&weight)[0];
        let rows = values(&input).len().checked_div(units).unwrap_or(0);
        let (mut output, mut moments) = (unfilled(rows * units), unfilled(rows * 2));
        let step = rows_at_once(units);
        let outputs = output.par_chunks_mut((step * units).max(1)).zip(moments.par_chunks_mut(step * 2));
        each(
            outputs.zip(values(&input).par_chunks((step * units).max(1))),
            #[inline(always)]
            |((output, moments), input)| {
                let rows = output.chunks_exact_mut(units).zip(moments.as_chunks_mut::<2>().0);
                for ((output, moments), input) in rows.zip(input.chunks_exact(units)) {
                    let mean = sum(input, |x| x) / units as f32;
                    let variance = sum(input, |x| (x - mean) * (x - mean)) / units as f32;
                    let inverse = 1.0 / (variance + self.epsilon).sqrt();
                    *moments = [mean, inverse];
                    let lines = values(&weight).iter().zip(values(&bias));
                    for ((output, input), (weight, bias)) in output.iter_mut().zip(input).zip(lines) {
                        *output = (input - mean) * inverse * weight + bias;
                    }
                }
            },
        );
        (array(output, extents(&input)), Saved { input, weight, moments: array(moments, [rows, 2]) })
    }

    fn backward(&self, saved: Saved, gradient: FlexTensor, _: [bool; 3]) -> [Option<FlexTensor>; 3] {
        let Saved { input, weight, moments } = saved;
        let gradient = dense(gradient);
        let units = extents(&weight)[0];
        let rows = values(&input).len().checked_div(units).unwrap_or(0);
        let mut found = unfilled(rows * units);
        let shared = Shared::new(&mut found);
        let (moments, _) = values(&moments).as_chunks::<2>();
        let [weight_gradient, bias_gradient] = column_sums(
            rows,
            units,
            #[inline(always)]
            |rows, [to_weight, to_bias]| {
                for row in rows {
                    let at = row * units..(row + 1) * units;
                    let (input, slopes) = (&values(&input)[at.clone()], &values(&gradient)[at]);
                    // SAFETY: a row belongs to one chunk, a chunk to one thread.
                    #[expect(unsafe_code, reason = "threads write rows of their own")]
                    let found = unsafe { shared.part(row * units, units) };
                    row_gradient(
                        moments[row],
                        input,
                        slopes,
                        values(&weight),
                        found,
                        [&mut *to_weight, &mut *to_bias],
                    );
                }
            },
        );
        let shape = extents(&input);
        [
            Some(array(found, shape)),
            Some(array(weight_gradient, [units])),
            Some(array(bias_gradient, [units])),
        ]
    }
}

#[inline(always)]
fn row_gradient(
    [mean, inverse]: [f32; 2],
    input: &[f32],
    slopes: &[f32],
    weight: &[f32],
    found: &mut [f32],
    [to_weight, to_bias]: [&mut Vec<f32>; 2],
) {
    for ((found, slope), weight) in found.iter_mut().zip(slopes).zip(weight) {
        *found = slope * weight;
    }
    let count = input.len() as f32;
    let average = sum(found, |x| x) / count;
    let along = sum_two(found, input, |slope, input| slope * (input - mean)) * inverse * inverse / count;
    for (found, input) in found.iter_mut().zip(input) {
        *found = inverse * (*found - average - (input - mean) * along);
    }
    for ((to_weight, to_bias), (slope, input)) in
        to_weight.iter_mut().zip(to_bias.iter_mut()).zip(slopes.iter().zip(input))
    {
        *to_weight += slope * (input - mean) * inverse;
        *to_bias += slope;
    }
}
