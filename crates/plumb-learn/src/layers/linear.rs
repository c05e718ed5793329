//! The plain linear layer, started as PyTorch's `nn.Linear` is.

use burn::nn::Linear;
use burn::tensor::Device;
use plumb_ledger::Stream;

use super::{parameter, uniform};

/// `x W + b`, with `W` and `b` uniform within `1 / sqrt(inputs)` (PyTorch's default; Kaiming uniform, gain
/// `sqrt(1/3)`).
///
/// # Shapes
/// `[rows, inputs]` to `[rows, outputs]`; the weight is `[inputs, outputs]`.
pub fn linear(inputs: usize, outputs: usize, stream: Stream, device: &Device) -> Linear {
    let limit = 1.0 / (inputs.max(1) as f64).sqrt();
    Linear {
        weight: parameter([inputs, outputs], device, uniform(stream.at(0), limit)),
        bias: Some(parameter([outputs], device, uniform(stream.at(1), limit))),
    }
}
