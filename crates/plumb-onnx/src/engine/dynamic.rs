//! Activations whose scale is found in each run: `DynamicQuantizeLinear` and the products of integers behind it.

use std::collections::BTreeSet;

use plumb_kernels::int8;

use super::compile::{Compiler, Lowered};
use super::value::{Bytes, Steps, Value};
use super::weights::{Signed, Weights8};
use super::{Step, conv, product};
use crate::error::wrong;
use crate::{OnnxError, Tensor, Values};

/// `DynamicQuantizeLinear`: the bytes, their scale and their zero point.
#[derive(Debug)]
struct Dynamic;

/// Its bytes may go into products of integers alone: those know what they stand for.
pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let Some(bytes) = node.output.first() else { return Err(node.wrong("the output is missing")) };
    let into = |&user: &usize| {
        let user = compiler.node(user);
        matches!(user.op_type.as_str(), "MatMulInteger" | "ConvInteger") && user.input.first() == Some(bytes)
    };
    if compiler.is_output(bytes) || !compiler.users(bytes).iter().all(into) {
        return Err(OnnxError::Operator(node.op_type.clone()));
    }
    Ok(Some(Lowered::of_first(node, Dynamic)))
}

impl Step for Dynamic {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let operator = "DynamicQuantizeLinear";
        let input =
            inputs.into_iter().next().flatten().ok_or_else(|| wrong(operator, "the input is missing"))?;
        let last = matches!(input, Value::Images { .. });
        let input = if last { input } else { input.plain()?.into() };
        let shape = input.shape().to_vec();
        let values = input.as_floats().ok_or_else(|| wrong(operator, "numbers are wanted"))?;
        let [low, high] = int8::ends(values);
        // 0 is always one of the values that a byte can stand for.
        let (low, high) = (low.min(0.0), high.max(0.0));
        let scale = (high - low) / 255.0;
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        let zero = (-low / scale).round_ties_even().clamp(0.0, 255.0) as u8;
        let bytes = int8::quantize(values, scale, zero);
        let scalar = |values| Tensor::new(Vec::new(), values).map(Value::from);
        Ok(vec![
            Value::Bytes(Bytes { shape, last, values: bytes.into(), steps: Steps { scale, zero } }),
            scalar(Values::Floats(vec![scale]))?,
            scalar(Values::Whole(vec![i64::from(zero)]))?,
        ])
    }
}

/// What a product of integers, the numbers behind it and the product of scales come to.
struct Found {
    weights: Weights8,
    /// The name of the result in floats.
    output: String,
    nodes: BTreeSet<usize>,
}

/// Follows `MatMulInteger -> Cast -> Mul(scale of the activations times that of the weights)`; an error where the graph has another form.
fn follow(compiler: &Compiler, at: usize, axis: usize) -> Result<Found, OnnxError> {
    let node = compiler.node(at);
    let unknown = || OnnxError::Operator(node.op_type.clone());
    let input = |place: usize| node.input.get(place).map(String::as_str).filter(|name| !name.is_empty());
    let (bytes, name) = (input(0).ok_or_else(unknown)?, input(1).ok_or_else(unknown)?);
    let maker =
        compiler.maker(bytes).filter(|maker| maker.op_type == "DynamicQuantizeLinear").ok_or_else(unknown)?;
    let [_, scale, zero] = maker.output.as_slice() else { return Err(unknown()) };
    if input(2) != Some(zero) || !compiler.store.is_zero(input(3))? {
        return Err(unknown());
    }
    let Signed { shape, values } = compiler.store.signed(name)?.ok_or_else(unknown)?;
    let output = node.output.first().ok_or_else(unknown)?;
    let cast =
        compiler.only_user(output).filter(|&at| compiler.node(at).op_type == "Cast").ok_or_else(unknown)?;
    let number = compiler.node(cast).output.first().ok_or_else(unknown)?;
    if compiler.node(cast).int("to", 1) != 1 {
        return Err(unknown());
    }
    let times = compiler.only_user(number).ok_or_else(unknown)?;
    let factors = other_factor(compiler, times, number).ok_or_else(unknown)?;
    let both = compiler.maker(factors).filter(|maker| maker.op_type == "Mul").ok_or_else(unknown)?;
    let constant = both.input.iter().find(|name| *name != scale).ok_or_else(unknown)?;
    if !both.input.contains(scale) || both.input.len() != 2 {
        return Err(unknown());
    }
    let of_weights = compiler.store.tensor(constant)?.ok_or_else(unknown)?.floats(&node.op_type)?;
    let columns = shape.get(axis).copied().unwrap_or(0);
    if of_weights.len() != 1 && of_weights.len() != columns {
        return Err(unknown());
    }
    let output = compiler.node(times).output.first().ok_or_else(unknown)?.clone();
    let weights = Weights8 { shape, values, scale: of_weights, axis };
    Ok(Found { weights, output, nodes: BTreeSet::from([cast, times]) })
}

/// The other input of a `Mul`.
fn other_factor<'a>(compiler: &'a Compiler, at: usize, name: &str) -> Option<&'a str> {
    let node = compiler.node(at);
    if node.op_type != "Mul" || node.input.len() != 2 {
        return None;
    }
    node.input.iter().find(|input| *input != name).map(String::as_str)
}

/// `MatMulInteger`.
pub(super) fn lower_product(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let Found { weights, output, nodes } = follow(compiler, at, 1)?;
    let bytes = node.input.first().map(String::as_str).unwrap_or_default();
    if weights.shape.len() != 2 {
        return Err(OnnxError::Operator(node.op_type.clone()));
    }
    product::of_integers(compiler, node, [bytes, &output], weights, nodes)
}

/// `ConvInteger`.
pub(super) fn lower_conv(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let Found { weights, output, mut nodes } = follow(compiler, at, 0)?;
    let bytes = node.input.first().map(String::as_str).unwrap_or_default();
    let filters = weights.shape.first().copied().unwrap_or(0);
    let is_channels =
        |shape: &[usize]| matches!(shape, [1, found, 1, 1] | [found, 1, 1] if *found == filters);
    let (bias, output) = match product::added(compiler, &output, is_channels, &mut nodes)? {
        Some((bias, output)) => (Some(bias), output),
        None => (None, output),
    };
    conv::of_integers(compiler, node, [bytes, &output], weights, bias, nodes)
}
