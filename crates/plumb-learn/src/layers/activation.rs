//! The activation functions on offer, one row each.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

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
            Self::Selu => activation::selu(input),
            Self::Mish => activation::mish(input),
        }
    }
}
