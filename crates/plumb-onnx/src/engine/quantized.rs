//! `QuantizeLinear` and `DequantizeLinear` that no other step has taken along.

use super::Step;
use super::compile::{Compiler, Lowered, Restored};
use super::tail;
use super::value::{Steps, Value};
use crate::OnnxError;
use crate::error::wrong;

/// To bytes.
#[derive(Debug)]
struct Quantize(Steps);

/// `QuantizeLinear` of activations, whose readers are all `DequantizeLinear` with the same numbers: so a value in bytes always stands for real
/// numbers, and those need no step.
pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let unknown = || OnnxError::Operator(node.op_type.clone());
    let steps = compiler.store.steps(node)?.ok_or_else(unknown)?;
    let Restored { nodes, names } = compiler.restored(at)?.ok_or_else(unknown)?;
    Ok(Some(Lowered::joined(node, Quantize(steps), names, nodes.into_iter().collect())))
}

impl Step for Quantize {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let input = inputs.into_iter().next().flatten();
        let input = input.ok_or_else(|| wrong("QuantizeLinear", "the input is missing"))?;
        Ok(vec![tail::quantized(input, Some(self.0))?])
    }
}

/// A `DequantizeLinear` that is neither of a constant nor behind a `QuantizeLinear` is of a form that is not known.
pub(super) fn lower_back(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    Err(OnnxError::Operator(compiler.node(at).op_type.clone()))
}
