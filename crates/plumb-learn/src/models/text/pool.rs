//! One vector of many.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use crate::export::WrittenTokens;
use crate::layers::Linear;
use crate::network::Pass;

/// How the vectors of the tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first one, mapped, and its hyperbolic tangent: BERT's.
    Cls,
    /// Their mean, weighted by a learned score of each.
    Attention,
}

/// Makes one vector of the real tokens, `[batch, tokens, width]` to `[batch, width]`.
#[derive(Module, Debug)]
pub struct Pool {
    /// The map of the first vector, or the score of each; none for the mean.
    pub dense: Option<Linear>,
    #[module(skip)]
    pooling: Pooling,
}

/// Hides a token from a softmax.
const HIDDEN: f32 = -1e30;

impl Pool {
    /// A pool with its start values.
    pub fn new(pooling: Pooling, width: usize, stream: Stream, device: &Device) -> Self {
        let dense = match pooling {
            Pooling::Mean => None,
            Pooling::Cls => Some(Linear::normal(width, width, 0.02, stream, device)),
            Pooling::Attention => Some(Linear::normal(width, 1, 0.02, stream, device)),
        };
        Self { dense, pooling }
    }

    /// `lengths` tells how many tokens of each text are real.
    pub fn forward(&self, hidden: Tensor<3>, lengths: &Arc<[usize]>, pass: &Pass) -> Tensor<2> {
        let [batch, tokens, width] = hidden.dims();
        let table = |inside: &dyn Fn(usize) -> f32, outside: f32| {
            let value = |at: usize| {
                let length = lengths.get(at / tokens.max(1)).copied().unwrap_or(tokens).max(1);
                if at % tokens < length { inside(length) } else { outside }
            };
            let values: Vec<f32> = (0..batch * tokens).map(value).collect();
            Tensor::<3>::from_data(TensorData::new(values, [batch, tokens, 1]), &hidden.device())
        };
        let weights = match (self.pooling, &self.dense) {
            (Pooling::Cls, Some(dense)) => {
                return dense.forward(hidden.narrow(1, 0, 1).reshape([batch, width]), pass).tanh();
            }
            (Pooling::Attention, Some(dense)) => {
                softmax(dense.forward(hidden.clone(), pass) + table(&|_| 0.0, HIDDEN), 1)
            }
            _ => table(&|length| 1.0 / length as f32, 0.0),
        };
        (hidden * weights).sum_dim(1).reshape([batch, width])
    }
}

impl Pool {
    /// The pool as operators; `at` is its path.
    pub(super) fn write(
        &self,
        graph: &mut GraphWriter,
        at: &str,
        hidden: &Name,
        tokens: &WrittenTokens,
    ) -> Name {
        let dense = format!("{at}.dense");
        match (self.pooling, &self.dense) {
            (Pooling::Cls, Some(map)) => {
                let first = graph.wholes("first", &[], &[0]);
                let first = graph.node("Gather", &[hidden, &first], &[("axis", Setting::Int(1))]);
                let mapped = map.write(graph, &dense, &first);
                graph.node("Tanh", &[&mapped], &[])
            }
            (Pooling::Attention, Some(score)) => {
                let scores = score.write(graph, &dense, hidden);
                let hides = tokens.hidden(graph, &[2]);
                let scores = graph.node("Add", &[&scores, &hides], &[]);
                let shares = graph.node("Softmax", &[&scores], &[("axis", Setting::Int(1))]);
                let weighted = graph.node("Mul", &[hidden, &shares], &[]);
                sum_written(graph, &weighted, false)
            }
            _ => {
                let (real, last) = (tokens.real(graph), graph.wholes("last", &[1], &[2]));
                let (counts, least) = (sum_written(graph, &real, true), graph.floats("least", &[], &[1.0]));
                let counts = graph.node("Max", &[&counts, &least], &[]);
                let real = graph.node("Unsqueeze", &[&real, &last], &[]);
                let seen = graph.node("Mul", &[hidden, &real], &[]);
                let sums = sum_written(graph, &seen, false);
                graph.node("Div", &[&sums, &counts], &[])
            }
        }
    }
}

/// The sum over tokens, the second extent.
fn sum_written(graph: &mut GraphWriter, of: &Name, keeps: bool) -> Name {
    let tokens = graph.wholes("of_tokens", &[1], &[1]);
    graph.node("ReduceSum", &[of, &tokens], &[("keepdims", Setting::Int(i64::from(keeps)))])
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::parameters::host;

    #[test]
    fn no_pool_sees_what_fills_up() {
        let device = Device::flex();
        let tokens = |filling: f32| {
            let values = vec![1.0, 2.0, 3.0, 4.0, filling, filling, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
            Tensor::<3>::from_data(TensorData::new(values, [2, 3, 2]), &device)
        };
        for pooling in [Pooling::Mean, Pooling::Cls, Pooling::Attention] {
            let pool = Pool::new(pooling, 2, Seed(0).stream("pool"), &device);
            let of = |filling| host(pool.forward(tokens(filling), &Arc::from([2, 3]), &Pass::inference()));
            assert_eq!(of(0.0), of(1e3), "{pooling:?}");
            if pooling == Pooling::Mean {
                assert_eq!(of(0.0), [2.0, 3.0, 7.0, 8.0]);
            }
        }
    }
}
