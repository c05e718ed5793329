//! The tensor functions, one file each.

mod attention;
mod batch_norm;
#[cfg(test)]
mod conformance;
mod conv2d;
mod cross_entropy;
mod curve;
mod dropout;
mod embedding;
mod layer_norm;
mod linear;
mod pool;

pub use attention::{Attention, self_attention};
pub use batch_norm::{BatchStatistics, Cut, batch_norm, batch_norm_with};
pub use conv2d::{Conv2d, conv2d};
pub use cross_entropy::cross_entropy;
pub use curve::{curve, gelu, gelu_dropped, mish, relu, selu};
pub use dropout::{add_dropped, dropout};
pub use embedding::embedding;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use pool::{Pool, average_pool, global_average, max_pool};
