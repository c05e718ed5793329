//! The convolution of images, started as torchvision's residual networks are.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::conv::{ConvError, ConvShape};
use plumb_kernels::{Conv2d, conv2d};
use plumb_ledger::Stream;

use super::{normal, parameter};

/// A convolution without bias: a batch norm follows.
///
/// # Shapes
/// `[batch, channels, height, width]` to `[batch, filters, height, width]`.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[filters, channels / groups, kernel height, kernel width]`.
    pub weight: Param<Tensor<4>>,
    #[module(skip)]
    options: Conv2d,
}

impl Conv {
    /// Weights N(0, 2 / (filters * taps)): He et al. 2015, by what a filter feeds. Refuses a kernel, stride or dilation
    /// of 0 and groups that do not divide channels and filters.
    pub fn new(
        channels: usize,
        filters: usize,
        kernel: [usize; 2],
        options: Conv2d,
        stream: Stream,
        device: &Device,
    ) -> Result<Self, ConvError> {
        let Conv2d { stride, padding, dilation, groups } = options;
        let shape = ConvShape {
            batch: 0,
            channels,
            size: [0; 2],
            filters,
            kernel,
            stride,
            padding,
            dilation,
            groups,
        };
        shape.check_layer()?;
        let fan = filters / groups * kernel[0] * kernel[1];
        let (deviation, start) = ((2.0 / fan.max(1) as f64).sqrt(), normal(stream));
        let extents = [filters, channels / groups, kernel[0], kernel[1]];
        Ok(Self { weight: parameter(extents, device, |i| deviation * start(i)), options })
    }

    /// Convolves.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        conv2d(images, self.weight.val(), self.options)
    }
}
