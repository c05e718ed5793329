//! The linear layer on tensors of any rank, as one product.

use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

use crate::buffer::unfilled;
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};
use crate::product::{Matrix, Product, Start};
use crate::sums;

/// `input weight + bias`.
///
/// # Shapes
/// `[.., inputs]`, `[inputs, outputs]` and `[outputs]` to `[.., outputs]`.
pub fn linear<const D: usize>(input: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    if !on_cpu(&input) || !on_cpu(&weight) {
        return reference(input, weight, bias);
    }
    match bias {
        Some(bias) => apply(Linear, [operand(input), operand(weight), operand(bias)]).0,
        None => apply(Linear, [operand(input), operand(weight)]).0,
    }
}

pub(super) fn reference<const D: usize>(
    input: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    let product = input.matmul(weight.unsqueeze());
    match bias {
        Some(bias) => product.add(bias.unsqueeze()),
        None => product,
    }
}

#[derive(Debug, Clone, Copy)]
struct Linear;

impl Operation<3> for Linear {
    type Saved = [FlexTensor; 2];

    fn forward(&self, [input, weight, bias]: [FlexTensor; 3]) -> (FlexTensor, Self::Saved) {
        product(input, weight, Some(&dense(bias)))
    }

    fn backward(
        &self,
        saved: Self::Saved,
        gradient: FlexTensor,
        [to_input, to_weight, to_bias]: [bool; 3],
    ) -> [Option<FlexTensor>; 3] {
        let gradient = dense(gradient);
        let outputs = extents(&saved[1])[1];
        let bias = to_bias.then(|| array(sums::columns(values(&gradient), outputs), [outputs]));
        let [input, weight] = gradients(saved, &gradient, [to_input, to_weight]);
        [input, weight, bias]
    }
}

impl Operation<2> for Linear {
    type Saved = [FlexTensor; 2];

    fn forward(&self, [input, weight]: [FlexTensor; 2]) -> (FlexTensor, Self::Saved) {
        product(input, weight, None)
    }

    fn backward(
        &self,
        saved: Self::Saved,
        gradient: FlexTensor,
        wanted: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        gradients(saved, &dense(gradient), wanted)
    }
}

fn product(
    input: FlexTensor,
    weight: FlexTensor,
    bias: Option<&FlexTensor>,
) -> (FlexTensor, [FlexTensor; 2]) {
    let (input, weight) = (dense(input), dense(weight));
    let [inputs, outputs] = sides(&weight);
    let mut shape = extents(&input);
    shape.pop();
    let rows = shape.iter().product();
    let product = Product {
        m: rows,
        n: outputs,
        k: inputs,
        a: Matrix::rows(values(&input), inputs),
        b: Matrix::rows(values(&weight), outputs),
        start: bias.map_or(Start::Zero, |bias| Start::Row(values(bias))),
    };
    let mut output = unfilled(rows * outputs);
    product.compute(&mut output);
    shape.push(outputs);
    (array(output, shape), [input, weight])
}

fn gradients(
    [input, weight]: [FlexTensor; 2],
    gradient: &FlexTensor,
    [to_input, to_weight]: [bool; 2],
) -> [Option<FlexTensor>; 2] {
    let [inputs, outputs] = sides(&weight);
    let rows = extents(gradient).iter().product::<usize>().checked_div(outputs).unwrap_or(0);
    let gradient = Matrix::rows(values(gradient), outputs);
    let weight_gradient = to_weight.then(|| {
        let a = Matrix::rows(values(&input), inputs).transposed();
        let mut found = unfilled(inputs * outputs);
        Product { m: inputs, n: outputs, k: rows, a, b: gradient, start: Start::Zero }.compute(&mut found);
        array(found, [inputs, outputs])
    });
    let input_gradient = to_input.then(|| {
        let b = Matrix::rows(values(&weight), outputs).transposed();
        let mut found = unfilled(rows * inputs);
        Product { m: rows, n: inputs, k: outputs, a: gradient, b, start: Start::Zero }.compute(&mut found);
        array(found, extents(&input))
    });
    [input_gradient, weight_gradient]
}

fn sides(weight: &FlexTensor) -> [usize; 2] {
    let sides = extents(weight);
    [sides[0], sides[1]]
}
