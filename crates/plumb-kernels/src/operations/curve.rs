//! Functions of one entry, with their slope from the same pass.

use std::fmt;

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, TensorData, activation};
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::chance::Dropout;
use crate::elementary::{erf, exp};
use crate::elementwise::{CHUNK, each, map, map_two};
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};

/// Applies `function`, which gives value and slope at a point, to each entry.
///
/// One pass forward that keeps the slopes, one multiplication backward. Elsewhere than on this CPU both come from one
/// pass on the host, and the graph gets the tangent, `x * slope + rest`.
pub fn curve<const D: usize>(
    input: Tensor<D>,
    function: impl Fn(f32) -> (f32, f32) + Copy + Send + Sync + 'static,
) -> Tensor<D> {
    if on_cpu(&input) {
        if input.device().is_autodiff() {
            return apply(Curve { function, chance: Dropout::NONE }, [operand(input)]).0;
        }
        return apply(Values(function), [operand(input)]).0;
    }
    let (shape, device) = (input.dims(), input.device());
    let on_device = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, shape), &device);
    let points = input.clone().inner().into_data_as::<f32>().try_into_vec::<f32>().unwrap_or_default();
    let (slopes, rests) = points.iter().map(|&x| (function(x).1, function(x).0 - x * function(x).1)).unzip();
    input.mul(on_device(slopes)).add(on_device(rests))
}

/// `max(x, 0)`; NaN stays NaN.
pub fn relu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if on_cpu(&input) { apply(Relu, [operand(input)]).0 } else { activation::relu(input) }
}

/// Gaussian error linear unit, `x Phi(x)` (Hendrycks, Gimpel 2016), within 1e-6.
pub fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if on_cpu(&input) { curve(input, gelu_at) } else { activation::gelu(input) }
}

/// [`gelu`], then [`dropout`](super::dropout()), in one pass that keeps one array.
pub fn gelu_dropped<const D: usize>(input: Tensor<D>, chance: Dropout) -> Tensor<D> {
    if on_cpu(&input) && input.device().is_autodiff() {
        return apply(Curve { function: gelu_at, chance }, [operand(input)]).0;
    }
    super::dropout(gelu(input), chance)
}

/// Scaled exponential linear unit (Klambauer et al. 2017).
pub fn selu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if on_cpu(&input) { curve(input, selu_at) } else { activation::selu(input) }
}

/// `x tanh(softplus(x))` (Misra 2019).
pub fn mish<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if on_cpu(&input) { curve(input, mish_at) } else { activation::mish(input) }
}

/// `Phi(x) = (1 + erf(x / sqrt 2)) / 2`; the slope is `Phi(x) + x phi(x)`.
#[inline(always)]
fn gelu_at(x: f32) -> (f32, f32) {
    const DENSITY: f32 = 0.398_942_3;
    let (erf, bell) = erf(x * std::f32::consts::FRAC_1_SQRT_2);
    let share = 0.5 * (1.0 + erf);
    (x * share, share + x * (DENSITY * bell))
}

/// The constants make mean 0 and variance 1 a fixed point.
#[inline(always)]
fn selu_at(x: f32) -> (f32, f32) {
    const SCALE: f32 = 1.050_701;
    const SCALE_ALPHA: f32 = 1.758_099_3;
    let bent = SCALE_ALPHA * exp(if x > 0.0 { 0.0 } else { x });
    if x > 0.0 { (SCALE * x, SCALE) } else { (bent - SCALE_ALPHA, bent) }
}

/// By `tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2)` with `e = exp(x)`.
#[inline(always)]
fn mish_at(x: f32) -> (f32, f32) {
    // From 20 on the tanh is 1 to all digits.
    let e = exp(if x > 20.0 { 20.0 } else { x });
    let product = e * (e + 2.0);
    let tanh = product / (product + 2.0);
    let sigmoid = e / (1.0 + e);
    (x * tanh, tanh + x * (1.0 - tanh * tanh) * sigmoid)
}

#[derive(Clone, Copy)]
struct Curve<F> {
    function: F,
    chance: Dropout,
}

impl<F> fmt::Debug for Curve<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Curve")
    }
}

impl<F: Fn(f32) -> (f32, f32) + Copy + Send + Sync + 'static> Operation<1> for Curve<F> {
    /// The slopes, with the factors of the dropout.
    type Saved = FlexTensor;

    fn forward(&self, [input]: [FlexTensor; 1]) -> (FlexTensor, FlexTensor) {
        let input = dense(input);
        let [mut output, mut slopes] = [unfilled(values(&input).len()), unfilled(values(&input).len())];
        let outputs = output.par_chunks_mut(CHUNK).zip(slopes.par_chunks_mut(CHUNK));
        each(
            outputs.zip(values(&input).par_chunks(CHUNK)).enumerate(),
            #[inline(always)]
            |(index, ((output, slopes), input))| {
                if self.chance.acts() {
                    self.chance.factors(index * CHUNK, slopes);
                } else {
                    slopes.fill(1.0);
                }
                for ((output, slope), input) in output.iter_mut().zip(slopes).zip(input) {
                    let (value, tangent) = (self.function)(*input);
                    *output = value * *slope;
                    *slope *= tangent;
                }
            },
        );
        (array(output, extents(&input)), array(slopes, extents(&input)))
    }

    fn backward(&self, slopes: FlexTensor, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let gradient = dense(gradient);
        let found = map_two(
            values(&gradient),
            values(&slopes),
            #[inline(always)]
            |gradient, slope| gradient * slope,
        );
        [Some(array(found, extents(&gradient)))]
    }
}

/// The same off the gradient graph: no slopes.
#[derive(Clone, Copy)]
struct Values<F>(F);

impl<F> fmt::Debug for Values<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values")
    }
}

impl<F: Fn(f32) -> (f32, f32) + Copy + Send + Sync + 'static> Operation<1> for Values<F> {
    type Saved = ();

    fn forward(&self, [input]: [FlexTensor; 1]) -> (FlexTensor, ()) {
        let input = dense(input);
        let function = self.0;
        (
            array(
                map(
                    values(&input),
                    #[inline(always)]
                    move |x| function(x).0,
                ),
                extents(&input),
            ),
            (),
        )
    }

    fn backward(&self, (): (), _: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        [None]
    }
}

#[derive(Debug, Clone, Copy)]
struct Relu;

impl Operation<1> for Relu {
    type Saved = FlexTensor;

    fn forward(&self, [input]: [FlexTensor; 1]) -> (FlexTensor, FlexTensor) {
        let input = dense(input);
        let output = array(
            map(
                values(&input),
                #[inline(always)]
                |x| if x < 0.0 { 0.0 } else { x },
            ),
            extents(&input),
        );
        (output.clone(), output)
    }

    fn backward(&self, output: FlexTensor, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let gradient = dense(gradient);
        let found = map_two(
            values(&gradient),
            values(&output),
            #[inline(always)]
            |gradient, output| if output > 0.0 { gradient } else { 0.0 },
        );
        [Some(array(found, extents(&gradient)))]
    }
}
