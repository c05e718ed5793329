//! The piecewise-linear embedding of numbers (Gorishniy, Rubachev, Babenko 2022), in the form that TabM uses.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::prepare::Prepared;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use super::numeric::{by_feature, by_row};
use crate::layers::{buffer, parameter, uniform};
use crate::parameters::host;

/// The size of the embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PiecewiseConfig {
    /// Into how many pieces the range of a number is cut.
    pub bins: usize,
    /// How many numbers come out for each.
    pub outputs: usize,
}

/// Numbers are held to this size: their squares and differences are finite. Scaled numbers never come near it.
const LIMIT: f32 = 1e15;

/// For each number `x`: `c(x) A + b + e(x) W`, where `e(x)` tells how far `x` has come through each of its feature's
/// bins, from 0 (not reached) to 1 (passed), and `c` is a smooth clip. The bins hold about as many training rows each.
/// An outlier cannot get past 1 and 3, and yet the embedding is linear in `x` inside a bin, the last one too.
///
/// # Shapes
/// `[rows, features]` to `[rows, features * outputs]`.
#[derive(Module, Debug)]
pub struct PiecewiseLinear {
    /// The lower edge of each bin, `[features, 1, bins]`; no gradient reaches it.
    pub lower: Param<Tensor<3>>,
    /// One over each bin's width, `[features, 1, bins]`; 0 where a feature has fewer bins. No gradient.
    pub slope: Param<Tensor<3>>,
    /// `W`, `[features, bins, outputs]`, started at 0.
    pub weight: Param<Tensor<3>>,
    /// `A`, `[features, 1, outputs]`, started as U(-1, 1).
    pub linear: Param<Tensor<3>>,
    /// `b`, `[features, 1, outputs]`, started as U(-1, 1).
    pub bias: Param<Tensor<3>>,
}

impl PiecewiseLinear {
    /// The embedding of `features` numbers, its bins still to be fitted.
    pub fn new(features: usize, config: PiecewiseConfig, stream: Stream, device: &Device) -> Self {
        let PiecewiseConfig { bins, outputs } = config;
        Self {
            lower: buffer([features, 1, bins], device, 0.0),
            slope: buffer([features, 1, bins], device, 0.0),
            weight: parameter([features, bins, outputs], device, |_| 0.0),
            linear: parameter([features, 1, outputs], device, uniform(stream.at(0), 1.0)),
            bias: parameter([features, 1, outputs], device, uniform(stream.at(1), 1.0)),
        }
    }

    /// Cuts each feature's range by its training values. Sorts each column once.
    #[must_use]
    pub fn fit_bins(self, train: &Prepared) -> Self {
        let [features, _, bins] = self.lower.dims();
        let device = self.lower.device();
        let (mut lower, mut slope) = (Vec::new(), Vec::new());
        for feature in 0..features {
            let column = train.numbers.iter().skip(feature).step_by(features.max(1)).copied().collect();
            let edges = edges(column, bins);
            for bin in 0..bins {
                let (from, to) = (edges.get(bin).copied(), edges.get(bin + 1).copied());
                lower.push(from.unwrap_or(0.0));
                // Two edges may be a subnormal apart; an infinite slope would make 0 * inf of the lower one.
                slope.push(from.zip(to).map_or(0.0, |(from, to)| (1.0 / (to - from)).min(f32::MAX)));
            }
        }
        let stored = |values: Vec<f32>| {
            let tensor = Tensor::from_data(TensorData::new(values, [features, 1, bins]), &device);
            Param::initialized(burn::module::ParamId::new(), tensor)
        };
        Self { lower: stored(lower), slope: stored(slope), ..self }
    }

    /// Embeds each number. A product for each feature, batched over features.
    pub fn forward(&self, numbers: Tensor<2>) -> Tensor<2> {
        let [rows, features] = numbers.dims();
        let [_, _, outputs] = self.weight.dims();
        let numbers = numbers.transpose().reshape([features, rows, 1]).clamp(-LIMIT, LIMIT);
        let passed = numbers.clone().sub(self.lower.val()).mul(self.slope.val()).clamp(0.0, 1.0);
        let embedded = passed.matmul(self.weight.val());
        let straight = smooth_clip(numbers).mul(self.linear.val()).add(self.bias.val());
        embedded.add(straight).swap_dims(0, 1).reshape([rows, features * outputs])
    }
}

/// `x / sqrt(1 + (x / 3)^2)`: nearly `x` between -1 and 1, and never past 3 (RealMLP).
fn smooth_clip(numbers: Tensor<3>) -> Tensor<3> {
    let square = numbers.clone().mul(numbers.clone()).div_scalar(9.0);
    numbers.div(square.add_scalar(1.0).sqrt())
}

