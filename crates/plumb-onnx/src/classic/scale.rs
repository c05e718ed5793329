//! Numbers scaled, filled, cut off.

use super::shapes::axis;
use super::{Outputs, input};
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

/// The value of a list for a column: one for all, or one each.
fn of_column(list: &[f32], column: usize, usual: f32) -> f32 {
    match list {
        [] => usual,
        [one] => *one,
        many => many.get(column).copied().unwrap_or(usual),
    }
}

/// Each number by its column.
fn by_column(node: &Node, inputs: &[Option<&Tensor>], of: impl Fn(f32, usize) -> f32) -> Outputs {
    let x = input(node, inputs, 0)?;
    let width = x.shape().last().copied().unwrap_or(1).max(1);
    let mut values = x.floats(&node.op_type)?;
    for row in values.chunks_mut(width) {
        row.iter_mut().enumerate().for_each(|(column, value)| *value = of(*value, column));
    }
    Ok(vec![Tensor::new(x.shape().to_vec(), Values::Floats(values))?])
}

/// `Scaler`: `(x - offset) * scale`.
pub(super) fn scaler(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let (offset, scale) = (node.floats("offset")?, node.floats("scale")?);
    let width = input(node, inputs, 0)?.shape().last().copied().unwrap_or(1);
    let by_place: Vec<(f32, f32)> =
        (0..width).map(|at| (of_column(&offset, at, 0.0), of_column(&scale, at, 1.0))).collect();
    by_column(node, inputs, |x, column| {
        let (offset, scale) = by_place.get(column).copied().unwrap_or((0.0, 1.0));
        (x - offset) * scale
    })
}

/// `Binarizer`: above the threshold or not.
pub(super) fn binarizer(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let threshold = node.float("threshold", 0.0);
    by_column(node, inputs, |x, _| f32::from(u8::from(x > threshold)))
}

/// `Imputer`: a value in place of another, of NaN by itself.
pub(super) fn imputer(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    if let Values::Whole(values) = x.values() {
        let (filled, replaced) = (node.ints("imputed_value_int64s"), node.int("replaced_value_int64", 0));
        let width = x.shape().last().copied().unwrap_or(1).max(1);
        let fill = |at: usize| {
            if filled.len() == 1 { filled[0] } else { filled.get(at % width).copied().unwrap_or(replaced) }
        };
        let values =
            values.iter().enumerate().map(|(at, &x)| if x == replaced { fill(at) } else { x }).collect();
        return Ok(vec![Tensor::new(x.shape().to_vec(), Values::Whole(values))?]);
    }
    let (filled, replaced) = (node.floats("imputed_value_floats")?, node.float("replaced_value_float", 0.0));
    let is_replaced = |x: f32| if replaced.is_nan() { x.is_nan() } else { (x - replaced).abs() <= 0.0 };
    by_column(node, inputs, |x, column| if is_replaced(x) { of_column(&filled, column, replaced) } else { x })
}

/// `Normalizer`: each row by its norm.
pub(super) fn normalizer(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let width = x.shape().last().copied().unwrap_or(1).max(1);
    let norm = |row: &[f32]| -> Result<f32, OnnxError> {
        Ok(match node.string("norm").as_str() {
            "L1" => row.iter().map(|x| x.abs()).sum(),
            "L2" => row.iter().map(|x| x * x).sum::<f32>().sqrt(),
            "MAX" | "" => row.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            other => return Err(node.wrong(format!("norm {other}"))),
        })
    };
    let mut values = x.floats(&node.op_type)?;
    for row in values.chunks_exact_mut(width) {
        let length = norm(row)?;
        if length != 0.0 {
            for x in row {
                *x /= length;
            }
        }
    }
    Ok(vec![Tensor::new(x.shape().to_vec(), Values::Floats(values))?])
}

/// `LayerNormalization` over the last extent.
pub(super) fn layer_normalization(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let at = axis(node, node.int("axis", -1), x.shape().len())?;
    if at + 1 != x.shape().len() {
        return Err(node.wrong("only over the last extent"));
    }
    let width = x.shape().last().copied().unwrap_or(1).max(1);
    let weight = input(node, inputs, 1)?.floats(&node.op_type)?;
    let bias = inputs.get(2).copied().flatten().map(|bias| bias.floats(&node.op_type)).transpose()?;
    let bias = bias.unwrap_or_else(|| vec![0.0; width]);
    if weight.len() != width || bias.len() != width {
        return Err(node.wrong(format!("{} weights for {width} numbers", weight.len())));
    }
    let epsilon = f64::from(node.float("epsilon", 1e-5));
    let mut values = x.floats(&node.op_type)?;
    for row in values.chunks_exact_mut(width) {
        let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
        let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / width as f64;
        let factor = 1.0 / (variance + epsilon).sqrt();
        for ((x, weight), bias) in row.iter_mut().zip(&weight).zip(&bias) {
            *x = ((f64::from(*x) - mean) * factor) as f32 * weight + bias;
        }
    }
    Ok(vec![Tensor::new(x.shape().to_vec(), Values::Floats(values))?])
}
