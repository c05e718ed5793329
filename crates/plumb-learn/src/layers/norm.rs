//! The normalizations on offer.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, module};
use serde::{Deserialize, Serialize};

use super::{BatchNorm, parameter};
use crate::network::Pass;

/// Which normalization a block has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NormKind {
    /// Over the rows of the batch (Ioffe, Szegedy 2015).
    Batch,
    /// Over the units of the row (Ba, Kiros, Hinton 2016).
    Layer,
}

/// A normalization of `[rows, units]`.
#[derive(Module, Debug)]
pub enum Norm {
    /// Over the rows of the batch.
    Batch(BatchNorm),
    /// Over the units of the row.
    Layer(LayerNorm),
}

impl Norm {
    /// A normalization that starts without scale or shift.
    pub fn new(kind: NormKind, units: usize, device: &Device) -> Self {
        match kind {
            NormKind::Batch => Self::Batch(BatchNorm::new(units, device)),
            NormKind::Layer => Self::Layer(LayerNorm::new(units, device)),
        }
    }

    /// Normalizes.
    pub fn forward(&self, input: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        match self {
            Self::Batch(norm) => norm.forward(input, pass),
            Self::Layer(norm) => norm.forward(input),
        }
    }
}

/// Layer normalization, epsilon 1e-5, with PyTorch's names.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// The scales, `[units]`, started at 1.
    pub weight: Param<Tensor<1>>,
    /// The shifts, `[units]`, started at 0.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// Scale 1, shift 0.
    pub fn new(units: usize, device: &Device) -> Self {
        Self { weight: parameter([units], device, |_| 1.0), bias: parameter([units], device, |_| 0.0) }
    }

    /// Normalizes each row.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        module::layer_norm(input, self.weight.val(), Some(self.bias.val()), 1e-5)
    }
}
