//! Constants of the file, and weights of few bits restored from it.

use std::collections::BTreeMap;

use crate::error::wrong;
use crate::proto::{Node, TensorMessage};
use crate::tensor::size;
use crate::{OnnxError, Tensor, Values};

/// Weights of 8 bits with sign, symmetric, with a scale for each place along an axis.
#[derive(Debug, Clone)]
pub(super) struct Weights8 {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<i8>,
    /// One, or one for each place along the axis.
    pub(super) scale: Vec<f32>,
    pub(super) axis: usize,
}

impl Weights8 {
    /// A scale for each of `count` places along `axis`; none where the scales stand along another one.
    pub(super) fn scales(&self, axis: usize, count: usize) -> Option<Vec<f32>> {
        match self.scale.as_slice() {
            [one] => Some(vec![*one; count]),
            many if self.axis == axis && many.len() == count => Some(many.to_vec()),
            _ => None,
        }
    }

    /// The floats.
    pub(super) fn restored(&self) -> Vec<f32> {
        let inner: usize = self.shape.iter().skip(self.axis + 1).product();
        let scale = |at: usize| match self.scale.as_slice() {
            [one] => *one,
            many => many.get(at / inner.max(1) % many.len().max(1)).copied().unwrap_or(0.0),
        };
        self.values.iter().enumerate().map(|(at, &value)| f32::from(value) * scale(at)).collect()
    }
}

/// A constant of 8 bits with sign.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<i8>,
}

/// Elements of 8 bits with and without sign.
const SIGNED: i32 = 3;
const UNSIGNED: i32 = 2;

/// What the file holds by name, read when it is asked for.
#[derive(Debug, Default)]
pub(super) struct Store {
    messages: BTreeMap<String, TensorMessage>,
    /// What was computed from constants.
    folded: BTreeMap<String, Tensor>,
    /// Weights behind a `DequantizeLinear`.
    quantized: BTreeMap<String, Weights8>,
}

impl Store {
    pub(super) fn new(messages: Vec<TensorMessage>) -> Self {
        let messages = messages.into_iter().map(|message| (message.name.clone(), message)).collect();
        Self { messages, ..Self::default() }
    }

    /// Whether the name is a constant.
    pub(super) fn has(&self, name: &str) -> bool {
        self.messages.contains_key(name)
            || self.folded.contains_key(name)
            || self.quantized.contains_key(name)
    }

    /// The tensor of that name.
    pub(super) fn tensor(&self, name: &str) -> Result<Option<Tensor>, OnnxError> {
        if let Some(weights) = self.quantized.get(name) {
            return Tensor::new(weights.shape.clone(), Values::Floats(weights.restored())).map(Some);
        }
        if let Some(tensor) = self.folded.get(name) {
            return Ok(Some(tensor.clone()));
        }
        self.messages.get(name).map(Tensor::of_message).transpose()
    }

    /// The weights of 8 bits of that name, where they are such.
    pub(super) fn weights8(&self, name: &str) -> Option<&Weights8> {
        self.quantized.get(name)
    }

    pub(super) fn fold(&mut self, name: &str, tensor: Tensor) {
        self.folded.insert(name.to_owned(), tensor);
    }

    /// ONNX's number for the elements of a constant; none of one that was computed.
    pub(super) fn element(&self, name: &str) -> Option<i32> {
        self.messages.get(name).map(|message| message.data_type)
    }

    /// A constant of 8 bits with sign, as it is.
    pub(super) fn signed(&self, name: &str) -> Result<Option<Signed>, OnnxError> {
        let Some(message) = self.messages.get(name).filter(|message| message.data_type == SIGNED) else {
            return Ok(None);
        };
        let tensor_shape = extents(message)?;
        let values = if message.raw_data.is_empty() {
            message.int32_data.iter().map(|&value| value as i8).collect()
        } else {
            message.raw_data.iter().map(|&byte| byte as i8).collect::<Vec<i8>>()
        };
        match size(&tensor_shape) {
            Some(len) if len == values.len() => Ok(Some(Signed { shape: tensor_shape, values })),
            _ => Err(OnnxError::Damaged(format!("`{name}`: {} values in {tensor_shape:?}", values.len()))),
        }
    }

