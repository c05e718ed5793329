//! Joins what the encoders made of a row into one vector.

use burn::tensor::Tensor;

/// The parts side by side; parts without columns are left out.
///
/// # Shapes
/// Each part `[rows, width_i]`; the result `[rows, sum of widths]`. None when no part has a column.
pub(crate) fn join(parts: Vec<Tensor<2>>) -> Option<Tensor<2>> {
    let mut parts: Vec<Tensor<2>> = parts.into_iter().filter(|part| part.dims()[1] > 0).collect();
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(Tensor::cat(parts, 1)),
    }
}
