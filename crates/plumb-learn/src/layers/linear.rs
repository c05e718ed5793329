//! The plain linear layer, started as PyTorch's `nn.Linear` is.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};

use super::{normal, parameter, uniform};
use crate::network::Pass;
use crate::parameters::host;

/// `x W + b`, with `W` and `b` uniform within `1 / sqrt(inputs)` (PyTorch's default; Kaiming uniform, gain
/// `sqrt(1/3)`).
///
/// # Shapes
/// `[.., inputs]` to `[.., outputs]`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[inputs, outputs]`.
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// A layer with its start values.
    pub fn new(inputs: usize, outputs: usize, stream: Stream, device: &Device) -> Self {
        let limit = 1.0 / (inputs.max(1) as f64).sqrt();
        Self {
            weight: parameter([inputs, outputs], device, uniform(stream.at(0), limit)),
            bias: parameter([outputs], device, uniform(stream.at(1), limit)),
        }
    }

    /// A layer whose weights are normal with this deviation and whose bias is 0.
    pub fn normal(inputs: usize, outputs: usize, deviation: f64, stream: Stream, device: &Device) -> Self {
        let start = normal(stream);
        Self {
            weight: parameter([inputs, outputs], device, |i| deviation * start(i)),
            bias: parameter([outputs], device, |_| 0.0),
        }
    }

    /// One product, whatever the rank.
    pub fn forward<const D: usize>(&self, input: Tensor<D>, pass: &Pass) -> Tensor<D> {
        let input = pass.rounded(self.weight.id, input);
        plumb_kernels::linear(input, self.weight.val(), Some(self.bias.val()))
    }
}

impl Linear {
    /// The layer as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let [inputs, outputs] = self.weight.dims();
        let weight =
            graph.floats(&format!("{at}.weight"), &[inputs, outputs], &host(self.weight.val().inner()));
        let bias = graph.floats(&format!("{at}.bias"), &[outputs], &host(self.bias.val().inner()));
        let product = graph.node("MatMul", &[input, &weight], &[]);
        graph.node("Add", &[&product, &bias], &[])
    }
}
