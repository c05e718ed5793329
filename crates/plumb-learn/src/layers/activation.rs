//! The activation functions on offer, one row each.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use super::elementary::exp;
use super::tangent;

/// An element-wise nonlinearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// Scaled exponential linear unit (Klambauer et al. 2017).
    Selu,
    /// `x tanh(softplus(x))` (Misra 2019).
    Mish,
}

impl Activation {
    /// Applies it to each entry.
    pub fn apply<const D: usize>(self, input: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(input),
            Self::Selu => tangent::apply(input, selu),
            Self::Mish => tangent::apply(input, mish),
        }
    }
}

/// Value and slope; the constants make mean 0 and variance 1 a fixed point.
#[inline]
fn selu(x: f32) -> (f32, f32) {
    const SCALE: f32 = 1.050_701;
    const SCALE_ALPHA: f32 = 1.758_099_3;
    let bent = SCALE_ALPHA * exp(if x > 0.0 { 0.0 } else { x });
    if x > 0.0 { (SCALE * x, SCALE) } else { (bent - SCALE_ALPHA, bent) }
}

/// Value and slope, by `tanh(log(1 + e)) = e (e + 2) / (e (e + 2) + 2)` with `e = exp(x)`.
#[inline]
fn mish(x: f32) -> (f32, f32) {
    // From 20 on the tanh is 1 to all digits.
    let e = exp(if x > 20.0 { 20.0 } else { x });
    let product = e * (e + 2.0);
    let tanh = product / (product + 2.0);
    let sigmoid = e / (1.0 + e);
    (x * tanh, tanh + x * (1.0 - tanh * tanh) * sigmoid)
}