    /// Whether a zero point, or one that is left out, is 0 throughout.
    pub(super) fn is_zero(&self, name: Option<&str>) -> Result<bool, OnnxError> {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(true) };
        let Some(tensor) = self.tensor(name)? else { return Ok(false) };
        Ok(matches!(tensor.values(), Values::Whole(values) if values.iter().all(|&value| value == 0)))
    }

    /// A `DequantizeLinear` of a constant: kept in 8 bits where the weights are symmetric, else restored.
    pub(super) fn dequantize(&mut self, node: &Node) -> Result<(), OnnxError> {
        let (Some(from), Some(scale), Some(output)) =
            (node.input.first(), node.input.get(1), node.output.first())
        else {
            return Err(node.wrong("an input or the output is missing"));
        };
        let missing = || node.wrong("the scale is no constant");
        let scale = self.tensor(scale)?.ok_or_else(missing)?;
        let zero = node.input.get(2).map(String::as_str);
        let blocks = node.int("block_size", 0);
        let symmetric = blocks == 0 && self.is_zero(zero)?;
        if let Some(Signed { shape, values }) = self.signed(from)?.filter(|_| symmetric) {
            let axis = place(node, shape.len())?;
            let scale = scale.floats(&node.op_type)?;
            if scale.len() != 1 && shape.get(axis) != Some(&scale.len()) {
                return Err(node.wrong("the scales are not as many as the axis is long"));
            }
            self.quantized.insert(output.clone(), Weights8 { shape, values, scale, axis });
            return Ok(());
        }
        let tensor = self.tensor(from)?.ok_or_else(|| node.wrong("no constant"))?;
        let zero = zero.filter(|name| !name.is_empty()).map(|name| self.tensor(name)).transpose()?.flatten();
        let restored = restored(node, &tensor, &scale, zero.as_ref())?;
        self.fold(&output.clone(), restored);
        Ok(())
    }

    /// Scale and zero point of a tensor of activations as [`super::value::Steps`]: with sign the zero point moves by 128.
    pub(super) fn steps(&self, node: &Node) -> Result<Option<super::value::Steps>, OnnxError> {
        let (scale, zero) = (node.input.get(1), node.input.get(2).filter(|name| !name.is_empty()));
        let Some(scale) = scale.map(|name| self.tensor(name)).transpose()?.flatten() else { return Ok(None) };
        let Some(scale) = super::value::scalar(&scale).filter(|scale| scale.is_finite() && *scale > 0.0)
        else {
            return Ok(None);
        };
        let Some(zero) = zero else {
            let signed = node.int("output_dtype", 2) == i64::from(SIGNED);
            return Ok(Some(super::value::Steps { scale, zero: if signed { 128 } else { 0 } }));
        };
        let offset = match self.element(zero) {
            Some(UNSIGNED) => 0,
            Some(SIGNED) => 128,
            _ => return Ok(None),
        };
        let zero = self.tensor(zero)?.and_then(|tensor| super::value::scalar(&tensor));
        let zero = zero.and_then(|zero| u8::try_from(zero as i32 + offset).ok());
        Ok(zero.map(|zero| super::value::Steps { scale, zero }))
    }
}

fn extents(message: &TensorMessage) -> Result<Vec<usize>, OnnxError> {
    let extent = |&extent: &i64| {
        usize::try_from(extent)
            .map_err(|_negative| OnnxError::Damaged(format!("`{}`: a negative extent", message.name)))
    };
    message.dims.iter().map(extent).collect()
}

fn place(node: &Node, rank: usize) -> Result<usize, OnnxError> {
    let axis = node.int("axis", 1);
    let place = if axis < 0 { axis + rank as i64 } else { axis };
    match usize::try_from(place) {
        Ok(place) if place < rank.max(1) => Ok(place),
        // With one scale the axis does not matter.
        _ if rank < 2 => Ok(0),
        _ => Err(node.wrong(format!("axis {axis} of {rank}"))),
    }
}

/// `(x - zero) scale`, with one scale, one for each place along an axis, or one for each block along it.
fn restored(
    node: &Node,
    tensor: &Tensor,
    scale: &Tensor,
    zero: Option<&Tensor>,
) -> Result<Tensor, OnnxError> {
    let operator = &node.op_type;
    let shape = tensor.shape();
    let (values, scales) = (tensor.floats(operator)?, scale.floats(operator)?);
    let zeros = zero.map_or_else(|| Ok(vec![0.0; scales.len()]), |zero| zero.floats(operator))?;
    let at = place(node, shape.len())?;
    let (extent, inner) =
        (shape.get(at).copied().unwrap_or(1).max(1), shape.iter().skip(at + 1).product::<usize>().max(1));
    let along = scale.shape().get(at).copied().unwrap_or(1).max(1);
    let block = usize::try_from(node.int("block_size", 0)).unwrap_or(0);
    let index = |i: usize| {
        let step = i / inner % extent;
        match block {
            0 if scales.len() == 1 => 0,
            0 => step,
            block => (i / inner / extent * along + step / block) * inner + i % inner,
        }
    };
    let one = |(i, value): (usize, &f32)| {
        let at = index(i);
        match (scales.get(at), zeros.get(at)) {
            (Some(scale), Some(zero)) => Ok((value - zero) * scale),
            _ => Err(wrong(operator, "there are too few scales")),
        }
    };
    let values = values.iter().enumerate().map(one).collect::<Result<_, _>>()?;
    Tensor::new(shape.to_vec(), Values::Floats(values))
}
