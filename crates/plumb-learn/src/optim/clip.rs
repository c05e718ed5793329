//! Clipping by the global norm (Pascanu et al. 2013), as `torch.nn.utils.clip_grad_norm_`.

use plumb_kernels::vectorized;
use rayon::prelude::*;

/// Independent partial sums: enough for the processor to add without waiting, and a fixed order of addition.
const LANES: usize = 32;

/// Values of one part of a sum; parts are added in their order, whatever the number of threads.
const PART: usize = 65_536;

/// The sum of squares in `f64`, always added in the same order.
///
/// One pass; exact enough that a gradient of 10^8 values is right to 1e-12.
pub fn sum_of_squares(values: &[f32]) -> f64 {
    if values.len() <= PART {
        return vectorized(|| part(values));
    }
    let parts: Vec<f64> = values.par_chunks(PART).map(|values| vectorized(|| part(values))).collect();
    parts.iter().sum()
}

#[inline]
fn part(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0f64; LANES];
    for chunk in chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(value) * f64::from(value);
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += f64::from(value) * f64::from(value);
    }
    sums.iter().sum()
}

/// The norm of all gradients together; the caller's order of slices is the order of addition.
pub fn global_norm<'a>(gradients: impl IntoIterator<Item = &'a [f32]>) -> f64 {
    gradients.into_iter().map(sum_of_squares).sum::<f64>().sqrt()
}

/// What every gradient is multiplied by so that the global norm is at most `max_norm`: the
/// [`Hyper::gradient_scale`](super::Hyper::gradient_scale) of the step. 1 when nothing is to be clipped.
pub fn factor(norm: f64, max_norm: f64) -> f32 {
    // 1e-6 is torch's guard against a norm of 0.
    (max_norm / (norm + 1e-6)).min(1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::golden::{self, vectors};

    #[test]
    fn equal_to_torch() {
        let case = &golden::read()["clip"];
        let gradients = vectors(&case["gradients"]);
        let norm = global_norm(gradients.iter().map(Vec::as_slice));
        assert!((norm - case["norm"].as_f64().unwrap()).abs() < 1e-5 * norm);
        let factor = factor(norm, case["max_norm"].as_f64().unwrap());
        for (gradient, clipped) in gradients.iter().zip(vectors(&case["clipped"])) {
            for (g, expected) in gradient.iter().zip(clipped) {
                assert!((g * factor - expected).abs() <= 1e-6 * expected.abs());
            }
        }
    }

    #[test]
    fn a_short_gradient_stays_as_it_is_and_a_broken_norm_shows() {
        assert_eq!(factor(0.0, 1.0).to_bits(), 1.0f32.to_bits());
        assert_eq!(factor(0.5, 1.0).to_bits(), 1.0f32.to_bits());
        assert!(global_norm([[f32::NAN].as_slice()]).is_nan());
    }
}
