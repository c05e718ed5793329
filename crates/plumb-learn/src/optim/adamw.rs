//! Adam with decoupled weight decay (Loshchilov, Hutter 2019, <https://arxiv.org/abs/1711.05101>), as
//! `torch.optim.AdamW`: the value shrinks by `lr * weight_decay` before the step.

use super::adam::{AdamConfig, Decay, step};
use super::{Hyper, Memory};

pub(super) fn update(
    config: &AdamConfig,
    memory: &mut Memory,
    values: &mut [f32],
    gradient: &[f32],
    hyper: &Hyper,
) {
    let kept = (1.0 - hyper.lr * hyper.weight_decay) as f32;
    step(config, memory, values, gradient, hyper, Decay { l2: 0.0, kept });
}
