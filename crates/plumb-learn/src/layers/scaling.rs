//! A learned factor for each input: soft feature selection (RealMLP, ingredient 4).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_onnx::{GraphWriter, Name};

use super::parameter;
use crate::parameters::host;

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

impl Scaling {
    /// The layer as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let scale = graph.floats(&format!("{at}.scale"), &self.scale.dims(), &host(self.scale.val().inner()));
        graph.node("Mul", &[input, &scale], &[])
    }
}
