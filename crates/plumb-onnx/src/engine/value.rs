//! What flows between steps.

use std::borrow::Cow;
use std::sync::Arc;

use plumb_kernels::{int8, slices};

use crate::error::wrong;
use crate::tensor::size;
use crate::{OnnxError, Tensor, Values};

/// A tensor in the form in which a step has left it. All forms stand for the same real numbers; a step that wants another one asks for it.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Row-major.
    Plain(Arc<Tensor>),
    /// Images of floats, channels last in memory.
    Images { shape: [usize; 4], values: Arc<Vec<f32>> },
    /// Numbers of 8 bits.
    Bytes(Bytes),
}

/// Numbers of 8 bits: `scale (byte - zero)`.
#[derive(Debug, Clone)]
pub(super) struct Bytes {
    /// As the file has it: `[batch, channels, height, width]` of images.
    pub(super) shape: Vec<usize>,
    /// Whether they are images whose channels are last in memory.
    pub(super) last: bool,
    pub(super) values: Arc<Vec<u8>>,
    pub(super) steps: Steps,
}

/// What a byte stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steps {
    pub(super) scale: f32,
    pub(super) zero: u8,
}

/// The values, without a copy where nobody else has them.
pub(super) fn owned<T: Clone>(values: Arc<Vec<T>>) -> Vec<T> {
    Arc::try_unwrap(values).unwrap_or_else(|shared| (*shared).clone())
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Plain(Arc::new(tensor))
    }
}

impl From<Arc<Tensor>> for Value {
    fn from(tensor: Arc<Tensor>) -> Self {
        Self::Plain(tensor)
    }
}

impl Value {
    /// Row-major floats.
    pub(super) fn floats(shape: Vec<usize>, values: Vec<f32>) -> Result<Self, OnnxError> {
        Ok(Tensor::new(shape, Values::Floats(values))?.into())
    }

    pub(super) fn images(shape: [usize; 4], values: Vec<f32>) -> Self {
        Self::Images { shape, values: Arc::new(values) }
    }

    /// Its extents.
    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Self::Plain(tensor) => tensor.shape(),
            Self::Images { shape, .. } => shape,
            Self::Bytes(bytes) => &bytes.shape,
        }
    }

    /// Whether it is floats, in whatever form.
    pub(super) fn is_floats(&self) -> bool {
        !matches!(self, Self::Plain(tensor) if !matches!(tensor.values(), Values::Floats(_)))
    }

    /// The floats in the order in which they lie; none of other elements.
    pub(super) fn as_floats(&self) -> Option<&[f32]> {
        match self {
            Self::Images { values, .. } => Some(values),
            Self::Plain(tensor) => match tensor.values() {
                Values::Floats(values) => Some(values),
                _ => None,
            },
            Self::Bytes(_) => None,
        }
    }

    /// Row-major, as the operators of tables take it.
    pub(super) fn plain(self) -> Result<Arc<Tensor>, OnnxError> {
        Ok(match self {
            Self::Plain(tensor) => tensor,
            Self::Images { shape, values } => {
                let [_, channels, height, width] = shape;
                let values = if channels == 1 || height * width == 1 {
                    owned(values)
                } else {
                    slices::channels_first(&values, [channels, height * width])
                };
                Arc::new(Tensor::new(shape.to_vec(), Values::Floats(values))?)
            }
            Self::Bytes(bytes) => {
                let bytes = bytes.first();
                let values = int8::dequantize(&bytes.values, bytes.steps.scale, bytes.steps.zero);
                Arc::new(Tensor::new(bytes.shape, Values::Floats(values))?)
            }
        })
    }

    /// Row-major floats with their extents.
    pub(super) fn numbers(self, operator: &str) -> Result<(Vec<usize>, Vec<f32>), OnnxError> {
        let tensor = self.plain()?;
        let tensor = Arc::try_unwrap(tensor).unwrap_or_else(|shared| (*shared).clone());
        let shape = tensor.shape().to_vec();
        match tensor.into_values() {
            Values::Floats(values) => Ok((shape, values)),
            Values::Whole(values) => Ok((shape, values.into_iter().map(|value| value as f32).collect())),
            Values::Texts(_) => Err(wrong(operator, "numbers are wanted and there are texts")),
        }
    }

    /// Images of floats, channels last in memory; an error where there are not four extents.
    pub(super) fn pictures(self, operator: &str) -> Result<([usize; 4], Arc<Vec<f32>>), OnnxError> {
        match self {
            Self::Images { shape, values } => Ok((shape, values)),
            Self::Bytes(bytes) if bytes.last => {
                let values = int8::dequantize(&bytes.values, bytes.steps.scale, bytes.steps.zero);
                Ok((four(&bytes.shape, operator)?, values.into()))
            }
            other => {
                let shape = four(other.shape(), operator)?;
                let (_, values) = other.numbers(operator)?;
                let [_, channels, height, width] = shape;
                if channels == 1 || height * width == 1 {
                    return Ok((shape, values.into()));
                }
                Ok((shape, slices::channels_last(&values, [channels, height * width]).into()))
            }
        }
    }
}

impl Bytes {
    /// Row-major.
    pub(super) fn first(self) -> Self {
        if !self.last {
            return self;
        }
        let (channels, pixels) = self.plane();
        let values = if channels == 1 || pixels == 1 {
            self.values
        } else {
            Arc::new(slices::channels_first(&self.values, [channels, pixels]))
        };
        Self { last: false, values, ..self }
    }

    /// Images with their channels last; an error where there are not four extents.
    pub(super) fn pictures(self, operator: &str) -> Result<([usize; 4], Self), OnnxError> {
        let shape = four(&self.shape, operator)?;
        if self.last {
            return Ok((shape, self));
        }
        let (channels, pixels) = self.plane();
        let values = if channels == 1 || pixels == 1 {
            self.values
        } else {
            Arc::new(slices::channels_last(&self.values, [channels, pixels]))
        };
        Ok((shape, Self { last: true, values, ..self }))
    }

    fn plane(&self) -> (usize, usize) {
        (self.shape.get(1).copied().unwrap_or(1), self.shape.iter().skip(2).product())
    }
}

/// The four extents of images.
pub(super) fn four(shape: &[usize], operator: &str) -> Result<[usize; 4], OnnxError> {
    shape.try_into().map_err(|_other| wrong(operator, format!("images have four extents, not {shape:?}")))
}

/// The floats of a tensor, without a copy where it holds such.
pub(super) fn floats_of<'a>(tensor: &'a Tensor, operator: &str) -> Result<Cow<'a, [f32]>, OnnxError> {
    match tensor.values() {
        Values::Floats(values) => Ok(Cow::Borrowed(values)),
        _ => tensor.floats(operator).map(Cow::Owned),
    }
}

/// The number of elements; an error beyond the limit.
pub(super) fn count(shape: &[usize]) -> Result<usize, OnnxError> {
    size(shape).ok_or_else(|| OnnxError::TooLarge(shape.to_vec()))
}

/// The one number of a constant.
pub(super) fn scalar(tensor: &Tensor) -> Option<f32> {
    match tensor.values() {
        Values::Floats(values) if values.len() == 1 => values.first().copied(),
        Values::Whole(values) if values.len() == 1 => values.first().map(|&value| value as f32),
        _ => None,
    }
}
