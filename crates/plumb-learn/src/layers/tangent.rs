//! Element-wise functions in one pass over the data, with their derivative.
//!
//! Burn composes such a function of a dozen operations, each a pass forward and one or two backward. Here value
//! and slope come from one pass on the host, and the graph gets the tangent at the point, `x * slope + rest`: the
//! same value (to rounding) and the same gradient, for two operations forward and one backward.

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::parameters::host;

/// Elements that one thread takes at a time; element-wise, so the result does not depend on it.
const CHUNK: usize = 16_384;

/// Applies `function`, which gives the value and the slope at a point, to each entry.
pub(crate) fn apply<const D: usize>(
    input: Tensor<D>,
    function: impl Fn(f32) -> (f32, f32) + Sync,
) -> Tensor<D> {
    let (shape, device) = (input.dims(), input.device());
    let mut values = host(input.clone().inner());
    let tensor = |values| Tensor::from_data(TensorData::new(values, shape), &device);
    if !device.is_autodiff() {
        values.par_chunks_mut(CHUNK).for_each(|chunk| chunk.iter_mut().for_each(|x| *x = function(*x).0));
        return tensor(values);
    }
    let mut slopes = vec![0.0f32; values.len()];
    values.par_chunks_mut(CHUNK).zip(slopes.par_chunks_mut(CHUNK)).for_each(|(values, slopes)| {
        for (x, slope) in values.iter_mut().zip(slopes) {
            let (value, gradient) = function(*x);
            *slope = gradient;
            *x = value - *x * gradient;
        }
    });
    input.mul(tensor(slopes)).add(tensor(values))
}
