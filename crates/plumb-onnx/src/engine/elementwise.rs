//! Arithmetic of two tensors, and a scale and shift for each channel.

use std::sync::Arc;

use plumb_kernels::slices::{apply, apply_both, apply_rows};

use super::compile::{Compiler, Lowered};
use super::value::{Value, count, floats_of, owned, scalar};
use super::{Step, patterns};
use crate::classic::Kernel;
use crate::error::wrong;
use crate::proto::Node;
use crate::{OnnxError, Values};

/// Calls `change` with the floats of a value, in the order in which they lie; bytes become floats.
pub(super) fn each(
    value: Value,
    operator: &str,
    change: impl FnOnce(&mut Vec<f32>),
) -> Result<Value, OnnxError> {
    match value {
        Value::Images { shape, values } => {
            let mut values = owned(values);
            change(&mut values);
            Ok(Value::Images { shape, values: Arc::new(values) })
        }
        Value::Bytes(bytes) if bytes.last => {
            let (shape, values) = Value::Bytes(bytes).pictures(operator)?;
            let mut values = owned(values);
            change(&mut values);
            Ok(Value::images(shape, values))
        }
        other => {
            let (shape, mut values) = other.numbers(operator)?;
            change(&mut values);
            Value::floats(shape, values)
        }
    }
}

/// The four operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Sub,
    Mul,
    Div,
}

#[inline(always)]
fn sum(a: f32, b: f32) -> f32 {
    a + b
}

#[inline(always)]
fn difference(a: f32, b: f32) -> f32 {
    a - b
}

#[inline(always)]
fn product(a: f32, b: f32) -> f32 {
    a * b
}

#[inline(always)]
fn quotient(a: f32, b: f32) -> f32 {
    a / b
}

/// Runs `$body` with `$f` as the operation, compiled for each.
macro_rules! with {
    ($operation:expr, $f:ident => $body:expr) => {
        match $operation {
            Operation::Add => {
                let $f = sum;
                $body
            }
            Operation::Sub => {
                let $f = difference;
                $body
            }
            Operation::Mul => {
                let $f = product;
                $body
            }
            Operation::Div => {
                let $f = quotient;
                $body
            }
        }
    };
}

#[derive(Debug)]
struct Both {
    node: Node,
    operation: Operation,
    kernel: Kernel,
}

/// `Add`, `Sub`, `Mul` and `Div`.
pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    if let Some(gelu) = patterns::gelu(compiler, at)? {
        return Ok(Some(gelu));
    }
    let node = compiler.node(at);
    let operation = match node.op_type.as_str() {
        "Add" => Operation::Add,
        "Sub" => Operation::Sub,
        "Mul" => Operation::Mul,
        _ => Operation::Div,
    };
    let step = Both { node: node.clone(), operation, kernel: Kernel::of(node)? };
    Ok(Some(Lowered::alone(node, step)))
}

impl Step for Both {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let [Some(a), Some(b)] =
            <[_; 2]>::try_from(inputs).map_err(|_other| self.node.wrong("two inputs are wanted"))?
        else {
            return Err(self.node.wrong("an input is missing"));
        };
        let (a, b) = match fast(self.operation, a, b)? {
            Fast::Done(value) => return Ok(vec![value]),
            Fast::Not(a, b) => (a.plain()?, b.plain()?),
        };
        Ok(self.kernel.compute(&self.node, &[Some(&a), Some(&b)])?.into_iter().map(Value::from).collect())
    }
}

/// The sum of two values of whatever shapes go together.
pub(super) fn add(a: Value, b: Value) -> Result<Value, OnnxError> {
    match fast(Operation::Add, a, b)? {
        Fast::Done(value) => Ok(value),
        Fast::Not(a, b) => {
            let node = Node { op_type: "Add".to_owned(), ..Node::default() };
            let (a, b) = (a.plain()?, b.plain()?);
            let found = Kernel::of(&node)?.compute(&node, &[Some(&a), Some(&b)])?;
            found.into_iter().next().map(Value::from).ok_or_else(|| wrong("Add", "nothing was computed"))
        }
    }
}

enum Fast {
    Done(Value),
    /// Handed back: the shapes or elements ask for the general way.
    Not(Value, Value),
}

