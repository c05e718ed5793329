//! Other extents for the same elements, and other orders.

use std::sync::Arc;

use super::Step;
use super::compile::{Compiler, Lowered};
use super::value::{Bytes, Value, count, owned};
use crate::classic::shape_of;
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

/// `Reshape`, `Flatten`, `Squeeze` and `Unsqueeze`: the operators of tables tell the extents, the elements stay where they are.
#[derive(Debug)]
struct Shape(Node);

pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    Ok(Some(Lowered::alone(node, Shape(node.clone()))))
}

impl Step for Shape {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let mut inputs = inputs.into_iter();
        let input = inputs.next().flatten().ok_or_else(|| self.0.wrong("the input is missing"))?;
        let others =
            inputs.map(|value| value.map(Value::plain).transpose()).collect::<Result<Vec<_>, _>>()?;
        let others: Vec<Option<&Tensor>> = others.iter().map(Option::as_deref).collect();
        let shape = shape_of(&self.0, input.shape(), &others)?;
        match input {
            Value::Bytes(bytes) => {
                let bytes = bytes.first();
                if count(&shape)? != bytes.values.len() {
                    return Err(self.0.wrong(format!("{:?} to {shape:?}", bytes.shape)));
                }
                Ok(vec![Value::Bytes(Bytes { shape, last: false, ..bytes })])
            }
            other => {
                let tensor = other.plain()?;
                let tensor = Arc::try_unwrap(tensor).unwrap_or_else(|shared| (*shared).clone());
                Ok(vec![tensor.reshaped(shape)?.into()])
            }
        }
    }
}

/// `Transpose`.
#[derive(Debug)]
struct Transpose {
    node: Node,
    order: Vec<i64>,
}

pub(super) fn lower_transpose(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    Ok(Some(Lowered::alone(node, Transpose { node: node.clone(), order: node.ints("perm") })))
}

/// Elements in another order of the axes: whole stretches where the last axes stay together.
fn turned<T: Copy>(values: &[T], shape: &[usize], order: &[usize]) -> Vec<T> {
    let rank = shape.len();
    let mut strides = vec![1; rank];
    for at in (0..rank.saturating_sub(1)).rev() {
        strides[at] = strides[at + 1] * shape[at + 1];
    }
    let kept = (0..rank).rev().take_while(|&at| order[at] == at).count();
    let stretch: usize = shape[rank - kept..].iter().product();
    let outer: Vec<(usize, usize)> =
        order[..rank - kept].iter().map(|&at| (shape[at], strides[at])).collect();
    let mut turned = Vec::with_capacity(values.len());
    if values.is_empty() {
        return turned;
    }
    let Some((&(count, stride), ahead)) = outer.split_last() else { return values.to_vec() };
    let mut place = vec![0; ahead.len()];
    loop {
        let from: usize = place.iter().zip(ahead).map(|(at, (_, stride))| at * stride).sum();
        if stretch == 1 {
            turned.extend((0..count).map(|at| values[from + at * stride]));
        } else {
            (0..count).for_each(|at| turned.extend_from_slice(&values[from + at * stride..][..stretch]));
        }
        let Some(next) = (0..ahead.len()).rev().find(|&at| place[at] + 1 < ahead[at].0) else {
            return turned;
        };
        place[next] += 1;
        place[next + 1..].fill(0);
    }
}

impl Step for Transpose {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let input =
            inputs.into_iter().next().flatten().ok_or_else(|| self.node.wrong("the input is missing"))?;
        let rank = input.shape().len();
        let order: Vec<usize> = match self.order.as_slice() {
            [] => (0..rank).rev().collect(),
            order => order.iter().map(|&at| usize::try_from(at).unwrap_or(rank)).collect(),
        };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..rank) {
            return Err(self.node.wrong(format!("the order {order:?} of {rank} axes")));
        }
        match input {
            Value::Images { shape: [batch, channels, height, width], values } if order == [0, 2, 3, 1] => {
                Ok(vec![Value::floats(vec![batch, height, width, channels], owned(values))?])
            }
            Value::Bytes(bytes) => {
                let bytes = bytes.first();
                let shape = order.iter().map(|&at| bytes.shape[at]).collect();
                let values = turned(&bytes.values, &bytes.shape, &order).into();
                Ok(vec![Value::Bytes(Bytes { shape, values, ..bytes })])
            }
            other => {
                let tensor = other.plain()?;
                let shape: Vec<usize> = order.iter().map(|&at| tensor.shape()[at]).collect();
                let values = match tensor.values() {
                    Values::Floats(values) => Values::Floats(turned(values, tensor.shape(), &order)),
                    Values::Whole(values) => Values::Whole(turned(values, tensor.shape(), &order)),
                    Values::Texts(_) => return Err(self.node.wrong("texts are not turned")),
                };
                Ok(vec![Tensor::new(shape, values)?.into()])
            }
        }
    }
}
