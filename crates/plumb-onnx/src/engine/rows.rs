//! Normalization and softmax.

use plumb_kernels::slices;

use super::Step;
use super::compile::{Compiler, Lowered};
use super::value::{Value, count, floats_of};
use crate::OnnxError;
use crate::error::wrong;

/// The place of an axis; negative ones count from the end.
fn place(axis: i64, rank: usize, operator: &str) -> Result<usize, OnnxError> {
    let place = if axis < 0 { axis + rank as i64 } else { axis };
    let place = usize::try_from(place).ok().filter(|&place| place < rank);
    place.ok_or_else(|| wrong(operator, format!("axis {axis} of {rank}")))
}

/// `LayerNormalization`.
#[derive(Debug)]
struct Norm {
    axis: i64,
    epsilon: f32,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// Layer normalization along the last axis.
pub(super) fn norm(epsilon: f32, weight: Vec<f32>, bias: Vec<f32>) -> impl Step {
    Norm { axis: -1, epsilon, weight, bias }
}

/// `LayerNormalization` with constant weights.
pub(super) fn lower_norm(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let constant = |place: usize| -> Result<Option<Vec<f32>>, OnnxError> {
        let Some(name) = node.input.get(place).filter(|name| !name.is_empty()) else { return Ok(None) };
        let tensor = compiler.store.tensor(name)?.ok_or_else(|| OnnxError::Operator(node.op_type.clone()))?;
        tensor.floats(&node.op_type).map(Some)
    };
    let weight = constant(1)?.ok_or_else(|| node.wrong("the scale is missing"))?;
    let bias = constant(2)?.unwrap_or_else(|| vec![0.0; weight.len()]);
    if bias.len() != weight.len()
        || weight.is_empty()
        || node.output.iter().skip(1).any(|name| !name.is_empty())
    {
        return Err(OnnxError::Operator(node.op_type.clone()));
    }
    let step = Norm { axis: node.int("axis", -1), epsilon: node.float("epsilon", 1e-5), weight, bias };
    Ok(Some(Lowered {
        outputs: node.output.iter().take(1).cloned().collect(),
        ..Lowered::of_first(node, step)
    }))
}

impl Step for Norm {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let operator = "LayerNormalization";
        let input =
            inputs.into_iter().next().flatten().ok_or_else(|| wrong(operator, "the input is missing"))?;
        let input = input.plain()?;
        let (shape, values) = (input.shape().to_vec(), floats_of(&input, operator)?);
        let at = place(self.axis, shape.len(), operator)?;
        if count(&shape[at..])? != self.weight.len() {
            return Err(wrong(
                operator,
                format!("{} scales for {shape:?} from axis {at} on", self.weight.len()),
            ));
        }
        Ok(vec![Value::floats(shape, slices::layer_norm(&values, &self.weight, &self.bias, self.epsilon))?])
    }
}

/// `Softmax` along an axis; before version 13 of the operators over all from the axis on.
#[derive(Debug)]
struct Softmax {
    axis: i64,
    flat: bool,
}

pub(super) fn lower_softmax(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let flat = compiler.opset < 13;
    let axis = node.int("axis", if flat { 1 } else { -1 });
    Ok(Some(Lowered::of_first(node, Softmax { axis, flat })))
}

impl Step for Softmax {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let operator = "Softmax";
        let input =
            inputs.into_iter().next().flatten().ok_or_else(|| wrong(operator, "the input is missing"))?;
        let (shape, mut values) = input.numbers(operator)?;
        let at = place(self.axis, shape.len().max(1), operator)?;
        if self.flat {
            slices::softmax(&mut values, shape[at.min(shape.len())..].iter().product());
            return Ok(vec![Value::floats(shape, values)?]);
        }
        let (extent, inner) =
            (shape.get(at).copied().unwrap_or(1), shape.iter().skip(at + 1).product::<usize>());
        if inner == 1 {
            slices::softmax(&mut values, extent);
        } else {
            // The axis goes to the end and back.
            let mut turned = slices::channels_last(&values, [extent, inner]);
            slices::softmax(&mut turned, extent);
            values = slices::channels_first(&turned, [extent, inner]);
        }
        Ok(vec![Value::floats(shape, values)?])
    }
}
