//! Support vector machines.

use super::{Outputs, input, labels, largest, logistic, transform};
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

/// A kernel between two rows.
struct Kernel {
    name: String,
    gamma: f32,
    offset: f32,
    degree: f32,
}

impl Kernel {
    fn of(node: &Node) -> Result<Self, OnnxError> {
        let numbers = node.floats("kernel_params")?;
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0.0);
        let name = node.string("kernel_type");
        Ok(Self { name, gamma: number(0), offset: number(1), degree: number(2) })
    }

    fn between(&self, a: &[f32], b: &[f32]) -> f32 {
        let dot = || a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        match self.name.as_str() {
            "POLY" => (self.gamma * dot() + self.offset).powf(self.degree),
            "SIGMOID" => (self.gamma * dot() + self.offset).tanh(),
            "RBF" => (-self.gamma * a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f32>()).exp(),
            _ => dot(),
        }
    }
}

/// The kernel of each row with each support vector: `rows x vectors`.
fn kernels(node: &Node, x: &Tensor, vectors: &[f32]) -> Result<Vec<f32>, OnnxError> {
    let (kernel, values, width) = (Kernel::of(node)?, x.floats(&node.op_type)?, x.width().max(1));
    if !vectors.len().is_multiple_of(width) {
        return Err(node.wrong(format!("support vectors of another width than {width}")));
    }
    let of_row = |row: &[f32]| {
        vectors.chunks_exact(width).map(|vector| kernel.between(row, vector)).collect::<Vec<_>>()
    };
    Ok(values.chunks_exact(width).flat_map(of_row).collect())
}

/// `SVMRegressor`.
pub(super) fn regressor(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let (weights, offsets) = (node.floats("coefficients")?, node.floats("rho")?);
    let vectors = node.floats("support_vectors")?;
    let offset = offsets.first().copied().unwrap_or(0.0);
    let mut scores: Vec<f32> = if vectors.is_empty() {
        let kernel = Kernel::of(node)?;
        x.floats(&node.op_type)?
            .chunks_exact(x.width().max(1))
            .map(|row| kernel.between(row, &weights) + offset)
            .collect()
    } else {
        let kernels = kernels(node, x, &vectors)?;
        kernels
            .chunks_exact(weights.len().max(1))
            .map(|row| row.iter().zip(&weights).map(|(k, w)| k * w).sum::<f32>() + offset)
            .collect()
    };
    if node.int("one_class", 0) != 0 {
        for score in &mut scores {
            *score = if *score > 0.0 { 1.0 } else { -1.0 };
        }
    }
    let how = node.string("post_transform");
    scores.chunks_exact_mut(1).for_each(|row| transform(row, &how));
    Ok(vec![Tensor::new(vec![scores.len(), 1], Values::Floats(scores))?])
}

/// `SVMClassifier`, one class against one, with Platt's probabilities where the file has them.
pub(super) fn classifier(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let (weights, rho) = (node.floats("coefficients")?, node.floats("rho")?);
    let (vectors, counts) = (node.floats("support_vectors")?, node.ints("vectors_per_class"));
    let (a, b) = (node.floats("prob_a")?, node.floats("prob_b")?);
    let classes = counts.len();
    if classes < 2 || vectors.is_empty() {
        return Err(node.wrong("only machines with support vectors of several classes"));
    }
    let counts: Vec<usize> = counts.iter().map(|&count| count.max(0) as usize).collect();
    let all: usize = counts.iter().sum();
    let pairs = classes * (classes - 1) / 2;
    if weights.len() != (classes - 1) * all || rho.len() < pairs || vectors.len() != all * x.width() {
        return Err(node.wrong("the lists do not go together"));
    }
    let starts: Vec<usize> =
        counts.iter().scan(0, |at, count| Some(std::mem::replace(at, *at + count))).collect();
    let kernels = kernels(node, x, &vectors)?;
    let mut scores = Vec::with_capacity(x.rows() * classes);
    let mut best = Vec::with_capacity(x.rows());
    for row in kernels.chunks_exact(all.max(1)) {
        let mut decisions = Vec::with_capacity(pairs);
        for first in 0..classes {
            for second in first + 1..classes {
                let of_first = (0..counts[first])
                    .map(|at| weights[(second - 1) * all + starts[first] + at] * row[starts[first] + at]);
                let of_second = (0..counts[second])
                    .map(|at| weights[first * all + starts[second] + at] * row[starts[second] + at]);
                decisions.push(of_first.sum::<f32>() + of_second.sum::<f32>() + rho[decisions.len()]);
            }
        }
        let mut votes = vec![0.0f32; classes];
        let mut number = 0;
        for first in 0..classes {
            for second in first + 1..classes {
                votes[if decisions[number] > 0.0 { first } else { second }] += 1.0;
                number += 1;
            }
        }
        if a.len() >= pairs && b.len() >= pairs {
            let shares = coupled(&decisions, &a, &b, classes);
            best.push(largest(&shares));
            scores.extend(shares);
        } else {
            best.push(largest(&votes));
            scores.extend(votes);
        }
    }
    let mut outputs = labels(node, best.into_iter())?;
    let how = node.string("post_transform");
    if how != "NONE" && !how.is_empty() {
        scores.chunks_exact_mut(classes).for_each(|row| transform(row, &how));
    }
    outputs.push(Tensor::new(vec![x.rows(), classes], Values::Floats(scores))?);
    Ok(outputs)
}

/// Shares of the classes from those of pairs (Wu, Lin, Weng 2004, the second approach), as LIBSVM iterates them.
fn coupled(decisions: &[f32], a: &[f32], b: &[f32], classes: usize) -> Vec<f32> {
    let mut pair = vec![0.0f64; classes * classes];
    let mut number = 0;
    for first in 0..classes {
        for second in first + 1..classes {
            let share =
                f64::from(1.0 - logistic(decisions[number] * a[number] + b[number])).clamp(1e-7, 1.0 - 1e-7);
            pair[first * classes + second] = share;
            pair[second * classes + first] = 1.0 - share;
            number += 1;
        }
    }
    let mut q = vec![0.0f64; classes * classes];
    for t in 0..classes {
        q[t * classes + t] = (0..classes).filter(|&j| j != t).map(|j| pair[j * classes + t].powi(2)).sum();
        for j in (0..classes).filter(|&j| j != t) {
            q[t * classes + j] = -pair[j * classes + t] * pair[t * classes + j];
        }
    }
    let mut shares = vec![1.0 / classes as f64; classes];
    for _ in 0..100.max(classes) {
        let mut product: Vec<f64> =
            (0..classes).map(|t| (0..classes).map(|j| q[t * classes + j] * shares[j]).sum()).collect();
        let mut whole: f64 = (0..classes).map(|t| shares[t] * product[t]).sum();
        if product.iter().all(|value| (value - whole).abs() < 0.005 / classes as f64) {
            break;
        }
        for t in 0..classes {
            let step = (whole - product[t]) / q[t * classes + t];
            shares[t] += step;
            whole =
                (whole + step * (step * q[t * classes + t] + 2.0 * product[t])) / (1.0 + step) / (1.0 + step);
            for j in 0..classes {
                product[j] = (product[j] + step * q[t * classes + j]) / (1.0 + step);
                shares[j] /= 1.0 + step;
            }
        }
    }
    shares.into_iter().map(|share| share as f32).collect()
}
