//! LoRA (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>): beside the weight of a linear layer, which rests, a product of two
//! narrow ones is trained; afterwards it is added to the weight, and the network is what it was.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::linear;
use plumb_ledger::Stream;

use super::{Linear, parameter, uniform};
use crate::parameters::{Array, Arrays};

/// What the product counts, whatever its rank: PEFT's `lora_alpha` of 16, over its rank of 8.
const SCALE: f64 = 2.0;

/// Two narrow maps, one after the other.
///
/// # Shapes
/// `[.., inputs]` to `[.., outputs]`.
#[derive(Module, Debug)]
pub struct LowRank {
    /// `[inputs, rank]`, started as a linear layer.
    pub down: Param<Tensor<2>>,
    /// `[rank, outputs]`, started at 0: at first the product is nothing.
    pub up: Param<Tensor<2>>,
}

impl LowRank {
    /// Maps with their start values.
    pub fn new(inputs: usize, outputs: usize, rank: usize, stream: Stream, device: &Device) -> Self {
        let limit = 1.0 / (inputs.max(1) as f64).sqrt();
        Self {
            down: parameter([inputs, rank], device, uniform(stream, limit)),
            up: parameter([rank, outputs], device, |_| 0.0),
        }
    }

    /// What is added to the layer's output.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        linear(linear(input, self.down.val(), None), self.up.val(), None).mul_scalar(SCALE)
    }

    /// The layer with the product in its weight.
    pub(crate) fn put_into(&self, layer: &Linear) -> Linear {
        let product = self.down.val().inner().matmul(self.up.val().inner()).mul_scalar(SCALE);
        Linear { weight: Param::from_tensor(layer.weight.val().inner() + product), bias: layer.bias.clone() }
    }
}

/// The name under which a layer holds the maps of its linear layers.
pub(crate) const LORA: &str = "lora";

/// Whether a value is of such a map.
pub(crate) fn is_low_rank(name: &str) -> bool {
    name.split('.').any(|part| part == LORA)
}

/// Values with the products added to the weights that they stand beside, and gone.
pub(crate) fn merged(arrays: Arrays) -> Arrays {
    let (maps, mut kept): (Vec<_>, Vec<_>) = arrays.0.into_iter().partition(|(name, _)| is_low_rank(name));
    let find = |name: &str| maps.iter().find(|(of, _)| of == name).map(|(_, array)| array);
    for (name, weight) in &mut kept {
        let Some((before, layer)) = name.strip_suffix(".weight").and_then(|name| name.rsplit_once('.'))
        else {
            continue;
        };
        let of = |part: &str| find(&format!("{before}.{LORA}.{layer}.{part}"));
        if let (Some(down), Some(up)) = (of("down"), of("up")) {
            add_product(weight, down, up);
        }
    }
    Arrays(kept.into_iter().collect())
}

fn add_product(weight: &mut Array, down: &Array, up: &Array) {
    let (&[_, rank], &[_, outputs]) = (down.shape.as_slice(), up.shape.as_slice()) else { return };
    for (row, narrow) in
        weight.values.chunks_exact_mut(outputs.max(1)).zip(down.values.chunks_exact(rank.max(1)))
    {
        for (value, up) in narrow.iter().zip(up.values.chunks_exact(outputs.max(1))) {
            row.iter_mut().zip(up).for_each(|(weight, up)| *weight += SCALE as f32 * value * up);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn products_go_into_the_weights_they_stand_beside() {
        let array = |shape: [usize; 2], values: Vec<f32>| Array { shape: shape.to_vec(), values };
        let arrays = Arrays(BTreeMap::from([
            ("layers.0.linear1.weight".to_owned(), array([2, 3], vec![1.0; 6])),
            ("layers.0.linear2.weight".to_owned(), array([2, 3], vec![1.0; 6])),
            ("layers.0.lora.linear1.down".to_owned(), array([2, 1], vec![1.0, 3.0])),
            ("layers.0.lora.linear1.up".to_owned(), array([1, 3], vec![0.0, 1.0, 2.0])),
        ]));
        let merged = merged(arrays).0;
        assert_eq!(merged.len(), 2);
        assert_eq!(merged["layers.0.linear1.weight"].values, [1.0, 3.0, 5.0, 1.0, 7.0, 13.0]);
        assert_eq!(merged["layers.0.linear2.weight"].values, [1.0; 6]);
    }
}
