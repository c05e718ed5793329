//! The convolutions that picture networks are made of.

use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};
use plumb_kernels::{Conv2d, Cut, relu};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};

use super::relu6_written;
use crate::layers::{BatchNorm, Conv};
use crate::network::Pass;

/// The numbers of a square convolution that keeps height and width but for the stride.
#[derive(Debug, Clone, Copy)]
pub(super) struct Square {
    pub(super) channels: usize,
    pub(super) filters: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    /// Whether each channel has a filter of its own.
    pub(super) depthwise: bool,
}

impl Square {
    /// A 1x1 convolution.
    pub(super) fn pointwise(channels: usize, filters: usize) -> Self {
        Self { channels, filters, kernel: 1, stride: 1, depthwise: false }
    }

    /// A convolution over all channels.
    pub(super) fn full(channels: usize, filters: usize, kernel: usize, stride: usize) -> Self {
        Self { channels, filters, kernel, stride, depthwise: false }
    }

    /// A filter for each channel.
    pub(super) fn depthwise(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { channels, filters: channels, kernel, stride, depthwise: true }
    }

    pub(super) fn start(self, stream: Stream, device: &Device) -> Conv {
        let groups = if self.depthwise { self.channels } else { 1 };
        let padding = [self.kernel / 2; 2];
        let options = Conv2d { stride: [self.stride; 2], padding, groups, ..Conv2d::default() };
        conv(self.channels, self.filters, self.kernel, options, stream, device)
    }
}

/// A convolution whose numbers are known to fit.
pub(super) fn conv(
    channels: usize,
    filters: usize,
    kernel: usize,
    options: Conv2d,
    stream: Stream,
    device: &Device,
) -> Conv {
    #[expect(
        clippy::expect_used,
        reason = "one group, or one for each channel, parts any channels; stride and kernel are not 0"
    )]
    Conv::new(channels, filters, [kernel; 2], options, stream, device).expect("a plain convolution")
}

/// A convolution, its norm, a cut.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// The convolution.
    pub conv: Conv,
    /// Its norm.
    pub norm: BatchNorm,
}

impl ConvNorm {
    pub(super) fn new(square: Square, stream: Stream, device: &Device) -> Self {
        Self { conv: square.start(stream, device), norm: BatchNorm::new(square.filters, device) }
    }

    pub(super) fn forward(&self, input: Tensor<4>, cut: Cut, pass: &mut Pass) -> Tensor<4> {
        self.norm.forward_cut(self.conv.forward(input, pass), None, cut, pass)
    }
}

/// Normalizes what the convolution of these weights gives, adds what went around it, cuts. Where values are rounded, the norm is by itself:
/// both ways are in codes where they meet.
pub(super) fn meet(
    (norm, weight): (&BatchNorm, ParamId),
    found: Tensor<4>,
    around: Option<Tensor<4>>,
    cut: Cut,
    pass: &mut Pass,
) -> Tensor<4> {
    let around = match around {
        Some(around) if pass.rounds() => around,
        around => return norm.forward_cut(found, around, cut, pass),
    };
    let found = norm.forward(found, pass);
    let found = pass.rounded_output(weight, found) + around;
    match cut {
        Cut::None => found,
        Cut::Relu => relu(found),
        Cut::Relu6 => found.clamp(0.0, 6.0),
    }
}

impl ConvNorm {
    /// The convolution with its norm, and ReLU6; `at` is its path.
    pub(super) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let found = self.conv.write(graph, &format!("{at}.0"), Some(&self.norm), input);
        relu6_written(graph, &found)
    }
}
