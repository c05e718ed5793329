//! Batch normalization whose running statistics are ordinary values of the network.
//!
//! Burn's own module keeps them behind a shared pointer that changes during the forward pass: a clone kept as
//! "best weights" would go on changing. Here the pass carries the new statistics to the loop.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, module};

use super::{buffer, parameter};
use crate::network::Pass;
use crate::parameters::host;

/// Normalizes each unit over the batch (training) or by running statistics (prediction), then scales and shifts.
/// Epsilon 1e-5, momentum 0.1 and the unbiased running variance are PyTorch's.
///
/// # Shapes
/// `[rows, units]` to the same.
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
}

const EPSILON: f64 = 1e-5;
const MOMENTUM: f32 = 0.1;

impl BatchNorm {
    /// The identity on standardized data.
    pub fn new(units: usize, device: &Device) -> Self {
        Self {
            weight: parameter([units], device, |_| 1.0),
            bias: parameter([units], device, |_| 0.0),
            running_mean: buffer([units], device, 0.0),
            running_var: buffer([units], device, 1.0),
        }
    }

    /// Normalizes; a training pass of two or more rows uses the batch's own statistics and leaves the new
    /// running ones in `pass`.
    pub fn forward(&self, input: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let [rows, _] = input.dims();
        if !pass.is_training() || rows < 2 {
            let (mean, variance) = (self.running_mean.val(), self.running_var.val());
            return module::batch_norm(input, self.weight.val(), self.bias.val(), mean, variance, EPSILON);
        }
        let normed = module::batch_norm_train(input, self.weight.val(), self.bias.val(), EPSILON);
        let unbiased = rows as f32 / (rows - 1) as f32;
        Self::leave(&self.running_mean, normed.mean, 1.0, pass);
        Self::leave(&self.running_var, normed.variance, unbiased, pass);
        normed.output
    }

    fn leave(running: &Param<Tensor<1>>, batch: Tensor<1>, factor: f32, pass: &mut Pass) {
        let old = host(running.val().inner());
        let new = host(batch.inner());
        let mix = |(old, new): (&f32, &f32)| (1.0 - MOMENTUM) * old + MOMENTUM * factor * new;
        pass.leave_buffer(running.id, old.iter().zip(&new).map(mix).collect());
    }
}
