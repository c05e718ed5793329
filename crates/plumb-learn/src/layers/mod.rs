//! The layers of the networks, one file each.
//!
//! Every start value is a function of a [`Stream`], so a layer's weights depend neither on the order in which
//! layers are made nor on a global generator.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use plumb_ledger::Stream;

mod activation;
mod batch_norm;
mod conv;
mod encoder_layer;
#[cfg(test)]
mod golden;
mod linear;
mod low_rank;
mod members;
mod norm;
mod ntk_linear;
mod parametric_activation;
mod scaling;

pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use conv::Conv;
pub use encoder_layer::{EncoderLayer, EncoderLayerConfig, LayerSize};
pub use linear::Linear;
pub use low_rank::LowRank;
pub(crate) use low_rank::{is_low_rank, merged};
pub use members::{MemberLinear, MemberScaling};
pub use norm::{LayerNorm, Norm, NormKind};
pub use ntk_linear::NtkLinear;
pub use parametric_activation::ParametricActivation;
pub use scaling::Scaling;

/// A trained parameter whose entry `i` starts at `value(i)`.
pub(crate) fn parameter<const D: usize>(
    shape: [usize; D],
    device: &Device,
    value: impl Fn(u64) -> f64,
) -> Param<Tensor<D>> {
    Param::from_tensor(constant(shape, device, value))
}

/// A stored value that no gradient reaches, such as a running mean.
pub(crate) fn buffer<const D: usize>(shape: [usize; D], device: &Device, value: f64) -> Param<Tensor<D>> {
    Param::initialized(ParamId::new(), constant(shape, device, |_| value))
}

/// A tensor whose entry `i`, row-major, is `value(i)`.
fn constant<const D: usize>(shape: [usize; D], device: &Device, value: impl Fn(u64) -> f64) -> Tensor<D> {
    let count = shape.iter().product::<usize>() as u64;
    let values: Vec<f32> = (0..count).map(|i| value(i) as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Standard normal start values.
pub(crate) fn normal(stream: Stream) -> impl Fn(u64) -> f64 {
    move |i| stream.normal(i)
}

/// Start values uniform in `[-limit, limit)`.
pub(crate) fn uniform(stream: Stream, limit: f64) -> impl Fn(u64) -> f64 {
    move |i| (stream.uniform(i) * 2.0 - 1.0) * limit
}
