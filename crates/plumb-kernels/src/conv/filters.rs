//! Filters of a trained network, packed once.

use std::sync::OnceLock;

use super::packed::Packed;
use super::shape::{ConvError, ConvShape};
use super::{depthwise, direct, winograd};
use crate::product::Matrix;

/// The filters of a convolution of floats; images of any number and size may follow. Which way they are packed depends on the images, so
/// it is done when the first ones come.
#[derive(Debug)]
pub struct FloatConv {
    shape: ConvShape,
    /// Empty where all that will be asked for is packed.
    weight: Vec<f32>,
    direct: OnceLock<Packed>,
    tiles: OnceLock<Vec<f32>>,
    taps: OnceLock<Vec<f32>>,
}

impl FloatConv {
    /// Takes `weight`, `[filters, channels / groups, kernel height, kernel width]`. The batch and the image size of `shape` do not matter
    /// here. None where the weight has another extent or there is no such layer.
    pub fn new(shape: &ConvShape, weight: Vec<f32>) -> Option<Self> {
        shape.check_layer().ok()?;
        (weight.len() == shape.weight_len()).then_some(Self {
            shape: *shape,
            weight,
            direct: OnceLock::new(),
            tiles: OnceLock::new(),
            taps: OnceLock::new(),
        })
    }

    /// The columns of a matrix `[k, n]`, or of `[n, k]` where it is `turned`, for [`Self::product`]. There is one way to pack them, so it
    /// is done here and the values are not kept.
    pub fn of_matrix(values: &[f32], [k, n]: [usize; 2], turned: bool) -> Option<Self> {
        let shape = rows(0, [k, n]);
        shape.check_layer().ok()?;
        if k.checked_mul(n)? != values.len() {
            return None;
        }
        let matrix = if turned { Matrix::rows(values, k).transposed() } else { Matrix::rows(values, n) };
        let packed = OnceLock::from(Packed::matrix(matrix, [k, n]));
        Some(Self {
            shape,
            weight: Vec::new(),
            direct: packed,
            tiles: OnceLock::new(),
            taps: OnceLock::new(),
        })
    }

    /// The convolution of `batch` images of `size`: its extents, or why there is none.
    pub fn shape(&self, batch: usize, size: [usize; 2]) -> Result<ConvShape, ConvError> {
        let shape = ConvShape { batch, size, ..self.shape };
        shape.check()?;
        Ok(shape)
    }

    /// The output, `[batch, height, width, filters]`, of images `[batch, height, width, channels]`. Panics where a slice does not have the
    /// extent of `shape`, which [`Self::shape`] has made.
    pub fn run(&self, shape: &ConvShape, input: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        assert!(input.len() == shape.input_len(), "images of other extents");
        assert!(bias.is_none_or(|bias| bias.len() == shape.filters), "a bias for each filter");
        if depthwise::suits(shape) {
            let taps = self.taps.get_or_init(|| depthwise::taps_first(shape, &self.weight));
            return depthwise::forward_packed(shape, input, taps, bias);
        }
        if winograd::suits(shape) {
            let factors = self.tiles.get_or_init(|| winograd::pack(shape, &self.weight));
            return winograd::convolve(shape, input, factors, bias);
        }
        let packed = self.direct.get_or_init(|| direct::pack(shape, &self.weight));
        direct::forward_packed(shape, input, packed, bias)
    }

    /// `input columns + bias` for rows one after the other. Panics as [`Self::run`].
    pub fn product(&self, input: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let count = input.len().checked_div(self.shape.channels).unwrap_or(0);
        self.run(&rows(count, [self.shape.channels, self.shape.filters]), input, bias)
    }
}

/// A product of matrices as a convolution: a row is an image of one pixel.
fn rows(count: usize, [k, n]: [usize; 2]) -> ConvShape {
    ConvShape {
        batch: count,
        channels: k,
        size: [1, 1],
        filters: n,
        kernel: [1, 1],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
    }
}