fn fast(operation: Operation, a: Value, b: Value) -> Result<Fast, OnnxError> {
    if !a.is_floats() || !b.is_floats() {
        return Ok(Fast::Not(a, b));
    }
    if let Some(other) = number(&b, a.shape().len()) {
        let change =
            |values: &mut Vec<f32>| with!(operation, f => apply(values, #[inline(always)] |x| f(x, other)));
        return each(a, "Add", change).map(Fast::Done);
    }
    if let Some(other) = number(&a, b.shape().len()) {
        let change =
            |values: &mut Vec<f32>| with!(operation, f => apply(values, #[inline(always)] |x| f(other, x)));
        return each(b, "Add", change).map(Fast::Done);
    }
    if a.shape() == b.shape() {
        return same(operation, a, b).map(Fast::Done);
    }
    if is_images(&a) && a.shape().len() == 4 {
        return channels(operation, a, b);
    }
    if is_images(&b) && matches!(operation, Operation::Add | Operation::Mul) && b.shape().len() == 4 {
        return channels(operation, b, a);
    }
    repeated(operation, a, b)
}

/// The one number of a value that has no more extents than the other one.
fn number(value: &Value, rank: usize) -> Option<f32> {
    match value {
        Value::Plain(tensor) if tensor.shape().len() <= rank => scalar(tensor),
        _ => None,
    }
}

fn is_images(value: &Value) -> bool {
    match value {
        Value::Images { .. } => true,
        Value::Bytes(bytes) => bytes.last,
        Value::Plain(_) => false,
    }
}

/// Two values of one shape.
fn same(operation: Operation, a: Value, b: Value) -> Result<Value, OnnxError> {
    if is_images(&a) || is_images(&b) {
        let ((shape, x), (_, y)) = (a.pictures("Add")?, b.pictures("Add")?);
        let mut x = owned(x);
        with!(operation, f => apply_both(&mut x, &y, f));
        return Ok(Value::images(shape, x));
    }
    let ((shape, mut x), y) = (a.numbers("Add")?, b.plain()?);
    let y = floats_of(&y, "Add")?;
    with!(operation, f => apply_both(&mut x, &y, f));
    Value::floats(shape, x)
}

/// Images with a number for each channel, or for each channel of each image.
fn channels(operation: Operation, a: Value, b: Value) -> Result<Fast, OnnxError> {
    let (shape, ahead) = (a.shape().to_vec(), 4usize.saturating_sub(b.shape().len()));
    let extent =
        |axis: usize| axis.checked_sub(ahead).and_then(|axis| b.shape().get(axis)).copied().unwrap_or(1);
    let fits = b.shape().len() <= 4 && extent(1) == shape[1] && extent(2) == 1 && extent(3) == 1;
    if !fits || (extent(0) != 1 && extent(0) != shape[0]) {
        return Ok(Fast::Not(a, b));
    }
    let each_image = extent(0) != 1;
    let (shape, x) = a.pictures("Add")?;
    let (mut x, y) = (owned(x), b.plain()?);
    let y = floats_of(&y, "Add")?;
    let len = (shape[1] * shape[2] * shape[3]).max(1);
    if each_image {
        for (x, y) in x.chunks_mut(len).zip(y.chunks(shape[1].max(1))) {
            with!(operation, f => apply_rows(x, y, f));
        }
    } else {
        with!(operation, f => apply_rows(&mut x, &y, f));
    }
    Ok(Fast::Done(Value::images(shape, x)))
}

/// How a smaller shape lies in a larger one: both begin with the same `outer` elements, then the smaller one has a stretch of `inner` for each
/// of the larger one's `times`.
struct Repeats {
    outer: usize,
    times: usize,
    inner: usize,
}

impl Repeats {
    fn of(large: &[usize], small: &[usize]) -> Option<Self> {
        let ahead = large.len().checked_sub(small.len())?;
        let extent = |at: usize| at.checked_sub(ahead).map_or(1, |at| small[at]);
        let same = |at: &usize| extent(*at) == large[*at];
        let first = (0..large.len()).take_while(same).count();
        let last = large.len() - (first..large.len()).rev().take_while(same).count();
        let product = |extents: &[usize]| extents.iter().product();
        (first..last).all(|at| extent(at) == 1).then(|| Self {
            outer: product(&large[..first]),
            times: product(&large[first..last]),
            inner: product(&large[last..]),
        })
    }

    fn apply(&self, x: &mut [f32], y: &[f32], f: impl Fn(f32, f32) -> f32 + Sync) {
        let (len, inner) = ((self.times * self.inner).max(1), self.inner.max(1));
        debug_assert!(x.len() == self.outer * self.times * self.inner, "the larger shape");
        for (x, y) in x.chunks_mut(len).zip(y.chunks(inner)) {
            match y {
                [y] => x.iter_mut().for_each(|x| *x = f(*x, *y)),
                y => apply_rows(x, y, &f),
            }
        }
    }
}

/// Shapes of which one repeats under the other, as a row of weights does under rows, or a mean along its row.
fn repeated(operation: Operation, a: Value, b: Value) -> Result<Fast, OnnxError> {
    if let Some(repeats) = Repeats::of(a.shape(), b.shape()) {
        let ((shape, mut x), y) = (a.numbers("Add")?, b.plain()?);
        let y = floats_of(&y, "Add")?;
        with!(operation, f => repeats.apply(&mut x, &y, f));
        return Value::floats(shape, x).map(Fast::Done);
    }
    if let Some(repeats) = Repeats::of(b.shape(), a.shape()) {
        let (y, (shape, mut x)) = (a.plain()?, b.numbers("Add")?);
        let y = floats_of(&y, "Add")?;
        with!(operation, f => repeats.apply(&mut x, &y, #[inline(always)] |x, y| f(y, x)));
        return Value::floats(shape, x).map(Fast::Done);
    }
    Ok(Fast::Not(a, b))
}

/// `BatchNormalization` that no convolution has taken in.
#[derive(Debug)]
struct Norm {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

pub(super) fn lower_norm(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let constant = |place: usize| {
        let name = node.input.get(place).ok_or_else(|| node.wrong(format!("input {place} is missing")))?;
        let tensor = compiler.store.tensor(name)?.ok_or_else(|| OnnxError::Operator(node.op_type.clone()))?;
        tensor.floats(&node.op_type)
    };
    let [scale, bias, mean, variance] = [constant(1)?, constant(2)?, constant(3)?, constant(4)?];
    if [&bias, &mean, &variance].iter().any(|values| values.len() != scale.len()) {
        return Err(node.wrong("a number for each channel is wanted"));
    }
    let epsilon = node.float("epsilon", 1e-5);
    let scale: Vec<f32> =
        scale.iter().zip(&variance).map(|(scale, variance)| scale / (variance + epsilon).sqrt()).collect();
    let shift = bias.iter().zip(&mean).zip(&scale).map(|((bias, mean), scale)| bias - mean * scale).collect();
    let step = Norm { scale, shift };
    Ok(Some(Lowered {
        outputs: node.output.iter().take(1).cloned().collect(),
        ..Lowered::of_first(node, step)
    }))
}

impl Step for Norm {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let operator = "BatchNormalization";
        let input =
            inputs.into_iter().next().flatten().ok_or_else(|| wrong(operator, "the input is missing"))?;
        if input.shape().get(1) != Some(&self.scale.len()) {
            return Err(wrong(operator, format!("{} channels in {:?}", self.scale.len(), input.shape())));
        }
        let turned = input.shape().len() == 4;
        if turned || input.shape().len() == 2 {
            let change = |values: &mut Vec<f32>| {
                apply_rows(
                    values,
                    &self.scale,
                    #[inline(always)]
                    |x, scale| x * scale,
                );
                apply_rows(
                    values,
                    &self.shift,
                    #[inline(always)]
                    |x, shift| x + shift,
                );
            };
            let input = if turned {
                let (shape, values) = input.pictures(operator)?;
                Value::Images { shape, values }
            } else {
                input
            };
            return Ok(vec![each(input, operator, change)?]);
        }
        let (shape, mut values) = input.numbers(operator)?;
        let inner = count(&shape[2..])?.max(1);
        for (at, values) in values.chunks_mut(inner).enumerate() {
            let channel = at % self.scale.len();
            let (scale, shift) = (self.scale[channel], self.shift[channel]);
            for x in values {
                *x = *x * scale + shift;
            }
        }
        Ok(vec![Value::floats(shape, values)?])
    }
}

/// Whether a value is whole numbers.
pub(super) fn is_whole(value: &Value) -> bool {
    matches!(value, Value::Plain(tensor) if matches!(tensor.values(), Values::Whole(_)))
}
