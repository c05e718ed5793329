//! From prepared columns to the numbers that the first layer sees.

mod category;
mod numeric;
mod piecewise;

pub use category::CategoryEncoder;
pub use numeric::{Pbld, PbldConfig};
pub use piecewise::{PiecewiseConfig, PiecewiseLinear};
