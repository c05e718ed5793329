//! The linear layer in NTK form, with a start that looks at the data (RealMLP, ingredients 5 and 6).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};

use super::{normal, parameter};
use crate::network::Pass;
use crate::parameters::host;

/// `x W / sqrt(inputs) + b`: the weights keep unit size whatever the width, so one learning rate suits all
/// layers.
///
/// # Shapes
/// `[rows, inputs]` to `[rows, outputs]`; the weight is `[inputs, outputs]`.
#[derive(Module, Debug)]
pub struct NtkLinear {
    /// `[inputs, outputs]`, started as N(0, 1).
    pub weight: Param<Tensor<2>>,
    /// `[1, outputs]`, started at 0.
    pub bias: Param<Tensor<2>>,
}

impl NtkLinear {
    /// Weights N(0, 1), biases 0.
    pub fn new(inputs: usize, outputs: usize, stream: Stream, device: &Device) -> Self {
        Self {
            weight: parameter([inputs, outputs], device, normal(stream)),
            bias: parameter([1, outputs], device, |_| 0.0),
        }
    }

    /// The pre-activations.
    pub fn forward(&self, input: Tensor<2>, pass: &Pass) -> Tensor<2> {
        self.product(pass.rounded(self.weight.id, input)).add(self.bias.val())
    }

    /// The weight is divided, not the product: it has fewer entries than a batch has activations.
    fn product(&self, input: Tensor<2>) -> Tensor<2> {
        let [inputs, _] = self.weight.dims();
        let weight = self.weight.val().div_scalar((inputs.max(1) as f64).sqrt());
        plumb_kernels::linear(input, weight, None)
    }

    /// Sets the layer up for its input on training rows, `[rows, inputs]`: each weight column is rescaled so
    /// that its pre-activation has deviation 1; each bias is minus a random convex mix of five of the column's
    /// pre-activations ("he+5"), which puts the kinks of the units inside the data. Returns the layer.
    #[must_use]
    pub fn fit_start(self, input: Tensor<2>, stream: Stream) -> Self {
        let [rows, _] = input.dims();
        let [inputs, outputs] = self.weight.dims();
        if rows < 2 {
            return self;
        }
        let device = self.weight.device();
        let mut pre = host(self.product(input).inner());
        let scales = column_scales(&pre, outputs);
        scale_columns(&mut pre, &scales);
        let mut weight = host(self.weight.val().inner());
        scale_columns(&mut weight, &scales);
        let bias: Vec<f32> = (0..outputs).map(|unit| -convex_mix(&pre, outputs, unit, stream)).collect();
        Self {
            weight: Param::from_data(TensorData::new(weight, [inputs, outputs]), &device),
            bias: Param::from_data(TensorData::new(bias, [1, outputs]), &device),
        }
    }
}

/// One over each column's standard deviation; 1 for a constant column.
fn column_scales(values: &[f32], columns: usize) -> Vec<f32> {
    let rows = (values.len() / columns.max(1)) as f64;
    let mut sums = vec![(0.0f64, 0.0f64); columns];
    for row in values.chunks_exact(columns) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            sum.0 += f64::from(value);
            sum.1 += f64::from(value).powi(2);
        }
    }
    let scale = |(sum, squares): (f64, f64)| {
        let deviation = (squares / rows - (sum / rows).powi(2)).max(0.0).sqrt();
        if deviation > 1e-8 { (1.0 / deviation) as f32 } else { 1.0 }
    };
    sums.into_iter().map(scale).collect()
}

fn scale_columns(values: &mut [f32], scales: &[f32]) {
    for row in values.chunks_exact_mut(scales.len()) {
        for (value, scale) in row.iter_mut().zip(scales) {
            *value *= scale;
        }
    }
}

/// A point drawn evenly from the convex hull of five of the column's entries.
fn convex_mix(values: &[f32], columns: usize, column: usize, stream: Stream) -> f32 {
    const POINTS: u64 = 5;
    let rows = values.len() / columns;
    let stream = stream.at(column as u64);
    let (mut mix, mut total) = (0.0, 0.0);
    for point in 0..POINTS {
        // Normalised exponential variates are uniform on the simplex.
        let weight = -(1.0 - stream.uniform(point)).ln();
        let row = stream.below(POINTS + point, rows);
        mix += weight * f64::from(values[row * columns + column]);
        total += weight;
    }
    (mix / total) as f32
}

impl NtkLinear {
    /// The layer as operators; `at` is its path. The weight is divided once, here.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let [inputs, outputs] = self.weight.dims();
        let divisor = (inputs.max(1) as f64).sqrt();
        let weight = host(self.weight.val().div_scalar(divisor).inner());
        let weight = graph.floats(&format!("{at}.weight"), &[inputs, outputs], &weight);
        let bias = graph.floats(&format!("{at}.bias"), &[1, outputs], &host(self.bias.val().inner()));
        let product = graph.node("MatMul", &[input, &weight], &[]);
        graph.node("Add", &[&product, &bias], &[])
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn the_start_gives_unit_deviation_and_puts_the_kink_inside_the_data() {
        let device = Device::flex();
        let stream = Seed(1).stream("init");
        let input = super::super::constant([200, 3], &device, |i| stream.normal(i) * 7.0 + 2.0);
        let layer = NtkLinear::new(3, 4, stream.at(1), &device).fit_start(input.clone(), stream.at(2));
        let output = host(layer.forward(input, &Pass::inference()));
        for unit in 0..4 {
            let column: Vec<f64> = output.iter().skip(unit).step_by(4).map(|&x| f64::from(x)).collect();
            let mean = column.iter().sum::<f64>() / 200.0;
            let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 200.0;
            assert!((variance - 1.0).abs() < 1e-4, "{variance}");
            assert!(column.iter().any(|&x| x > 0.0) && column.iter().any(|&x| x < 0.0));
        }
    }
}
