//! Nothing at all: the first entry of TrivialAugment's and RandAugment's tables.

use super::{Effect, Keeps, Operation};
use crate::augment::affine::Affine;

/// See the module.
pub(in crate::augment) const OPERATION: Operation = Operation {
    name: "identity",
    summary: "leaves the picture as it is",
    magnitude: None,
    keeps: Keeps::ALL,
    effect: Effect::Geometry(|_, _, _| Affine::IDENTITY),
};
