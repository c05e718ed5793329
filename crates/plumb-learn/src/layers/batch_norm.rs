//! Batch normalization whose running statistics are ordinary values of the network.
//!
//! Burn's own module keeps them behind a shared pointer that changes during the forward pass: a clone kept as
//! "best weights" would go on changing. Here the pass carries the new statistics to the loop.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::{BatchStatistics, Cut, batch_norm, batch_norm_with};
use plumb_onnx::{GraphWriter, Name};

use super::{buffer, parameter};
use crate::network::Pass;
use crate::parameters::host;

/// Normalizes each unit or channel over the batch (training) or by running statistics (prediction), then scales and shifts.
/// Momentum 0.1 and the unbiased running variance are PyTorch's. In a stage that is not trained the running statistics
/// are used and stay as they are, and so they are where inputs of layers are rounded ([`Pass::rounds`]).
///
/// # Shapes
/// `[rows, units]` or `[batch, channels, height, width]` to the same.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// The scales, `[units]`, started at 1.
    pub weight: Param<Tensor<1>>,
    /// The shifts, `[units]`, started at 0.
    pub bias: Param<Tensor<1>>,
    /// `[units]`, started at 0.
    pub running_mean: Param<Tensor<1>>,
    /// `[units]`, started at 1.
    pub running_var: Param<Tensor<1>>,
    #[module(skip)]
    epsilon: f32,
}

/// PyTorch's.
const EPSILON: f32 = 1e-5;
const MOMENTUM: f32 = 0.1;

impl BatchNorm {
    /// The identity on standardized data.
    pub fn new(units: usize, device: &Device) -> Self {
        Self::with_epsilon(units, EPSILON, device)
    }

    /// The same, `epsilon` added to variances.
    pub fn with_epsilon(units: usize, epsilon: f32, device: &Device) -> Self {
        Self {
            epsilon,
            weight: parameter([units], device, |_| 1.0),
            bias: parameter([units], device, |_| 0.0),
            running_mean: buffer([units], device, 0.0),
            running_var: buffer([units], device, 1.0),
        }
    }

    /// Normalizes; a training pass of two or more rows uses the batch's own statistics and leaves the new
    /// running ones in `pass`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>, pass: &mut Pass) -> Tensor<D> {
        self.forward_cut(input, None, Cut::None, pass)
    }

    /// Normalizes, adds the residual, cuts: one pass over the memory.
    pub fn forward_cut<const D: usize>(
        &self,
        input: Tensor<D>,
        residual: Option<Tensor<D>>,
        cut: Cut,
        pass: &mut Pass,
    ) -> Tensor<D> {
        let dims = input.dims();
        let count = dims.iter().product::<usize>().checked_div(dims[1]).unwrap_or(0);
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if !pass.trains_stage() || pass.rounds() || count < 2 {
            return batch_norm_with(&self.running(), input, weight, bias, residual, cut, self.epsilon);
        }
        let (output, batch) = batch_norm(input, weight, bias, residual, cut, self.epsilon);
        let unbiased = count as f32 / (count - 1) as f32;
        let running = self.running();
        let mix = |old: &[f32], new: &[f32], factor: f32| {
            let mix = |(old, new): (&f32, &f32)| (1.0 - MOMENTUM) * old + MOMENTUM * factor * new;
            old.iter().zip(new).map(mix).collect()
        };
        pass.leave_buffer(self.running_mean.id, mix(&running.mean, &batch.mean, 1.0));
        pass.leave_buffer(self.running_var.id, mix(&running.variance, &batch.variance, unbiased));
        output
    }

    fn running(&self) -> BatchStatistics {
        let values = |of: &Param<Tensor<1>>| host(of.val().inner()).into();
        BatchStatistics { mean: values(&self.running_mean), variance: values(&self.running_var), count: 0 }
    }
}

impl BatchNorm {
    /// What it multiplies each unit with and adds to it when it predicts.
    pub(crate) fn affine(&self) -> (Vec<f32>, Vec<f32>) {
        let of = |values: &Param<Tensor<1>>| host(values.val().inner());
        let (weight, bias) = (of(&self.weight), of(&self.bias));
        let (mean, variance) = (of(&self.running_mean), of(&self.running_var));
        let scale = |(weight, variance): (&f32, &f32)| {
            f64::from(*weight) / (f64::from(*variance) + f64::from(self.epsilon)).sqrt()
        };
        let scales: Vec<f64> = weight.iter().zip(&variance).map(scale).collect();
        let shift = |((bias, mean), scale): ((&f32, &f32), &f64)| {
            (f64::from(*bias) - f64::from(*mean) * scale) as f32
        };
        let shifts = bias.iter().zip(&mean).zip(&scales).map(shift).collect();
        (scales.into_iter().map(|scale| scale as f32).collect(), shifts)
    }

    /// The norm of `[rows, units]` as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let (scale, shift) = self.affine();
        let scale = graph.floats(&format!("{at}.scale"), &[scale.len()], &scale);
        let shift = graph.floats(&format!("{at}.shift"), &[shift.len()], &shift);
        let scaled = graph.node("Mul", &[input, &scale], &[]);
        graph.node("Add", &[&scaled, &shift], &[])
    }
}
