//! Self-attention of many heads from packed projections, without the scores in memory.

use std::sync::Arc;

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, TensorData, activation};
use rayon::prelude::*;

use crate::buffer::{Shared, unfilled};
use crate::chance::Dropout;
use crate::elementary::exp;
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};
use crate::product::{Area, Matrix, Product, Start};
use crate::sums::{largest, sum, sum_two};
use crate::vector::vectorized;

/// How tokens attend to each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// Heads; they divide the width.
    pub heads: usize,
    /// Whether a token sees only itself and those before it.
    pub causal: bool,
    /// How many tokens of each sequence are real; all without it. What follows them is not looked at.
    pub lengths: Option<Arc<[usize]>>,
    /// Dropout of the attention weights.
    pub dropout: Dropout,
}

/// `softmax(q k' / sqrt(d)) v` for each head (Vaswani et al. 2017).
///
/// # Shapes
/// `[batch, tokens, 3 width]`, which is queries, keys and values side by side, to `[batch, tokens, width]`.
///
/// A thread takes a head and a block of queries at a time; their scores stay in its cache. The backward pass computes
/// them again from one kept number a row, so memory grows with the tokens, not with their square.
pub fn self_attention(projected: Tensor<3>, attention: Attention) -> Tensor<3> {
    if !on_cpu(&projected) {
        return reference(&projected, &attention);
    }
    apply(attention, [operand(projected)]).0
}

pub(super) fn reference(projected: &Tensor<3>, attention: &Attention) -> Tensor<3> {
    let [batch, tokens, three] = projected.dims();
    let (width, heads) = (three / 3, attention.heads);
    let (device, dtype) = (projected.device(), projected.dtype());
    let part = |index: usize| {
        let part = projected.clone().narrow(2, index * width, width);
        part.reshape([batch, tokens, heads, width / heads]).swap_dims(1, 2)
    };
    let hidden: Vec<f32> = (0..batch * tokens * tokens)
        .map(|i| {
            let (of, query, key) = (i / tokens / tokens, i / tokens % tokens, i % tokens);
            if key < attention.seen(of, query, tokens) { 0.0 } else { -1e30 }
        })
        .collect();
    let hidden =
        Tensor::<4>::from_data(TensorData::new(hidden, [batch, 1, tokens, tokens]), &device).cast(dtype);
    let scale = 1.0 / ((width / heads) as f64).sqrt();
    let scores = part(0).matmul(part(1).swap_dims(2, 3)).mul_scalar(scale).add(hidden);
    let mut weights = activation::softmax(scores, 3);
    if attention.dropout.acts() {
        let mut factors = vec![0.0; batch * heads * tokens * tokens];
        for (row, factors) in factors.chunks_exact_mut(tokens).enumerate() {
            attention.dropout.factors(row * stride(tokens), factors);
        }
        let factors = TensorData::new(factors, [batch, heads, tokens, tokens]);
        weights = weights.mul(Tensor::<4>::from_data(factors, &device).cast(dtype));
    }
    weights.matmul(part(2)).swap_dims(1, 2).reshape([batch, tokens, width])
}

/// Queries that one thread takes at a time.
const QUERIES: usize = 128;

/// Positions of the dropout's randomness from one row of weights to the next.
fn stride(tokens: usize) -> usize {
    tokens.next_multiple_of(64)
}

/// Extents and the matrices of one head.
#[derive(Clone, Copy)]
struct Head<'a> {
    projected: &'a [f32],
    tokens: usize,
    width: usize,
    depth: usize,
    heads: usize,
    /// Sequence and head in it.
    of: (usize, usize),
}

impl<'a> Head<'a> {
    fn new(projected: &'a [f32], shape: &[usize], heads: usize, index: usize) -> Self {
        let width = shape[2] / 3;
        Self {
            projected,
            tokens: shape[1],
            width,
            depth: width / heads,
            heads,
            of: (index / heads, index % heads),
        }
    }

    /// Where queries (0), keys (1) or values (2) of a token begin.
    fn at(&self, which: usize, token: usize) -> usize {
        (self.of.0 * self.tokens + token) * 3 * self.width + which * self.width + self.of.1 * self.depth
    }

