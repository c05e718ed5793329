//! What follows a convolution or a product and is done with its result while that is at hand: bias, clipping, rounding to 8 bits, a residual.

use std::collections::BTreeSet;

use plumb_kernels::int8::{self, Finish, Into8, Residual, Target};
use plumb_kernels::slices;

use super::compile::Compiler;
use super::elementwise;
use super::value::{Bytes, Steps, Value, count};
use crate::error::wrong;
use crate::{OnnxError, Values};

/// No clipping.
const OPEN: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];

/// `steps2(clip2(steps1(clip1(x + bias)) + residual))`, each part of which may be missing.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    first: [f32; 2],
    into8: Option<Steps>,
    /// Whether a residual comes as the step's last input.
    adds: bool,
    second: [f32; 2],
    output: Option<Steps>,
}

/// A chain of nodes that was taken together.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) tail: Tail,
    /// The name of what is added.
    pub(super) residual: Option<String>,
    /// What the last node is called by those that follow; several where each has its own `DequantizeLinear`.
    pub(super) outputs: Vec<String>,
    /// The nodes taken.
    pub(super) nodes: BTreeSet<usize>,
}

impl Chain {
    /// Follows the graph from a value on as far as it can be taken along.
    pub(super) fn from(
        compiler: &Compiler,
        name: &str,
        mut nodes: BTreeSet<usize>,
    ) -> Result<Self, OnnxError> {
        let mut tail = Tail { first: OPEN, into8: None, adds: false, second: OPEN, output: None };
        let (mut residual, mut outputs) = (None, vec![name.to_owned()]);
        while let [last] = outputs.as_slice() {
            let Some(at) = compiler.only_user(last) else { break };
            let node = compiler.node(at);
            let late = tail.into8.is_some() || tail.adds;
            match node.op_type.as_str() {
                "Relu" | "Clip" => {
                    let Some(ends) = compiler.ends(node)? else { break };
                    let into = if late { &mut tail.second } else { &mut tail.first };
                    *into = [into[0].max(ends[0]).min(ends[1]), into[1].min(ends[1]).max(ends[0])];
                }
                "Add" if !tail.adds && (tail.into8.is_some() || tail.first == OPEN) => {
                    let Some(other) = node.input.iter().find(|input| *input != last) else { break };
                    if compiler.store.has(other) || node.input.len() != 2 {
                        break;
                    }
                    residual = Some(other.clone());
                    tail.adds = true;
                }
                "QuantizeLinear" => {
                    let (Some(steps), Some(restored)) = (compiler.store.steps(node)?, compiler.restored(at)?)
                    else {
                        break;
                    };
                    nodes.extend(restored.nodes);
                    outputs = restored.names;
                    nodes.insert(at);
                    if late {
                        tail.output = Some(steps);
                        break;
                    }
                    tail.into8 = Some(steps);
                    continue;
                }
                _ => break,
            }
            nodes.insert(at);
            outputs = node.output.iter().take(1).cloned().collect();
        }
        if tail.into8.is_some() && !tail.adds && tail.second == OPEN && tail.output.is_none() {
            tail.output = tail.into8.take();
            tail.second = std::mem::replace(&mut tail.first, OPEN);
        }
        Ok(Self { tail, residual, outputs, nodes })
    }
}

impl Steps {
    /// The ends of a byte, the zero point not counted.
    fn ends(self) -> [f32; 2] {
        [-f32::from(self.zero), 255.0 - f32::from(self.zero)]
    }
}

fn scaled(ends: [f32; 2], by: f32) -> [f32; 2] {
    ends.map(|end| end / by)
}

fn within(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
    [a[0].max(b[0]).min(b[1]), a[1].min(b[1]).max(b[0])]
}

