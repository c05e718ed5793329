//! Stochastic gradient descent with momentum, dampening and Nesterov's look-ahead, as `torch.optim.SGD`.

use serde::{Deserialize, Serialize};

use super::{Hyper, Memory, OptimizerError, in_pieces_of_three};

/// Settings of SGD.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdConfig {
    /// How much of the last direction is kept, in `[0, 1)`; 0 keeps no state.
    pub momentum: f64,
    /// How much of the gradient is held back from the momentum, in `[0, 1]`.
    pub dampening: f64,
    /// Whether to step where the momentum leads (Sutskever et al. 2013). Needs momentum and no dampening.
    pub nesterov: bool,
}

impl SgdConfig {
    /// Momentum 0.9, the value of nearly every published recipe.
    pub const DEFAULT: Self = Self { momentum: 0.9, dampening: 0.0, nesterov: false };

    pub(super) fn check(&self) -> Result<(), OptimizerError> {
        let Self { momentum, dampening, nesterov } = *self;
        let require = OptimizerError::require;
        require((0.0..1.0).contains(&momentum), "momentum", momentum, "at least 0 and below 1")?;
        require((0.0..=1.0).contains(&dampening), "dampening", dampening, "from 0 to 1")?;
        require(!nesterov || momentum > 0.0, "momentum", momentum, "above 0 for `nesterov`")?;
        require(!nesterov || dampening == 0.0, "dampening", dampening, "0 for `nesterov`")
    }
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

pub(super) fn update(
    config: &SgdConfig,
    memory: &mut Memory,
    values: &mut [f32],
    gradient: &[f32],
    hyper: &Hyper,
) {
    let (lr, decay, scale) = (hyper.lr as f32, hyper.weight_decay as f32, hyper.gradient_scale);
    if config.momentum == 0.0 {
        for (value, gradient) in values.iter_mut().zip(gradient) {
            *value -= lr * (gradient * scale + decay * *value);
        }
        return;
    }
    let momentum = config.momentum as f32;
    // The first gradient enters undamped, as in torch.
    let taken = if memory.steps == 1 { 1.0 } else { (1.0 - config.dampening) as f32 };
    let (ahead, direct) = if config.nesterov { (momentum, 1.0) } else { (1.0, 0.0) };
    in_pieces_of_three(
        values,
        gradient,
        &mut memory.first,
        #[inline(always)]
        |values, gradient, velocity| {
            for ((value, gradient), velocity) in values.iter_mut().zip(gradient).zip(velocity) {
                let gradient = gradient * scale + decay * *value;
                *velocity = momentum * *velocity + taken * gradient;
                *value -= lr * (direct * gradient + ahead * *velocity);
            }
        },
    );
}