/// At most `bins + 1` ascending, distinct edges, from the smallest to the largest value.
///
/// Quantiles first. Where one value stands for many (most amounts are 0), several quantiles are that value; the edges
/// that this saves go to the quantiles of the other values, so that a rare but telling range is cut as well.
fn edges(mut values: Vec<f32>, bins: usize) -> Vec<f32> {
    values.retain(|value| value.abs() <= LIMIT);
    values.sort_unstable_by(f32::total_cmp);
    let mut edges = quantiles(&values, bins);
    if edges.len() <= bins {
        values.retain(|value| edges.binary_search_by(|edge| edge.total_cmp(value)).is_err());
        edges.extend(quantiles(&values, bins - edges.len()));
        edges.sort_unstable_by(f32::total_cmp);
        edges.dedup();
    }
    edges
}

/// The distinct ones among `bins + 1` evenly spaced order statistics; nothing from nothing.
fn quantiles(sorted: &[f32], bins: usize) -> Vec<f32> {
    let at = |index: usize| sorted.get(index * sorted.len().saturating_sub(1) / bins.max(1)).copied();
    let mut found: Vec<f32> = (0..=bins).filter_map(at).collect();
    found.dedup();
    found
}

impl PiecewiseLinear {
    /// The embedding of `[rows, features]` as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, numbers: &Name) -> Name {
        let mut constant = |name: &str, values: &Param<Tensor<3>>| {
            graph.floats(&format!("{at}.{name}"), &values.dims(), &host(values.val().inner()))
        };
        let (lower, slope) = (constant("lower", &self.lower), constant("slope", &self.slope));
        let (weight, linear) = (constant("weight", &self.weight), constant("linear", &self.linear));
        let bias = constant("bias", &self.bias);
        let [low, high, none, all, ninth] =
            [-LIMIT, LIMIT, 0.0, 1.0, 9.0].map(|value| graph.floats("bound", &[], &[value]));
        let numbers = by_feature(graph, numbers);
        let numbers = graph.node("Clip", &[&numbers, &low, &high], &[]);
        let passed = graph.node("Sub", &[&numbers, &lower], &[]);
        let passed = graph.node("Mul", &[&passed, &slope], &[]);
        let passed = graph.node("Clip", &[&passed, &none, &all], &[]);
        let embedded = graph.node("MatMul", &[&passed, &weight], &[]);
        let square = graph.node("Mul", &[&numbers, &numbers], &[]);
        let square = graph.node("Div", &[&square, &ninth], &[]);
        let square = graph.node("Add", &[&square, &all], &[]);
        let bend = graph.node("Sqrt", &[&square], &[]);
        let straight = graph.node("Div", &[&numbers, &bend], &[]);
        let straight = graph.node("Mul", &[&straight, &linear], &[]);
        let straight = graph.node("Add", &[&straight, &bias], &[]);
        let embedded = graph.node("Add", &[&embedded, &straight], &[]);
        by_row(graph, &embedded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_quantiles() {
        let values = (0..=100).map(|value| value as f32).collect();
        assert_eq!(edges(values, 4), [0.0, 25.0, 50.0, 75.0, 100.0]);
    }

    #[test]
    fn a_value_that_dominates_leaves_the_edges_to_the_others() {
        let values = [vec![0.0; 900], (1..=100).map(|value| value as f32).collect()].concat();
        let edges = edges(values, 10);
        assert!(edges[0] <= 0.0);
        assert!(edges.len() >= 10 && edges.iter().filter(|&&edge| edge > 0.0).count() >= 9, "{edges:?}");
        assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn numbers_of_any_size_stay_finite() {
        let numbers = vec![0.0, 1e-40, -3e38, 3e38, 1.0];
        let labels = plumb_data::prepare::PreparedLabels::Absent;
        let (flags, codes) = (Vec::new(), Vec::new());
        let train = Prepared {
            rows: 5,
            numbers,
            numbers_width: 1,
            flags,
            flags_width: 0,
            codes,
            codes_width: 0,
            images: None,
            texts: None,
            labels,
        };
        let config = PiecewiseConfig { bins: 8, outputs: 2 };
        let (device, stream) = (Device::flex(), plumb_ledger::Seed(0).stream("test"));
        let layer = PiecewiseLinear::new(1, config, stream, &device).fit_bins(&train);
        let seen = [train.numbers.clone(), vec![f32::INFINITY, f32::MIN]].concat();
        let rows = Tensor::from_data(TensorData::new(seen, [7, 1]), &device);
        assert!(crate::parameters::host(layer.forward(rows)).iter().all(|value| value.is_finite()));
    }

    #[test]
    fn few_or_no_values_give_few_or_no_bins() {
        assert_eq!(edges(vec![1.0, 0.0, 1.0], 48), [0.0, 1.0]);
        assert_eq!(edges(vec![7.0; 9], 48), [7.0]);
        assert!(edges(vec![f32::NAN], 48).is_empty());
    }
}