impl Tail {
    /// Computes sums of bytes with it. `scale` is that of the sums, `bias` that of the result, for each column; `shape` is that of the
    /// result, channels last in memory where `last`.
    pub(super) fn finish(
        &self,
        [scale, bias]: [&[f32]; 2],
        shape: Vec<usize>,
        last: bool,
        residual: Option<Value>,
        compute: impl FnOnce(&Finish<'_>, Target<'_>),
    ) -> Result<Value, OnnxError> {
        let fused = match &residual {
            None => true,
            Some(Value::Bytes(bytes)) => bytes.shape == shape && bytes.last == last,
            Some(Value::Images { shape: of, .. }) => last && of[..] == shape[..],
            Some(Value::Plain(tensor)) => {
                !last && tensor.shape() == shape && matches!(tensor.values(), Values::Floats(_))
            }
        };
        if !fused || (self.into8.is_none() && self.first != OPEN && self.adds) {
            let plain = Self { adds: false, second: OPEN, output: None, ..self.clone() };
            let first = plain.finish([scale, bias], shape, last, None, compute)?;
            return self.later(first, residual);
        }
        let length = count(&shape)?;
        // The units of what comes after `into8`, and those of the sums.
        let unit = self.output.map_or(1.0, |steps| steps.scale);
        let sums = self.into8.map_or(unit, |steps| steps.scale);
        let scale: Vec<f32> = scale.iter().map(|x| x / sums).collect();
        let bias: Vec<f32> = bias.iter().map(|x| x / sums).collect();
        let into8 = self.into8.map(|steps| Into8 {
            ends: within(steps.ends(), scaled(self.first, steps.scale)),
            scale: steps.scale / unit,
        });
        let ends = if self.into8.is_some() { self.second } else { within(self.first, self.second) };
        let floats;
        let residual = match &residual {
            Some(Value::Bytes(bytes)) => Some(Residual::Bytes {
                values: &bytes.values,
                zero: bytes.steps.zero,
                scale: bytes.steps.scale / unit,
            }),
            Some(other) => match (other.as_floats(), self.output) {
                (Some(values), None) => Some(Residual::Floats(values)),
                (Some(values), Some(_)) => {
                    floats = slices::map(
                        values,
                        #[inline(always)]
                        |x| x / unit,
                    );
                    Some(Residual::Floats(&floats))
                }
                (None, _) => None,
            },
            None => None,
        };
        let finish = Finish { scale: &scale, bias: &bias, into8, residual, ends: scaled(ends, unit) };
        if let Some(steps) = self.output {
            let mut values = vec![0u8; length];
            compute(&finish, Target::Bytes { values: &mut values, zero: steps.zero });
            return Ok(Value::Bytes(Bytes { shape, last, values: values.into(), steps }));
        }
        let mut values = vec![0f32; length];
        compute(&finish, Target::Floats(&mut values));
        if last {
            return Ok(Value::images(super::value::four(&shape, "Conv")?, values));
        }
        Value::floats(shape, values)
    }

    /// The whole of it on floats that have their bias already.
    pub(super) fn after(&self, value: Value, residual: Option<Value>) -> Result<Value, OnnxError> {
        let first = quantized(clipped(value, self.first)?, self.into8)?;
        self.later(first, residual)
    }

    /// What comes after the first rounding.
    fn later(&self, value: Value, residual: Option<Value>) -> Result<Value, OnnxError> {
        let value = match (self.adds, residual) {
            (true, Some(residual)) => elementwise::add(value, residual)?,
            (true, None) => return Err(wrong("Add", "an input is missing")),
            (false, _) => value,
        };
        quantized(clipped(value, self.second)?, self.output)
    }
}

/// Between two ends, in place where nobody else has the values.
pub(super) fn clipped(value: Value, [low, high]: [f32; 2]) -> Result<Value, OnnxError> {
    if [low, high] == OPEN {
        return Ok(value);
    }
    elementwise::each(value, "Clip", |values| {
        slices::apply(
            values,
            #[inline(always)]
            |x| {
                let x = if x < low { low } else { x };
                if x > high { high } else { x }
            },
        );
    })
}

/// In bytes, where that is asked for.
pub(super) fn quantized(value: Value, steps: Option<Steps>) -> Result<Value, OnnxError> {
    let Some(steps) = steps else { return Ok(value) };
    let value = match value {
        Value::Bytes(bytes) if bytes.steps == steps => return Ok(Value::Bytes(bytes)),
        Value::Images { .. } => value,
        other => other.plain()?.into(),
    };
    let last = matches!(value, Value::Images { .. });
    let values = value.as_floats().ok_or_else(|| wrong("QuantizeLinear", "numbers are wanted"))?;
    let bytes = int8::quantize(values, steps.scale, steps.zero);
    Ok(Value::Bytes(Bytes { shape: value.shape().to_vec(), last, values: bytes.into(), steps }))
}
