//! The normalizations on offer.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::Cut;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use super::{Activation, BatchNorm, parameter};
use crate::network::Pass;
use crate::parameters::host;

/// Which normalization a block has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NormKind {
    /// Over the rows of the batch (Ioffe, Szegedy 2015).
    Batch,
    /// Over the units of the row (Ba, Kiros, Hinton 2016).
    Layer,
}

/// A normalization of `[rows, units]`.
#[derive(Module, Debug)]
pub enum Norm {
    /// Over the rows of the batch.
    Batch(BatchNorm),
    /// Over the units of the row.
    Layer(LayerNorm),
}

impl Norm {
    /// A normalization that starts without scale or shift.
    pub fn new(kind: NormKind, units: usize, device: &Device) -> Self {
        match kind {
            NormKind::Batch => Self::Batch(BatchNorm::new(units, device)),
            NormKind::Layer => Self::Layer(LayerNorm::new(units, device)),
        }
    }

    /// Normalizes, then applies the activation; batch norm and ReLU are one pass.
    pub fn forward(&self, input: Tensor<2>, activation: Activation, pass: &mut Pass) -> Tensor<2> {
        match self {
            Self::Batch(norm) if activation == Activation::Relu => {
                norm.forward_cut(input, None, Cut::Relu, pass)
            }
            Self::Batch(norm) => activation.apply(norm.forward(input, pass)),
            Self::Layer(norm) => activation.apply(norm.forward(input)),
        }
    }
}

/// Layer normalization of `[.., units]`, with PyTorch's names.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// The scales, `[units]`, started at 1.
    pub weight: Param<Tensor<1>>,
    /// The shifts, `[units]`, started at 0.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    epsilon: f32,
}

impl LayerNorm {
    /// Scale 1, shift 0, and PyTorch's epsilon, 1e-5.
    pub fn new(units: usize, device: &Device) -> Self {
        Self::with_epsilon(units, 1e-5, device)
    }

    /// The same, `epsilon` added to variances.
    pub fn with_epsilon(units: usize, epsilon: f32, device: &Device) -> Self {
        Self {
            weight: parameter([units], device, |_| 1.0),
            bias: parameter([units], device, |_| 0.0),
            epsilon,
        }
    }

    /// Normalizes each row.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        plumb_kernels::layer_norm(input, self.weight.val(), self.bias.val(), self.epsilon)
    }
}

impl Norm {
    /// The norm as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        match self {
            Self::Batch(norm) => norm.write(graph, at, input),
            Self::Layer(norm) => norm.write(graph, at, input),
        }
    }
}

impl LayerNorm {
    /// The norm over the last extent as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let units = self.weight.dims()[0];
        let weight = graph.floats(&format!("{at}.weight"), &[units], &host(self.weight.val().inner()));
        let bias = graph.floats(&format!("{at}.bias"), &[units], &host(self.bias.val().inner()));
        let settings = [("axis", Setting::Int(-1)), ("epsilon", Setting::Float(self.epsilon))];
        graph.node("LayerNormalization", &[input, &weight, &bias], &settings)
    }
}
