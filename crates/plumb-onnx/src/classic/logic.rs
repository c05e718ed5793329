//! Comparisons, truth values, choice.

use super::math::{broadcast, places};
use super::shapes::pick;
use super::{Outputs, input};
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

fn compared(node: &Node, inputs: &[Option<&Tensor>], of: fn(f32, f32) -> bool) -> Outputs {
    let (a, b) = (input(node, inputs, 0)?, input(node, inputs, 1)?);
    let shape = broadcast(node, a.shape(), b.shape())?;
    let (left, right) = (places(a.shape(), &shape), places(b.shape(), &shape));
    let (x, y) = (a.floats(&node.op_type)?, b.floats(&node.op_type)?);
    let values = left.iter().zip(&right).map(|(&l, &r)| i64::from(of(x[l], y[r]))).collect();
    Ok(vec![Tensor::new(shape, Values::Whole(values))?])
}

/// `Greater`.
pub(super) fn greater(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    compared(node, inputs, |a, b| a > b)
}

/// `GreaterOrEqual`.
pub(super) fn greater_or_equal(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    compared(node, inputs, |a, b| a >= b)
}

/// `Less`.
pub(super) fn less(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    compared(node, inputs, |a, b| a < b)
}

/// `LessOrEqual`.
pub(super) fn less_or_equal(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    compared(node, inputs, |a, b| a <= b)
}

/// `And`.
pub(super) fn and(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    compared(node, inputs, |a, b| a != 0.0 && b != 0.0)
}

/// `Or`.
pub(super) fn or(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    compared(node, inputs, |a, b| a != 0.0 || b != 0.0)
}

/// `Equal`, of texts too.
pub(super) fn equal(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let (a, b) = (input(node, inputs, 0)?, input(node, inputs, 1)?);
    let (Values::Texts(x), Values::Texts(y)) = (a.values(), b.values()) else {
        return compared(node, inputs, |a, b| (a - b).abs() <= 0.0);
    };
    let shape = broadcast(node, a.shape(), b.shape())?;
    let (left, right) = (places(a.shape(), &shape), places(b.shape(), &shape));
    let values = left.iter().zip(&right).map(|(&l, &r)| i64::from(x[l] == y[r])).collect();
    Ok(vec![Tensor::new(shape, Values::Whole(values))?])
}

/// `Not`.
pub(super) fn not(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let values = x.whole(&node.op_type)?.iter().map(|&x| i64::from(x == 0)).collect();
    Ok(vec![Tensor::new(x.shape().to_vec(), Values::Whole(values))?])
}

/// `IsNaN`.
pub(super) fn is_nan(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let values = x.floats(&node.op_type)?.iter().map(|x| i64::from(x.is_nan())).collect();
    Ok(vec![Tensor::new(x.shape().to_vec(), Values::Whole(values))?])
}

/// `Where`.
pub(super) fn choose(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let (condition, a, b) = (input(node, inputs, 0)?, input(node, inputs, 1)?, input(node, inputs, 2)?);
    let shape = broadcast(node, &broadcast(node, condition.shape(), a.shape())?, b.shape())?;
    let stretched = |tensor: &Tensor| pick(tensor.values(), &places(tensor.shape(), &shape));
    let is_true = Tensor::new(shape.clone(), stretched(condition))?.whole(&node.op_type)?;
    let values = match (stretched(a), stretched(b)) {
        (Values::Whole(a), Values::Whole(b)) => Values::Whole(chosen(&is_true, &a, &b)),
        (Values::Texts(a), Values::Texts(b)) => Values::Texts(chosen(&is_true, &a, &b)),
        (a, b) => {
            let floats = |values: Values| -> Result<Vec<f32>, OnnxError> {
                Tensor::new(shape.clone(), values)?.floats(&node.op_type)
            };
            Values::Floats(chosen(&is_true, &floats(a)?, &floats(b)?))
        }
    };
    Ok(vec![Tensor::new(shape, values)?])
}

fn chosen<T: Clone>(is_true: &[i64], a: &[T], b: &[T]) -> Vec<T> {
    is_true
        .iter()
        .zip(a.iter().zip(b))
        .map(|(&is, (a, b))| if is != 0 { a.clone() } else { b.clone() })
        .collect()
}
