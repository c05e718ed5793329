//! What makes training fast on a CPU and is not the engine's own.
//!
//! The only crate of Plumb that may use `unsafe`; each use says why it is sound.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined into `vectorized` is compiled for the plain target"
)]
#![expect(clippy::needless_for_each, reason = "a short pass over a slice reads best as one expression")]

mod buffer;
mod chance;
mod channels_last;
pub mod conv;
pub mod elementary;
mod elementwise;
pub mod int8;
pub mod memory;
mod operation;
mod operations;
mod product;
pub mod slices;
mod sums;
pub mod threads;
mod turn;
mod vector;

pub use chance::Dropout;
pub use operations::*;
pub use vector::vectorized;
