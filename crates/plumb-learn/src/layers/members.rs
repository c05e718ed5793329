//! What the members of an ensemble inside one network have each for themselves (TabM-mini).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};

use super::{parameter, uniform};
use crate::parameters::host;

/// Each member's own factors on its input.
///
/// # Shapes
/// `[rows, features]` to `[members * rows, features]`, one member after the other.
#[derive(Module, Debug)]
pub struct MemberScaling {
    /// `[members, 1, features]`.
    pub scale: Param<Tensor<3>>,
}

impl MemberScaling {
    /// Factors that start as `start(member, feature)`.
    pub fn new(members: usize, features: usize, device: &Device, start: impl Fn(u64, u64) -> f64) -> Self {
        let width = features.max(1) as u64;
        Self { scale: parameter([members, 1, features], device, |i| start(i / width, i % width)) }
    }

    /// A scaled copy of the input for each member.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let [rows, features] = input.dims();
        let [members, _, _] = self.scale.dims();
        input.reshape([1, rows, features]).mul(self.scale.val()).reshape([members * rows, features])
    }
}

/// Each member's own linear layer.
///
/// # Shapes
/// `[members * rows, inputs]` to `[members * rows, outputs]`.
#[derive(Module, Debug)]
pub struct MemberLinear {
    /// `[members, inputs, outputs]`, started as U within `1 / sqrt(inputs)`.
    pub weight: Param<Tensor<3>>,
    /// `[members, 1, outputs]`, started likewise.
    pub bias: Param<Tensor<3>>,
}

impl MemberLinear {
    /// Layers with their start values.
    pub fn new(members: usize, inputs: usize, outputs: usize, stream: Stream, device: &Device) -> Self {
        let limit = 1.0 / (inputs.max(1) as f64).sqrt();
        Self {
            weight: parameter([members, inputs, outputs], device, uniform(stream.at(0), limit)),
            bias: parameter([members, 1, outputs], device, uniform(stream.at(1), limit)),
        }
    }

    /// Each member's layer on its own rows.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let [members, inputs, outputs] = self.weight.dims();
        let [all, _] = input.dims();
        let input = input.reshape([members, all / members, inputs]);
        input.matmul(self.weight.val()).add(self.bias.val()).reshape([all, outputs])
    }
}

impl MemberScaling {
    /// `[rows, features]` to `[members, rows, features]`; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let scale = host(self.scale.val().inner());
        let scale = graph.floats(&format!("{at}.scale"), &self.scale.dims(), &scale);
        graph.node("Mul", &[input, &scale], &[])
    }
}

impl MemberLinear {
    /// `[members, rows, inputs]` to `[members, rows, outputs]`; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let weight = host(self.weight.val().inner());
        let weight = graph.floats(&format!("{at}.weight"), &self.weight.dims(), &weight);
        let bias = graph.floats(&format!("{at}.bias"), &self.bias.dims(), &host(self.bias.val().inner()));
        let product = graph.node("MatMul", &[input, &weight], &[]);
        graph.node("Add", &[&product, &bias], &[])
    }
}
