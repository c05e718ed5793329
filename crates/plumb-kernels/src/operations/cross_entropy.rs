//! Softmax and cross-entropy in one pass.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, TensorData, activation};
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::elementary::exp;
use crate::elementwise::each;
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};
use crate::sums::{largest, rows_at_once, sum};

/// `-sum(wanted * log softmax(logits)) / divisor`, `[1]`.
///
/// # Shapes
/// `logits` is `[rows, classes]`; `wanted` holds the weight of each log-probability, row-major, one entry a logit.
pub fn cross_entropy(logits: Tensor<2>, wanted: Vec<f32>, divisor: f64) -> Tensor<1> {
    if !on_cpu(&logits) {
        return reference(logits, wanted, divisor);
    }
    let [rows, classes] = logits.dims();
    let operation = CrossEntropy { wanted: array(wanted, [rows, classes]), divisor };
    apply(operation, [operand(logits)]).0
}

pub(super) fn reference(logits: Tensor<2>, wanted: Vec<f32>, divisor: f64) -> Tensor<1> {
    let wanted = Tensor::<2>::from_data(TensorData::new(wanted, logits.shape()), &logits.device())
        .cast(logits.dtype());
    activation::log_softmax(logits, 1).mul(wanted).sum().neg().div_scalar(divisor)
}

#[derive(Debug, Clone)]
struct CrossEntropy {
    wanted: FlexTensor,
    divisor: f64,
}

impl Operation<1> for CrossEntropy {
    /// The gradient of the undivided sum: `softmax * (sum of wanted) - wanted`.
    type Saved = FlexTensor;

    fn forward(&self, [logits]: [FlexTensor; 1]) -> (FlexTensor, FlexTensor) {
        let logits = dense(logits);
        let shape = extents(&logits);
        let classes = shape[1].max(1);
        let step = rows_at_once(classes);
        let mut slopes = unfilled(values(&logits).len());
        let mut losses = vec![0.0f64; shape[0].div_ceil(step)];
        let inputs =
            values(&logits).par_chunks(step * classes).zip(values(&self.wanted).par_chunks(step * classes));
        let outputs = slopes.par_chunks_mut(step * classes).zip(losses.par_iter_mut());
        each(
            outputs.zip(inputs),
            #[inline(always)]
            |((slopes, loss), (logits, wanted))| {
                let rows = slopes.chunks_exact_mut(classes).zip(logits.chunks_exact(classes));
                for ((slopes, logits), wanted) in rows.zip(wanted.chunks_exact(classes)) {
                    *loss += row(slopes, logits, wanted);
                }
            },
        );
        let loss = losses.iter().sum::<f64>() / self.divisor;
        (array(vec![loss as f32], [1]), array(slopes, shape))
    }

    fn backward(&self, slopes: FlexTensor, gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let scale = values(&dense(gradient)).first().copied().unwrap_or(0.0) / self.divisor as f32;
        let found = crate::elementwise::map(
            values(&slopes),
            #[inline(always)]
            |slope| slope * scale,
        );
        [Some(array(found, extents(&slopes)))]
    }
}

/// The loss of a row; leaves its gradient in `slopes`.
#[inline(always)]
fn row(slopes: &mut [f32], logits: &[f32], wanted: &[f32]) -> f64 {
    let top = largest(logits);
    for (slope, logit) in slopes.iter_mut().zip(logits) {
        *slope = exp(logit - top);
    }
    let total = sum(slopes, |x| x);
    let log_sum = f64::from(total).ln();
    let weight = sum(wanted, |x| x);
    let factor = weight / total;
    let mut loss = 0.0;
    for ((slope, logit), wanted) in slopes.iter_mut().zip(logits).zip(wanted) {
        *slope = *slope * factor - wanted;
        loss += f64::from(*wanted) * (log_sum - f64::from(logit - top));
    }
    loss
}
