//! Weights in 8 bits.

use crate::OnnxError;
use crate::proto::TensorMessage;

/// The numbers of a constant of the file, row-major, and its extents.
pub(super) fn values(constant: &TensorMessage) -> Result<(Vec<f32>, Vec<usize>), OnnxError> {
    let tensor = crate::Tensor::of_message(constant)?;
    Ok((tensor.floats("quantize")?, tensor.shape().to_vec()))
}

/// Weights as whole numbers of -`top` to `top` and a scale for each slice of the extent `axis`: the largest magnitude becomes `top`.
pub(super) struct Symmetric {
    pub(super) codes: Vec<i8>,
    pub(super) scales: Vec<f32>,
}

impl Symmetric {
    pub(super) fn of(values: &[f32], shape: &[usize], axis: usize, top: i8) -> Self {
        let (slices, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>().max(1));
        let slice_of = |at: usize| at / inner % slices.max(1);
        let mut largest = vec![0.0f32; slices];
        for (at, value) in values.iter().enumerate() {
            let of = &mut largest[slice_of(at)];
            *of = of.max(value.abs());
        }
        let scales: Vec<f32> = largest.iter().map(|&most| scale(most, f32::from(top))).collect();
        let code = |(at, value): (usize, &f32)| code(value / scales[slice_of(at)], top);
        Self { codes: values.iter().enumerate().map(code).collect(), scales }
    }

    /// The codes as bytes of a file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.codes.iter().map(|&code| code.cast_unsigned()).collect()
    }
}

/// What is left of weights once they are stored: [`Symmetric`] and back, a scale for each slice of the extent `axis`.
pub fn through_codes(values: &mut [f32], shape: &[usize], axis: usize) {
    let found = Symmetric::of(values, shape, axis, super::qdq::TOP);
    let inner = shape[axis + 1..].iter().product::<usize>().max(1);
    let steps = |at: usize| found.scales[at / inner % found.scales.len().max(1)];
    for (at, (value, code)) in values.iter_mut().zip(&found.codes).enumerate() {
        *value = f32::from(*code) * steps(at);
    }
}

/// What one step is worth; 1 where all is 0.
pub(super) fn scale(most: f32, top: f32) -> f32 {
    let scale = most / top;
    if scale.is_normal() { scale } else { 1.0 }
}

/// The next whole number, halves to the even one, within the ends.
pub(super) fn code(steps: f32, top: i8) -> i8 {
    let top = f32::from(top);
    steps.round_ties_even().clamp(-top, top) as i8
}
