//! Convolution of images.

use burn::backend::flex::FlexTensor;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, module};

use crate::channels_last::{channels_first, channels_last};
use crate::conv::{self, ConvShape};
use crate::operation::{Operation, apply, array, dense, extents, on_cpu, operand, values};

/// The numbers of a convolution besides its tensors' extents; those of `torch.nn.Conv2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Pixels from one place of the kernel to the next.
    pub stride: [usize; 2],
    /// Zeros on both sides of each axis.
    pub padding: [usize; 2],
    /// Pixels from one tap of the kernel to the next.
    pub dilation: [usize; 2],
    /// Parts into which channels and filters are split.
    pub groups: usize,
}

impl Default for Conv2d {
    fn default() -> Self {
        Self { stride: [1; 2], padding: [0; 2], dilation: [1; 2], groups: 1 }
    }
}

/// Convolves `input` with `weight`, without bias. The layer's constructor has checked that the convolution exists.
///
/// # Shapes
/// `[batch, channels, height, width]` and `[filters, channels / groups, kernel height, kernel width]` to
/// `[batch, filters, height, width]`.
pub fn conv2d(input: Tensor<4>, weight: Tensor<4>, options: Conv2d) -> Tensor<4> {
    if !on_cpu(&input) || !on_cpu(&weight) {
        return reference(input, weight, options);
    }
    apply(options, [operand(input), operand(weight)]).0
}

fn reference(input: Tensor<4>, weight: Tensor<4>, options: Conv2d) -> Tensor<4> {
    let Conv2d { stride, padding, dilation, groups } = options;
    module::conv2d(input, weight, None, ConvOptions::new(stride, padding, dilation, groups))
}

impl Conv2d {
    fn shape(&self, input: &FlexTensor, weight: &FlexTensor) -> ConvShape {
        let (input, weight) = (extents(input), extents(weight));
        ConvShape {
            batch: input[0],
            channels: input[1],
            size: [input[2], input[3]],
            filters: weight[0],
            kernel: [weight[2], weight[3]],
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
            groups: self.groups,
        }
    }
}

impl Operation<2> for Conv2d {
    type Saved = [FlexTensor; 2];

    fn forward(&self, [input, weight]: [FlexTensor; 2]) -> (FlexTensor, Self::Saved) {
        let shape = self.shape(&input, &weight);
        let (pixels, weight) = (channels_last(&input), dense(weight));
        let output = conv::forward(&shape, values(&pixels), values(&weight), None);
        let [height, width] = shape.output();
        let output = array(output, [shape.batch, height, width, shape.filters]);
        (channels_first(&output), [channels_first(&pixels), weight])
    }

    fn backward(
        &self,
        [input, weight]: Self::Saved,
        gradient: FlexTensor,
        [to_input, to_weight]: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let shape = self.shape(&input, &weight);
        let gradient = channels_last(&gradient);
        let gradient = values(&gradient);
        let weight_gradient = to_weight.then(|| {
            let pixels = channels_last(&input);
            array(conv::weight_gradient(&shape, values(&pixels), gradient), extents(&weight))
        });
        let input_gradient = to_input.then(|| {
            let pixels = conv::input_gradient(&shape, gradient, values(&weight));
            let [height, width] = shape.size;
            channels_first(&array(pixels, [shape.batch, height, width, shape.channels]))
        });
        [input_gradient, weight_gradient]
    }
}
