//! How a token knows its place.

use burn::tensor::{Device, Tensor, TensorData};
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use crate::export::WrittenTokens;

/// How a token knows its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// A learned vector for each of so many places is added (BERT). `skipped` places at the start of the table are not used:
    /// RoBERTa's two.
    Learned {
        /// Places of the table.
        places: usize,
        /// Places before the first one.
        skipped: usize,
    },
    /// Sines and cosines of lengths from 2 pi to 20,000 pi are added (Vaswani et al. 2017).
    Sinusoidal,
    /// Queries and keys are turned by angles that grow with the place (Su et al. 2021).
    Rotary,
    /// Not at all: what follows reads one token after the other.
    None,
}

/// The base of the wave lengths, in both papers.
const BASE: f64 = 10_000.0;

/// The angle of a place in the pair of units number `pair` of `units`.
fn angle(place: usize, pair: usize, units: usize) -> f64 {
    place as f64 / BASE.powf(2.0 * pair as f64 / units as f64)
}

/// The sines and cosines of each place, `[1, places, width]`, alternating.
pub(super) fn sinusoidal(places: usize, width: usize, device: &Device) -> Tensor<3> {
    let value = |at: usize| {
        let (place, unit) = (at / width, at % width);
        let angle = angle(place, unit / 2, width);
        (if unit.is_multiple_of(2) { angle.sin() } else { angle.cos() }) as f32
    };
    let values: Vec<f32> = (0..places * width).map(value).collect();
    Tensor::from_data(TensorData::new(values, [1, places, width]), device)
}

/// The sine or cosine of each place's angles, `[places, depth / 2]`.
fn turns(of: fn(f64) -> f64, places: usize, depth: usize) -> Vec<f32> {
    let half = depth / 2;
    (0..places * half).map(|at| of(angle(at / half, at % half, depth)) as f32).collect()
}

/// Turns the queries and keys in packed projections, `[batch, tokens, 3 width]`: in each head the unit `i` with the unit
/// `i + half`, GPT-NeoX's pairs.
pub(crate) fn rotate(projected: Tensor<3>, heads: usize) -> Tensor<3> {
    let [batch, tokens, three] = projected.dims();
    let width = three / 3;
    let depth = width / heads;
    let half = depth / 2;
    let turned = projected.clone().narrow(2, 0, 2 * width).reshape([batch, tokens, 2 * heads, depth]);
    let table = |of: fn(f64) -> f64| {
        let values = TensorData::new(turns(of, tokens, depth), [1, tokens, 1, half]);
        Tensor::<4>::from_data(values, &projected.device())
    };
    let (cos, sin) = (table(f64::cos), table(f64::sin));
    let (first, second) = (turned.clone().narrow(3, 0, half), turned.clone().narrow(3, half, half));
    let mut parts =
        vec![first.clone() * cos.clone() - second.clone() * sin.clone(), second * cos + first * sin];
    if depth > 2 * half {
        parts.push(turned.narrow(3, 2 * half, depth - 2 * half));
    }
    let turned = Tensor::cat(parts, 3).reshape([batch, tokens, 2 * width]);
    Tensor::cat(vec![turned, projected.narrow(2, 2 * width, width)], 2)
}

/// The rows of a table, `[places, width]`, that the places of a batch have: from `first` on, as many as there are tokens.
pub(super) fn of_places(graph: &mut GraphWriter, table: &Name, first: usize, tokens: &WrittenTokens) -> Name {
    let (from, count) = (graph.wholes("places.first", &[1], &[first as i64]), tokens.count(graph));
    let (to, axis) = (graph.node("Add", &[&count, &from], &[]), graph.wholes("places.axis", &[1], &[0]));
    graph.node("Slice", &[table, &from, &to, &axis], &[])
}

/// The cosines and sines by which [`rotate`] turns queries and keys of heads of this depth, `[tokens, depth / 2]` each.
pub(super) fn angles_written(graph: &mut GraphWriter, depth: usize, tokens: &WrittenTokens) -> [Name; 2] {
    [("places.cosine", f64::cos as fn(f64) -> f64), ("places.sine", f64::sin)].map(|(name, of)| {
        let table = graph.floats(name, &[tokens.longest, depth / 2], &turns(of, tokens.longest, depth));
        of_places(graph, &table, 0, tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::host;

    #[test]
    fn sines_and_cosines_are_the_papers() {
        let found = host(sinusoidal(3, 4, &Device::flex()));
        let expected = [0.0, 1.0, 0.0, 1.0, 1f64.sin(), 1f64.cos(), 0.01f64.sin(), 0.01f64.cos()];
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn a_product_of_turned_vectors_depends_on_their_distance_alone() {
        let (tokens, heads, depth) = (6, 2, 8);
        let width = heads * depth;
        let query: Vec<f32> = (0..width).map(|unit| (unit as f32 * 0.7).sin()).collect();
        let key: Vec<f32> = (0..width).map(|unit| (unit as f32 * 1.3).cos()).collect();
        let row = [query, key, vec![1.0; width]].concat();
        let packed = TensorData::new(row.repeat(tokens), [1, tokens, 3 * width]);
        let turned = host(rotate(Tensor::from_data(packed, &Device::flex()), heads));
        let product = |query: usize, key: usize| -> f32 {
            let of = |token: usize, part: usize| &turned[token * 3 * width + part * width..][..depth];
            of(query, 0).iter().zip(of(key, 1)).map(|(q, k)| q * k).sum()
        };
        assert!((product(1, 0) - product(5, 4)).abs() < 1e-5);
        assert!((product(1, 0) - product(3, 0)).abs() > 1e-3);
        assert_eq!(turned[2 * width..3 * width], vec![1.0; width]);
    }
}
