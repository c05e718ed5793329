//! A learned factor for each input: soft feature selection (RealMLP, ingredient 4).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::parameter;

/// `x * s`, `s` started at 1.
///
/// # Shapes
/// `[rows, features]` to the same.
#[derive(Module, Debug)]
pub struct Scaling {
    /// The factors, `[1, features]`.
    pub scale: Param<Tensor<2>>,
}

impl Scaling {
    /// Factors of 1.
    pub fn new(features: usize, device: &Device) -> Self {
        Self { scale: parameter([1, features], device, |_| 1.0) }
    }

    /// Scales each feature.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        input.mul(self.scale.val())
    }
}
