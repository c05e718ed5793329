//! Arithmetic: element by element with broadcasting, and products of matrices.

use rayon::prelude::*;

use super::{Outputs, input, logistic, shapes};
use crate::proto::Node;
use crate::tensor::size;
use crate::{OnnxError, Tensor, Values};

/// The shape that two shapes are stretched to, as NumPy has it.
pub(super) fn broadcast(node: &Node, a: &[usize], b: &[usize]) -> Result<Vec<usize>, OnnxError> {
    let rank = a.len().max(b.len());
    let extent = |shape: &[usize], at: usize| (at + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
    let both = |at: usize| match (extent(a, at), extent(b, at)) {
        (1, other) | (other, 1) => Ok(other),
        (x, y) if x == y => Ok(x),
        _ => Err(node.wrong(format!("{a:?} and {b:?} do not go together"))),
    };
    let shape: Vec<usize> = (0..rank).map(both).collect::<Result<_, _>>()?;
    size(&shape).map(|_| shape.clone()).ok_or(OnnxError::TooLarge(shape))
}

/// For each element of the stretched shape the place in a smaller one.
pub(super) fn places(from: &[usize], to: &[usize]) -> Vec<usize> {
    let count = to.iter().product();
    if from == to {
        return (0..count).collect();
    }
    let ahead = to.len() - from.len();
    let mut strides = vec![0; to.len()];
    let mut stride = 1;
    for at in (0..from.len()).rev() {
        strides[ahead + at] = if from[at] == 1 { 0 } else { stride };
        stride *= from[at];
    }
    let place = |mut number: usize| {
        let mut place = 0;
        for at in (0..to.len()).rev() {
            place += number % to[at] * strides[at];
            number /= to[at];
        }
        place
    };
    (0..count).map(place).collect()
}

/// Two tensors of numbers, element by element. Whole numbers stay whole.
fn both(
    node: &Node,
    a: &Tensor,
    b: &Tensor,
    of: fn(f32, f32) -> f32,
    of_whole: Option<fn(i64, i64) -> i64>,
) -> Result<Tensor, OnnxError> {
    let shape = broadcast(node, a.shape(), b.shape())?;
    let shapes = (a.shape(), b.shape(), shape.as_slice());
    if let (Values::Whole(x), Values::Whole(y), Some(of)) = (a.values(), b.values(), of_whole) {
        let values = Values::Whole(stretched(x, y, shapes, of));
        return Tensor::new(shape, values);
    }
    let values = Values::Floats(stretched(&a.floats(&node.op_type)?, &b.floats(&node.op_type)?, shapes, of));
    Tensor::new(shape, values)
}

/// The results for each element of the stretched shape. A shape that repeats whole, as a row of weights under rows does, needs no places.
fn stretched<T: Copy>(
    x: &[T],
    y: &[T],
    (of_x, of_y, shape): (&[usize], &[usize], &[usize]),
    of: fn(T, T) -> T,
) -> Vec<T> {
    let repeats = |small: &[usize]| {
        let from = small.iter().take_while(|&&extent| extent == 1).count();
        shape.ends_with(&small[from..])
    };
    if of_x == shape && repeats(of_y) && !y.is_empty() {
        return x.chunks(y.len()).flat_map(|x| x.iter().zip(y).map(|(&x, &y)| of(x, y))).collect();
    }
    let (left, right) = (places(of_x, shape), places(of_y, shape));
    left.iter().zip(&right).map(|(&l, &r)| of(x[l], y[r])).collect()
}

fn pair(
    node: &Node,
    inputs: &[Option<&Tensor>],
    of: fn(f32, f32) -> f32,
    whole: Option<fn(i64, i64) -> i64>,
) -> Outputs {
    Ok(vec![both(node, input(node, inputs, 0)?, input(node, inputs, 1)?, of, whole)?])
}

fn each(node: &Node, inputs: &[Option<&Tensor>], of: impl Fn(f32) -> f32) -> Outputs {
    let x = input(node, inputs, 0)?;
    let values = x.floats(&node.op_type)?.into_iter().map(of).collect();
    Ok(vec![Tensor::new(x.shape().to_vec(), Values::Floats(values))?])
}

/// All inputs, one after the other.
fn all(
    node: &Node,
    inputs: &[Option<&Tensor>],
    of: fn(f32, f32) -> f32,
    whole: Option<fn(i64, i64) -> i64>,
) -> Outputs {
    let mut found = input(node, inputs, 0)?.clone();
    for at in 1..inputs.len() {
        found = both(node, &found, input(node, inputs, at)?, of, whole)?;
    }
    Ok(vec![found])
}

macro_rules! pairs {
    ($($(#[$doc:meta])* $name:ident: $of:expr, $whole:expr;)*) => {
        $($(#[$doc])* pub(super) fn $name(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs { pair(node, inputs, $of, $whole) })*
    };
}

pairs! {
    /// `Add`.
    add: |a, b| a + b, Some(i64::wrapping_add);
    /// `Sub`.
    sub: |a, b| a - b, Some(i64::wrapping_sub);
    /// `Mul`.
    mul: |a, b| a * b, Some(i64::wrapping_mul);
    /// `Div`; whole numbers towards 0, and by 0 it is 0.
    div: |a, b| a / b, Some(|a, b| a.checked_div(b).unwrap_or(0));
    /// `Mod`; of whole numbers with the sign of the divisor, and by 0 it is 0.
    modulo: |a, b| a % b, Some(|a, b| if b == 0 { 0 } else { a.wrapping_rem(b).wrapping_add(b).wrapping_rem(b) });
    /// `Pow`.
    pow: f32::powf, None;
}

/// Alpha and gamma of `Selu` (Klambauer et al. 2017).
const SELU: (f32, f32) = (1.673_263_2, 1.050_701);

/// The error function within 1.2e-7 (Press et al., Numerical Recipes, `erfc` by Chebyshev's approximation).
fn error_function(x: f32) -> f32 {
    const TERMS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let z = f64::from(x).abs();
    let t = 1.0 / (1.0 + 0.5 * z);
    let sum = TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term);
    let rest = t * (sum - z * z).exp();
    (if x < 0.0 { rest - 1.0 } else { 1.0 - rest }) as f32
}

macro_rules! eaches {
    ($($(#[$doc:meta])* $name:ident: $of:expr;)*) => {
        $($(#[$doc])* pub(super) fn $name(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs { each(node, inputs, $of) })*
    };
}

eaches! {
    /// `Abs`.
    abs: f32::abs;
    /// `Cos`.
    cos: f32::cos;
    /// `Erf`.
    erf: error_function;
    /// `Exp`.
    exp: f32::exp;
    /// `Log`.
    log: f32::ln;
    /// `Neg`.
    neg: |x| -x;
    /// `Reciprocal`.
    reciprocal: f32::recip;
    /// `Relu`.
    relu: |x| x.max(0.0);
    /// `Selu`, with its usual constants alone.
    selu: |x| if x > 0.0 { SELU.1 * x } else { SELU.1 * SELU.0 * x.exp_m1() };
    /// `Sigmoid`.
    sigmoid: logistic;
    /// `Softplus`.
    softplus: |x| x.max(0.0) + (-x.abs()).exp().ln_1p();
    /// `Sqrt`.
    sqrt: f32::sqrt;
    /// `Tanh`.
    tanh: f32::tanh;
}

/// `Max` of all inputs.
pub(super) fn max(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    all(node, inputs, f32::max, Some(Ord::max))
}

/// `Min` of all inputs.
pub(super) fn min(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    all(node, inputs, f32::min, Some(Ord::min))
}

/// `Sum` of all inputs.
pub(super) fn sum(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    all(node, inputs, |a, b| a + b, None)
}

/// `Clip`, its ends by inputs or attributes.
pub(super) fn clip(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let end = |place: usize, name: &str, usual: f32| -> Result<f32, OnnxError> {
        match inputs.get(place).copied().flatten() {
            Some(end) => Ok(end.floats(&node.op_type)?.first().copied().unwrap_or(usual)),
            None => Ok(node.float(name, usual)),
        }
    };
    let (low, high) = (end(1, "min", f32::NEG_INFINITY)?, end(2, "max", f32::INFINITY)?);
    each(node, inputs, |x| x.max(low).min(high))
}

/// `Softmax` along an axis; before version 13 over all extents from the axis on, which for tables is the same.
pub(super) fn softmax(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let at = shapes::axis(node, node.int("axis", -1), x.shape().len())?;
    if at + 1 != x.shape().len() {
        return Err(node.wrong("only along the last axis"));
    }
    let mut values = x.floats(&node.op_type)?;
    let width = x.shape().last().copied().unwrap_or(1).max(1);
    values.chunks_exact_mut(width).for_each(|row| super::softmax(row, |_| true));
    Ok(vec![Tensor::new(x.shape().to_vec(), Values::Floats(values))?])
}

/// Rows of a product that a thread takes.
const ROWS: usize = 64;

/// `a b`, rows by columns, in 32 bits with sums in order.
fn product(a: &[f32], b: &[f32], (rows, inner, columns): (usize, usize, usize)) -> Vec<f32> {
    let (inner, columns) = (inner.max(1), columns.max(1));
    let mut out = vec![0.0; rows * columns];
    out.par_chunks_mut(ROWS * columns).zip(a.par_chunks(ROWS * inner)).for_each(|(out, a)| {
        // Four rows at once read a row of the second matrix once.
        for (out, a) in out.chunks_mut(4 * columns).zip(a.chunks(4 * inner)) {
            for (at, b) in b.chunks_exact(columns).enumerate() {
                for (row, out) in out.chunks_exact_mut(columns).enumerate() {
                    let x = a[row * inner + at];
                    out.iter_mut().zip(b).for_each(|(sum, y)| *sum += x * y);
                }
            }
        }
    });
    out
}

/// `MatMul` of two matrices, of a matrix and a vector, of a stack and a matrix, or of two stacks.
pub(super) fn mat_mul(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let (a, b) = (input(node, inputs, 0)?, input(node, inputs, 1)?);
    if b.shape().len() > 2 {
        return stacked(node, a, b);
    }
    let inner = a.shape().last().copied().unwrap_or(1);
    let (of_b, columns) = match b.shape() {
        [inner] => (*inner, 1),
        [inner, columns] => (*inner, *columns),
        _ => return Err(node.wrong("the second is no matrix")),
    };
    if inner != of_b {
        return Err(node.wrong(format!("{:?} by {:?}", a.shape(), b.shape())));
    }
    let rows = a.values().len().checked_div(inner).unwrap_or(0);
    let values = product(&a.floats(&node.op_type)?, &b.floats(&node.op_type)?, (rows, inner, columns));
    let mut shape = a.shape()[..a.shape().len().saturating_sub(1)].to_vec();
    if b.shape().len() == 2 {
        shape.push(columns);
    }
    Ok(vec![Tensor::new(shape, Values::Floats(values))?])
}

/// The products of two stacks of matrices, of which each matrix may stand for all of the other.
fn stacked(node: &Node, a: &Tensor, b: &Tensor) -> Outputs {
    let ([of_a @ .., rows, inner], [of_b @ .., of_inner, columns]) = (a.shape(), b.shape()) else {
        return Err(node.wrong("no stacks of matrices"));
    };
    if inner != of_inner {
        return Err(node.wrong(format!("{:?} by {:?}", a.shape(), b.shape())));
    }
    let stack = broadcast(node, of_a, of_b)?;
    let shape = [&stack[..], &[*rows, *columns]].concat();
    size(&shape).ok_or_else(|| OnnxError::TooLarge(shape.clone()))?;
    let (x, y) = (a.floats(&node.op_type)?, b.floats(&node.op_type)?);
    let mut values = Vec::new();
    for (left, right) in places(of_a, &stack).into_iter().zip(places(of_b, &stack)) {
        let (x, y) =
            (&x[left * rows * inner..][..rows * inner], &y[right * inner * columns..][..inner * columns]);
        values.extend(product(x, y, (*rows, *inner, *columns)));
    }
    Ok(vec![Tensor::new(shape, Values::Floats(values))?])
}

/// `Gemm`: `alpha A B + beta C`, either turned.
pub(super) fn gemm(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let turned = |place: usize, name: &str| -> Result<Tensor, OnnxError> {
        let x = input(node, inputs, place)?;
        if node.int(name, 0) == 0 {
            return Ok(x.clone());
        }
        let plain = Node { attribute: Vec::new(), ..node.clone() };
        shapes::transpose(&plain, &[Some(x)])?.pop().ok_or_else(|| node.wrong("nothing to turn"))
    };
    let (a, b) = (turned(0, "transA")?, turned(1, "transB")?);
    let product = mat_mul(node, &[Some(&a), Some(&b)])?.pop().ok_or_else(|| node.wrong("no product"))?;
    let alpha = node.float("alpha", 1.0);
    let scaled = product.floats(&node.op_type)?.into_iter().map(|x| alpha * x).collect();
    let scaled = Tensor::new(product.shape().to_vec(), Values::Floats(scaled))?;
    let Some(c) = inputs.get(2).copied().flatten() else { return Ok(vec![scaled]) };
    let beta = node.float("beta", 1.0);
    let c = Tensor::new(
        c.shape().to_vec(),
        Values::Floats(c.floats(&node.op_type)?.into_iter().map(|x| beta * x).collect()),
    )?;
    Ok(vec![both(node, &scaled, &c, |a, b| a + b, None)?])
}