    fn matrix(&self, which: usize, token: usize) -> Matrix<'a> {
        Matrix::rows(&self.projected[self.at(which, token)..], 3 * self.width)
    }

    /// Where the output of a token begins.
    fn output(&self, token: usize) -> usize {
        (self.of.0 * self.tokens + token) * self.width + self.of.1 * self.depth
    }

    /// The number of a row of weights among all.
    fn row(&self, token: usize) -> usize {
        (self.of.0 * self.heads + self.of.1) * self.tokens + token
    }

    fn scale(&self) -> f32 {
        1.0 / (self.depth as f32).sqrt()
    }

    /// `queries k'` for `count` queries from `first` on.
    fn scores(&self, first: usize, count: usize, keys: usize, scores: &mut [f32]) {
        let (a, b) = (self.matrix(0, first), self.matrix(1, 0).transposed());
        Product { m: count, n: keys, k: self.depth, a, b, start: Start::Zero }
            .compute_here(scores, self.tokens);
    }
}

impl Attention {
    /// How many tokens a query sees.
    fn seen(&self, sequence: usize, query: usize, tokens: usize) -> usize {
        let real = self.real(sequence, tokens);
        if self.causal { real.min(query + 1) } else { real }
    }

    /// How many tokens of a sequence are real.
    fn real(&self, sequence: usize, tokens: usize) -> usize {
        let real = self.lengths.as_ref().and_then(|lengths| lengths.get(sequence)).copied();
        real.unwrap_or(tokens).clamp(1.min(tokens), tokens)
    }

    /// Keys that any of the queries up to `last` sees.
    fn keys(&self, head: &Head<'_>, last: usize) -> usize {
        self.seen(head.of.0, last, head.tokens)
    }
}

impl Operation<1> for Attention {
    /// The projections, and the logarithm of each row's sum of exponentials.
    type Saved = [FlexTensor; 2];

    fn forward(&self, [projected]: [FlexTensor; 1]) -> (FlexTensor, Self::Saved) {
        let projected = dense(projected);
        let shape = extents(&projected);
        let (batch, tokens, width) = (shape[0], shape[1], shape[2] / 3);
        let mut output = unfilled(batch * tokens * width);
        let mut log_sums = unfilled(batch * self.heads * tokens);
        let shared = Shared::new(&mut output);
        log_sums.par_chunks_mut(tokens.max(1)).enumerate().for_each(|(index, log_sums)| {
            let head = Head::new(values(&projected), &shape, self.heads, index);
            for (block, log_sums) in log_sums.chunks_mut(QUERIES).enumerate() {
                self.attend(&head, block * QUERIES, log_sums, &shared);
            }
        });
        (array(output, [batch, tokens, width]), [projected, array(log_sums, [batch * self.heads, tokens])])
    }

    fn backward(
        &self,
        [projected, log_sums]: Self::Saved,
        gradient: FlexTensor,
        _: [bool; 1],
    ) -> [Option<FlexTensor>; 1] {
        let gradient = dense(gradient);
        let shape = extents(&projected);
        let mut found = unfilled(values(&projected).len());
        let shared = Shared::new(&mut found);
        (0..shape[0] * self.heads).into_par_iter().for_each(|index| {
            let head = Head::new(values(&projected), &shape, self.heads, index);
            let log_sums = &values(&log_sums)[index * head.tokens..][..head.tokens];
            for first in (0..head.tokens).step_by(QUERIES) {
                self.attend_back(&head, first, log_sums, values(&gradient), &shared);
            }
        });
        [Some(array(found, shape))]
    }
}

impl Attention {
    /// The output of a block of queries.
    fn attend(&self, head: &Head<'_>, first: usize, log_sums: &mut [f32], output: &Shared<'_>) {
        let (tokens, count) = (head.tokens, log_sums.len());
        let keys = self.keys(head, first + count - 1);
        let mut weights = unfilled(count * tokens);
        head.scores(first, count, keys, &mut weights);
        vectorized(
            #[inline(always)]
            || {
                let mut factors = vec![1.0; keys];
                for (i, (weights, log_sum)) in weights.chunks_exact_mut(tokens).zip(log_sums).enumerate() {
                    let (seen, hidden) =
                        weights[..keys].split_at_mut(self.seen(head.of.0, first + i, tokens));
                    *log_sum = softmax(seen, head.scale());
                    hidden.fill(0.0);
                    if self.dropout.acts() {
                        self.dropout.factors(head.row(first + i) * stride(tokens), &mut factors);
                        weights.iter_mut().zip(&factors).for_each(|(weight, factor)| *weight *= factor);
                    }
                }
            },
        );
        let (a, b) = (Matrix::rows(&weights, tokens), head.matrix(2, 0));
        let product = Product { m: count, n: head.depth, k: keys, a, b, start: Start::Zero };
        // SAFETY: a head's columns of a sequence's tokens belong to this task.
        #[expect(unsafe_code, reason = "the result is shared among threads")]
        unsafe {
            product.compute_in(output, Area { origin: head.output(first), row: head.width });
        }
    }

