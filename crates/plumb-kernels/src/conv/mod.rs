//! Convolution of images that lie channels last: forward, gradient of the input, gradient of the weight.

mod depthwise;
mod direct;
mod filters;
mod packed;
mod pad;
mod shape;
mod winograd;

pub use filters::FloatConv;
pub use shape::{ConvError, ConvShape};

/// The output, `[batch, height, width, filters]`.
///
/// # Shapes
/// `input` is `[batch, height, width, channels]`, `weight` `[filters, channels / groups, kernel height, kernel width]`,
/// `bias` `[filters]`.
pub(crate) fn forward(shape: &ConvShape, input: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    if depthwise::suits(shape) {
        return depthwise::forward(shape, input, weight, bias);
    }
    if winograd::suits(shape) {
        return winograd::forward(shape, input, weight, bias);
    }
    direct::forward(shape, input, weight, bias)
}

/// The gradient of the input, `[batch, height, width, channels]`, from that of the output.
pub(crate) fn input_gradient(shape: &ConvShape, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
    if depthwise::suits(shape) {
        return depthwise::input_gradient(shape, gradient, weight);
    }
    if winograd::suits(shape) {
        return winograd::input_gradient(shape, gradient, weight);
    }
    direct::input_gradient(shape, gradient, weight)
}

/// The gradient of the weight, in the weight's shape.
pub(crate) fn weight_gradient(shape: &ConvShape, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    if depthwise::suits(shape) {
        return depthwise::weight_gradient(shape, input, gradient);
    }
    if winograd::suits(shape) {
        return winograd::weight_gradient(shape, input, gradient);
    }
    direct::weight_gradient(shape, input, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(len: usize, seed: u64) -> Vec<f32> {
        (0..len as u64).map(|i| ((i * 7919 + seed * 104_729) % 211) as f32 / 105.0 - 1.0).collect()
    }

    /// Calls `at(output, input, weight)` for each product of the definition.
    fn each_product(shape: &ConvShape, mut at: impl FnMut(usize, usize, usize)) {
        let (channels, filters) = (shape.group_channels(), shape.group_filters());
        let [height, width] = shape.output();
        for pixel in 0..shape.pixels() {
            let (image, y, x) = (pixel / width / height, pixel / width % height, pixel % width);
            for tap in 0..shape.taps() {
                let from = |axis: usize, out: usize, tap: usize| {
                    (out * shape.stride[axis] + tap * shape.dilation[axis])
                        .checked_sub(shape.padding[axis])
                        .filter(|&at| at < shape.size[axis])
                };
                let (tap_y, tap_x) = (tap / shape.kernel[1], tap % shape.kernel[1]);
                let (Some(in_y), Some(in_x)) = (from(0, y, tap_y), from(1, x, tap_x)) else { continue };
                for filter in 0..shape.filters {
                    for channel in 0..channels {
                        let under = ((image * shape.size[0] + in_y) * shape.size[1] + in_x) * shape.channels;
                        let input = under + filter / filters * channels + channel;
                        at(
                            pixel * shape.filters + filter,
                            input,
                            (filter * channels + channel) * shape.taps() + tap,
                        );
                    }
                }
            }
        }
    }

    fn close(found: &[f32], wanted: &[f64]) -> Result<(), TestCaseError> {
        prop_assert_eq!(found.len(), wanted.len());
        let size = wanted.iter().fold(1.0f64, |size, value| size.max(value.abs()));
        for (found, wanted) in found.iter().zip(wanted) {
            prop_assert!((f64::from(*found) - wanted).abs() <= 2e-5 * size, "{found} {wanted}");
        }
        Ok(())
    }

    fn shapes() -> impl Strategy<Value = ConvShape> {
        let pair = |from, to| [from..to, from..to];
        let group = prop_oneof![
            Just((1, 1, 1)),
            Just((2, 3, 5)),
            Just((7, 1, 1)),
            Just((1, 37, 34)),
            Just((1, 3, 17))
        ];
        (
            0usize..3,
            group,
            pair(1, 12usize),
            pair(1, 4usize),
            pair(1, 4usize),
            pair(0, 3usize),
            pair(1, 3usize),
        )
            .prop_map(
                |(batch, (groups, channels, filters), size, kernel, stride, padding, dilation)| ConvShape {
                    batch,
                    channels: groups * channels,
                    filters: groups * filters,
                    groups,
                    size,
                    kernel,
                    stride,
                    padding,
                    dilation,
                },
            )
    }

    #[test]
    fn tiles_of_four_equal_the_definition() {
        let sizes = [([1, 1], 1), ([4, 4], 1), ([5, 9], 1), ([8, 7], 0), ([3, 6], 2), ([13, 12], 1)];
        for (size, padding) in sizes {
            for (channels, filters) in [(32, 32), (64, 48), (48, 80)] {
                let shape = ConvShape {
                    batch: 12,
                    channels,
                    filters,
                    groups: 1,
                    size,
                    kernel: [3; 2],
                    stride: [1; 2],
                    padding: [padding; 2],
                    dilation: [1; 2],
                };
                assert!(winograd::suits(&shape));
                holds(&shape).unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn equals_the_definition(shape in shapes()) {
            prop_assume!(shape.check().is_ok());
            holds(&shape)?;
        }
    }

    fn holds(shape: &ConvShape) -> Result<(), TestCaseError> {
        let (input, weight) = (values(shape.input_len(), 1), values(shape.weight_len(), 2));
        let (gradient, bias) = (values(shape.output_len(), 3), values(shape.filters, 4));
        let mut output: Vec<f64> =
            (0..shape.output_len()).map(|i| f64::from(bias[i % shape.filters])).collect();
        let (mut to_input, mut to_weight) = (vec![0.0f64; input.len()], vec![0.0f64; weight.len()]);
        each_product(shape, |o, i, w| {
            output[o] += f64::from(input[i]) * f64::from(weight[w]);
            to_input[i] += f64::from(gradient[o]) * f64::from(weight[w]);
            to_weight[w] += f64::from(gradient[o]) * f64::from(input[i]);
        });
        close(&forward(shape, &input, &weight, Some(&bias)), &output)?;
        let filters = FloatConv::new(shape, weight.clone()).unwrap();
        close(&filters.run(shape, &input, Some(&bias)), &output)?;
        close(&input_gradient(shape, &gradient, &weight), &to_input)?;
        close(&weight_gradient(shape, &input, &gradient), &to_weight)
    }
}
