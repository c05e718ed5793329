//! Many elements to one, along axes.

use super::shapes::axis;
use super::{Outputs, input};
use crate::proto::Node;
use crate::tensor::size;
use crate::{OnnxError, Tensor, Values};

/// The axes that go, by an input or an attribute; all where none is named.
fn axes(node: &Node, inputs: &[Option<&Tensor>], rank: usize) -> Result<Vec<usize>, OnnxError> {
    let asked = match inputs.get(1).copied().flatten() {
        Some(axes) => axes.whole(&node.op_type)?,
        None => node.ints("axes"),
    };
    if asked.is_empty() {
        return Ok((0..rank).collect());
    }
    asked.into_iter().map(|asked| axis(node, asked, rank)).collect()
}

/// The shape that is left, and for each element the place among what is left.
fn left(shape: &[usize], gone: &[usize], keep: bool) -> (Vec<usize>, Vec<usize>) {
    let kept: Vec<usize> =
        shape.iter().enumerate().map(|(at, &extent)| if gone.contains(&at) { 1 } else { extent }).collect();
    let place = |mut number: usize| {
        let (mut place, mut stride) = (0, 1);
        for at in (0..shape.len()).rev() {
            let step = number % shape[at];
            number /= shape[at];
            place += if gone.contains(&at) { 0 } else { step * stride };
            stride *= kept[at];
        }
        place
    };
    let places = (0..shape.iter().product()).map(place).collect();
    let out = if keep {
        kept
    } else {
        shape.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, &extent)| extent).collect()
    };
    (out, places)
}

fn reduced(
    node: &Node,
    inputs: &[Option<&Tensor>],
    start: f64,
    of: fn(f64, f64) -> f64,
    is_mean: bool,
) -> Outputs {
    let x = input(node, inputs, 0)?;
    let gone = axes(node, inputs, x.shape().len())?;
    let (shape, places) = left(x.shape(), &gone, node.int("keepdims", 1) != 0);
    let count = size(&shape).ok_or_else(|| OnnxError::TooLarge(shape.clone()))?;
    let mut sums = vec![start; count];
    let values = x.floats(&node.op_type)?;
    for (&place, value) in places.iter().zip(&values) {
        sums[place] = of(sums[place], f64::from(*value));
    }
    let each = if is_mean { (values.len() / count.max(1)).max(1) as f64 } else { 1.0 };
    Ok(vec![Tensor::new(shape, Values::Floats(sums.iter().map(|sum| (sum / each) as f32).collect()))?])
}

/// `ReduceSum`.
pub(super) fn sum(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    reduced(node, inputs, 0.0, |a, b| a + b, false)
}

/// `ReduceSumSquare`.
pub(super) fn sum_square(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    reduced(node, inputs, 0.0, |a, b| a + b * b, false)
}

/// `ReduceMean`.
pub(super) fn mean(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    reduced(node, inputs, 0.0, |a, b| a + b, true)
}

/// `ReduceMax`.
pub(super) fn max(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    reduced(node, inputs, f64::NEG_INFINITY, f64::max, false)
}

/// `ReduceMin`.
pub(super) fn min(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    reduced(node, inputs, f64::INFINITY, f64::min, false)
}

/// `ArgMax`, the first among equals.
pub(super) fn arg_max(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    best(node, inputs, |a, b| a > b)
}

/// `ArgMin`, the first among equals.
pub(super) fn arg_min(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    best(node, inputs, |a, b| a < b)
}

fn best(node: &Node, inputs: &[Option<&Tensor>], is_better: fn(f32, f32) -> bool) -> Outputs {
    let x = input(node, inputs, 0)?;
    let at = axis(node, node.int("axis", 0), x.shape().len())?;
    let (shape, places) = left(x.shape(), &[at], node.int("keepdims", 1) != 0);
    let count = size(&shape).ok_or_else(|| OnnxError::TooLarge(shape.clone()))?;
    let inner: usize = x.shape()[at + 1..].iter().product();
    let mut found: Vec<Option<(f32, i64)>> = vec![None; count];
    for (number, (&place, value)) in places.iter().zip(&x.floats(&node.op_type)?).enumerate() {
        let step = (number / inner.max(1) % x.shape()[at].max(1)) as i64;
        if found[place].is_none_or(|(best, _)| is_better(*value, best)) {
            found[place] = Some((*value, step));
        }
    }
    let values = found.into_iter().map(|best| best.map_or(0, |(_, step)| step)).collect();
    Ok(vec![Tensor::new(shape, Values::Whole(values))?])
}