    /// What a block of queries adds to the gradients of its head. The first block sets those of keys and values.
    fn attend_back(
        &self,
        head: &Head<'_>,
        first: usize,
        log_sums: &[f32],
        gradient: &[f32],
        found: &Shared<'_>,
    ) {
        let tokens = head.tokens;
        let count = QUERIES.min(tokens - first);
        // All keys, so that the first block gives a value to each of them.
        let keys = if first == 0 { tokens } else { self.keys(head, first + count - 1) };
        let [mut weights, mut slopes] = [unfilled(count * tokens), unfilled(count * tokens)];
        head.scores(first, count, keys, &mut weights);
        let gradient = Matrix::rows(&gradient[head.output(first)..], head.width);
        let b = head.matrix(2, 0).transposed();
        Product { m: count, n: keys, k: head.depth, a: gradient, b, start: Start::Zero }
            .compute_here(&mut slopes, tokens);
        vectorized(
            #[inline(always)]
            || {
                let mut factors = vec![1.0; keys];
                let rows = weights.chunks_exact_mut(tokens).zip(slopes.chunks_exact_mut(tokens));
                for (i, (weights, slopes)) in rows.enumerate() {
                    if self.dropout.acts() {
                        self.dropout.factors(head.row(first + i) * stride(tokens), &mut factors);
                    }
                    let seen = self.seen(head.of.0, first + i, tokens);
                    row_back(
                        &mut weights[..keys],
                        &mut slopes[..keys],
                        &factors,
                        seen,
                        log_sums[first + i],
                        head.scale(),
                    );
                }
            },
        );
        let rows = |values| Matrix::rows(values, tokens);
        let start = if first == 0 { Start::Zero } else { Start::Add };
        let queries = (count, keys, rows(&slopes), head.matrix(1, 0), Start::Zero, head.at(0, first));
        let to_keys = (keys, count, rows(&slopes).transposed(), head.matrix(0, first), start, head.at(1, 0));
        let to_values = (keys, count, rows(&weights).transposed(), gradient, start, head.at(2, 0));
        for (m, k, a, b, start, origin) in [queries, to_keys, to_values] {
            let product = Product { m, n: head.depth, k, a, b, start };
            // SAFETY: a head's columns of a sequence's tokens belong to this task.
            #[expect(unsafe_code, reason = "the result is shared among threads")]
            unsafe {
                product.compute_in(found, Area { origin, row: 3 * head.width });
            }
        }
    }
}

/// Scores to weights; returns the logarithm of the sum of exponentials of the scaled scores.
#[inline(always)]
fn softmax(scores: &mut [f32], scale: f32) -> f32 {
    let top = largest(scores) * scale;
    scores.iter_mut().for_each(|score| *score = exp(*score * scale - top));
    let total = sum(scores, |x| x);
    let inverse = 1.0 / total;
    scores.iter_mut().for_each(|score| *score *= inverse);
    top + total.ln()
}

/// From scores and the gradients of the dropped weights: the dropped weights, and the gradients of the scores.
#[inline(always)]
fn row_back(weights: &mut [f32], slopes: &mut [f32], factors: &[f32], seen: usize, log_sum: f32, scale: f32) {
    let (weights, hidden) = weights.split_at_mut(seen);
    let (slopes, hidden_slopes) = slopes.split_at_mut(seen);
    hidden.fill(0.0);
    hidden_slopes.fill(0.0);
    for ((weight, slope), factor) in weights.iter_mut().zip(slopes.iter_mut()).zip(factors) {
        *weight = exp(*weight * scale - log_sum);
        *slope *= factor;
    }
    let along = sum_two(weights, slopes, |weight, slope| weight * slope);
    for ((weight, slope), factor) in weights.iter_mut().zip(slopes.iter_mut()).zip(factors) {
        *slope = *weight * (*slope - along) * scale;
        *weight *= factor;
    }
}
