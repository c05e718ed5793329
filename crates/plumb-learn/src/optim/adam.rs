//! Adam (Kingma, Ba 2015, <https://arxiv.org/abs/1412.6980>), as `torch.optim.Adam`.

use serde::{Deserialize, Serialize};

use super::{Hyper, Memory, OptimizerError, in_pieces_of_four};

/// Settings of Adam and AdamW.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// How much of the mean gradient is kept, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the mean squared gradient is kept, in `[0, 1)`.
    pub beta2: f64,
    /// Added to the root of the second moment; above 0.
    pub eps: f64,
}

impl AdamConfig {
    /// The paper's and torch's settings.
    pub const DEFAULT: Self = Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 };

    pub(super) fn check(&self) -> Result<(), OptimizerError> {
        let Self { beta1, beta2, eps } = *self;
        OptimizerError::require((0.0..1.0).contains(&beta1), "beta1", beta1, "at least 0 and below 1")?;
        OptimizerError::require((0.0..1.0).contains(&beta2), "beta2", beta2, "at least 0 and below 1")?;
        OptimizerError::require(eps > 0.0 && eps.is_finite(), "eps", eps, "above 0")
    }
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Decay as an L2 term of the gradient.
pub(super) fn update(
    config: &AdamConfig,
    memory: &mut Memory,
    values: &mut [f32],
    gradient: &[f32],
    hyper: &Hyper,
) {
    step(config, memory, values, gradient, hyper, Decay { l2: hyper.weight_decay as f32, kept: 1.0 });
}

/// The two ways for decay to act; each is neutral in the other's optimizer.
pub(super) struct Decay {
    /// This times the value is added to the gradient.
    pub(super) l2: f32,
    /// The value is multiplied by this before the step.
    pub(super) kept: f32,
}

pub(super) fn step(
    config: &AdamConfig,
    memory: &mut Memory,
    values: &mut [f32],
    gradient: &[f32],
    hyper: &Hyper,
    Decay { l2, kept }: Decay,
) {
    // Constants of the step in f64, as torch computes them in Python.
    let steps = memory.steps as f64;
    let rate = (hyper.lr / (1.0 - config.beta1.powf(steps))) as f32;
    let correction = (1.0 / (1.0 - config.beta2.powf(steps)).sqrt()) as f32;
    let new_first = (1.0 - config.beta1) as f32;
    let (beta2, new_second) = (config.beta2 as f32, (1.0 - config.beta2) as f32);
    let (eps, scale) = (config.eps as f32, hyper.gradient_scale);
    let Memory { first, second, .. } = memory;
    in_pieces_of_four(
        values,
        gradient,
        first,
        second,
        #[inline(always)]
        |values, gradient, first, second| {
            let state = first.iter_mut().zip(second);
            for ((value, gradient), (first, second)) in values.iter_mut().zip(gradient).zip(state) {
                let gradient = gradient * scale + l2 * *value;
                *first += (gradient - *first) * new_first;
                *second = *second * beta2 + gradient * gradient * new_second;
                *value = *value * kept - rate * (*first / (second.sqrt() * correction + eps));
            }
        },
    );
}
