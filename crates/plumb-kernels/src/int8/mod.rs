//! Products and convolutions of bytes: activations of 8 bits without sign, weights of 8 bits with sign, sums of 32 bits.
//!
//! A sum is exact: no unit saturates on the way, so AVX-512 VNNI, AVX-VNNI, AVX2 and plain code give the same bits, and so do one
//! thread and many. What follows the sum ([`Finish`]) is done while the sums are in the cache: the zero point of the activations,
//! a scale for each column, the bias, a residual, the ends of a clipping, and the way back to 8 bits.
//!
//! The columns of weights are packed once ([`Weights`]): panels of [`WIDTH`] columns, in them four steps of the reduction together, which
//! is what the instructions of VNNI take. Convolution walks over padded images in place, as the one of floats does.

mod block;
mod conv;
mod depthwise;
mod finish;
mod product;
mod quantize;
mod tile;
mod unit;
mod weights;

#[cfg(test)]
mod tests;

pub use conv::ByteConv;
pub use finish::{Finish, Into8, Residual, Target};
pub use product::product;
pub use quantize::{dequantize, ends, quantize};
pub use weights::Weights;

/// Columns of a panel.
const WIDTH: usize = 32;
/// Steps of the reduction that are multiplied together.
const STEPS: usize = 4;
/// The longest reduction whose sums surely fit 32 bits: `2^31 / (255 * 128)`, rounded down.
pub const LONGEST: usize = 65_000;
