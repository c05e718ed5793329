//! The PBLD embedding of numbers (RealMLP, ingredient 3): periodic, biased, linear, with the number itself.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::curve;
use plumb_kernels::elementary::sin_cos;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use crate::layers::{normal, parameter, uniform};
use crate::parameters::host;

/// The size and the start of the embedding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PbldConfig {
    /// How many cosines each number is put through.
    pub frequencies: usize,
    /// How many numbers come out for each, itself included: at least 2.
    pub outputs: usize,
    /// The deviation of the frequencies at the start.
    pub sigma: f64,
}

/// For each number `x`: `[x, A cos(2 pi w x + b) + c]`, with its own `w`, `b`, `A`, `c`.
///
/// # Shapes
/// `[rows, features]` to `[rows, features * outputs]`.
#[derive(Module, Debug)]
pub struct Pbld {
    /// `w`, `[features, 1, frequencies]`, started as N(0, sigma^2).
    pub frequency: Param<Tensor<3>>,
    /// `[features, 1, frequencies]`, started as U(-pi, pi).
    pub phase: Param<Tensor<3>>,
    /// `[features, frequencies, outputs - 1]`, started as U within `1 / sqrt(frequencies)`.
    pub weight: Param<Tensor<3>>,
    /// `[features, 1, outputs - 1]`, started like the weight.
    pub bias: Param<Tensor<3>>,
}

impl Pbld {
    /// The embedding of `features` numbers.
    pub fn new(features: usize, config: PbldConfig, stream: Stream, device: &Device) -> Self {
        let PbldConfig { frequencies, outputs, sigma } = config;
        let (learned, limit) = (outputs.saturating_sub(1).max(1), 1.0 / (frequencies.max(1) as f64).sqrt());
        let frequency = normal(stream.at(0));
        Self {
            frequency: parameter([features, 1, frequencies], device, |i| sigma * frequency(i)),
            phase: parameter([features, 1, frequencies], device, uniform(stream.at(1), std::f64::consts::PI)),
            weight: parameter([features, frequencies, learned], device, uniform(stream.at(2), limit)),
            bias: parameter([features, 1, learned], device, uniform(stream.at(3), limit)),
        }
    }

    /// Embeds each number. A product for each feature, batched over features.
    pub fn forward(&self, numbers: Tensor<2>) -> Tensor<2> {
        let [rows, features] = numbers.dims();
        let [_, _, learned] = self.weight.dims();
        let numbers = numbers.transpose().reshape([features, rows, 1]);
        let angle = numbers.clone().mul(self.frequency.val().mul_scalar(std::f64::consts::TAU));
        let waves = curve(angle.add(self.phase.val()), cosine);
        let embedded = waves.matmul(self.weight.val()).add(self.bias.val());
        Tensor::cat(vec![numbers, embedded], 2).swap_dims(0, 1).reshape([rows, features * (learned + 1)])
    }
}

/// Value and slope.
#[expect(clippy::inline_always, reason = "so that it becomes vector code in the kernel")]
#[inline(always)]
fn cosine(angle: f32) -> (f32, f32) {
    let (sine, cosine) = sin_cos(angle);
    (cosine, -sine)
}

impl Pbld {
    /// The embedding of `[rows, features]` as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, numbers: &Name) -> Name {
        let [features, frequencies, learned] = self.weight.dims();
        let frequency = host(self.frequency.val().mul_scalar(std::f64::consts::TAU).inner());
        let frequency = graph.floats(&format!("{at}.frequency"), &[features, 1, frequencies], &frequency);
        let own = |values: &Param<Tensor<3>>| host(values.val().inner());
        let phase = graph.floats(&format!("{at}.phase"), &[features, 1, frequencies], &own(&self.phase));
        let weight =
            graph.floats(&format!("{at}.weight"), &[features, frequencies, learned], &own(&self.weight));
        let bias = graph.floats(&format!("{at}.bias"), &[features, 1, learned], &own(&self.bias));
        let numbers = by_feature(graph, numbers);
        let angle = graph.node("Mul", &[&numbers, &frequency], &[]);
        let angle = graph.node("Add", &[&angle, &phase], &[]);
        let waves = graph.node("Cos", &[&angle], &[]);
        let embedded = graph.node("MatMul", &[&waves, &weight], &[]);
        let embedded = graph.node("Add", &[&embedded, &bias], &[]);
        let joined = graph.node("Concat", &[&numbers, &embedded], &[("axis", Setting::Int(2))]);
        by_row(graph, &joined)
    }
}

/// `[rows, features]` to `[features, rows, 1]`.
pub(super) fn by_feature(graph: &mut GraphWriter, numbers: &Name) -> Name {
    let turned = graph.node("Transpose", &[numbers], &[("perm", Setting::Ints(&[1, 0]))]);
    let last = graph.wholes("last", &[1], &[2]);
    graph.node("Unsqueeze", &[&turned, &last], &[])
}

/// `[features, rows, outputs]` to `[rows, features * outputs]`.
pub(super) fn by_row(graph: &mut GraphWriter, embedded: &Name) -> Name {
    let turned = graph.node("Transpose", &[embedded], &[("perm", Setting::Ints(&[1, 0, 2]))]);
    graph.node("Flatten", &[&turned], &[])
}
