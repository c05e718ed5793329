//! Dropout whose factors are made again for the backward pass, so they take no memory.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::buffer::unfilled;
use crate::chance::Dropout;
use crate::elementwise::{CHUNK, each};
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};

/// Zeroes entries with the probability of the rate and divides the rest by 1 minus it.
pub fn dropout<const D: usize>(input: Tensor<D>, chance: Dropout) -> Tensor<D> {
    if !chance.acts() {
        return input;
    }
    if !on_cpu(&input) {
        return input.clone().mul(factors_like(&input, chance));
    }
    apply(Drop(chance), [operand(input)]).0
}

/// `kept + dropout(input)`, in one pass.
pub fn add_dropped<const D: usize>(kept: Tensor<D>, input: Tensor<D>, chance: Dropout) -> Tensor<D> {
    if !on_cpu(&kept) || !on_cpu(&input) {
        return kept.add(dropout(input, chance));
    }
    apply(AddDropped(chance), [operand(kept), operand(input)]).0
}

/// The factors as a tensor.
fn factors_like<const D: usize>(tensor: &Tensor<D>, chance: Dropout) -> Tensor<D> {
    let mut factors = vec![0.0; tensor.shape().num_elements()];
    chance.factors(0, &mut factors);
    Tensor::<D>::from_data(TensorData::new(factors, tensor.shape()), &tensor.device()).cast(tensor.dtype())
}

#[derive(Debug, Clone, Copy)]
struct Drop(Dropout);

impl Operation<1> for Drop {
    type Saved = ();

    fn forward(&self, [input]: [FlexTensor; 1]) -> (FlexTensor, ()) {
        let input = dense(input);
        (array(dropped(self.0, values(&input), None), extents(&input)), ())
    }

    fn backward(&self, (): (), gradient: FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let gradient = dense(gradient);
        [Some(array(dropped(self.0, values(&gradient), None), extents(&gradient)))]
    }
}

#[derive(Debug, Clone, Copy)]
struct AddDropped(Dropout);

impl Operation<2> for AddDropped {
    type Saved = ();

    fn forward(&self, [kept, input]: [FlexTensor; 2]) -> (FlexTensor, ()) {
        let (kept, input) = (dense(kept), dense(input));
        (array(dropped(self.0, values(&input), Some(values(&kept))), extents(&input)), ())
    }

    fn backward(
        &self,
        (): (),
        gradient: FlexTensor,
        [to_kept, to_input]: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let gradient = dense(gradient);
        let input = to_input.then(|| array(dropped(self.0, values(&gradient), None), extents(&gradient)));
        [to_kept.then_some(gradient), input]
    }
}

/// The input times its factors, plus what was kept.
fn dropped(chance: Dropout, input: &[f32], kept: Option<&[f32]>) -> Vec<f32> {
    let mut output = unfilled(input.len());
    each(
        output.par_chunks_mut(CHUNK).zip(input.par_chunks(CHUNK)).enumerate(),
        #[inline(always)]
        |(index, (output, input))| {
            let first = index * CHUNK;
            if chance.acts() {
                chance.factors(first, output);
            } else {
                output.fill(1.0);
            }
            match kept {
                Some(kept) => {
                    let kept = &kept[first..first + input.len()];
                    for ((output, input), kept) in output.iter_mut().zip(input).zip(kept) {
                        *output = kept + *output * input;
                    }
                }
                None => output.iter_mut().zip(input).for_each(|(output, input)| *output *= input),
            }
        },
    );
    output
}
