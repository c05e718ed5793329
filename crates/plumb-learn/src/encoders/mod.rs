//! From prepared columns to the numbers that the first layer sees.

mod category;
mod numeric;

pub use category::CategoryEncoder;
pub use numeric::{Pbld, PbldConfig};
