//! The activation functions on offer, one row each.

use burn::tensor::Tensor;
use plumb_kernels::Dropout;
use plumb_onnx::{GraphWriter, Name};
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
    /// Gaussian error linear unit (Hendrycks, Gimpel 2016).
    Gelu,
}

impl Activation {
    /// Applies it to each entry.
    pub fn apply<const D: usize>(self, input: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => plumb_kernels::relu(input),
            Self::Selu => plumb_kernels::selu(input),
            Self::Mish => plumb_kernels::mish(input),
            Self::Gelu => plumb_kernels::gelu(input),
        }
    }

    /// Applies it, then drops entries: one pass where there is a kernel for both.
    pub fn apply_dropped<const D: usize>(self, input: Tensor<D>, chance: Dropout) -> Tensor<D> {
        match self {
            Self::Gelu => plumb_kernels::gelu_dropped(input, chance),
            _ => plumb_kernels::dropout(self.apply(input), chance),
        }
    }
}

impl Activation {
    /// The function as operators.
    pub(crate) fn write(self, graph: &mut GraphWriter, input: &Name) -> Name {
        match self {
            Self::Relu => graph.node("Relu", &[input], &[]),
            Self::Selu => graph.node("Selu", &[input], &[]),
            Self::Mish => {
                let soft = graph.node("Softplus", &[input], &[]);
                let gate = graph.node("Tanh", &[&soft], &[]);
                graph.node("Mul", &[input, &gate], &[])
            }
            Self::Gelu => {
                let [root, half, one] = [std::f32::consts::FRAC_1_SQRT_2, 0.5, 1.0]
                    .map(|value| graph.floats("gelu.constant", &[], &[value]));
                let scaled = graph.node("Mul", &[input, &root], &[]);
                let error = graph.node("Erf", &[&scaled], &[]);
                let share = graph.node("Add", &[&error, &one], &[]);
                let share = graph.node("Mul", &[&share, &half], &[]);
                graph.node("Mul", &[input, &share], &[])
            }
        }
    }
}
