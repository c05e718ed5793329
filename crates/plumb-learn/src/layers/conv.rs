//! The convolution of images, started as torchvision's residual networks are.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::conv::{ConvError, ConvShape};
use plumb_kernels::{Conv2d, conv2d};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};

use super::{BatchNorm, normal, parameter};
use crate::network::Pass;
use crate::parameters::host;

/// A convolution, without bias where a batch norm follows.
///
/// # Shapes
/// `[batch, channels, height, width]` to `[batch, filters, height, width]`.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[filters, channels / groups, kernel height, kernel width]`.
    pub weight: Param<Tensor<4>>,
    /// `[filters]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    options: Conv2d,
    #[module(skip)]
    padded_behind: bool,
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
        let weight = parameter(extents, device, |i| deviation * start(i));
        Ok(Self { weight, bias: None, options, padded_behind: false })
    }

    /// The same, its weights drawn with this standard deviation.
    #[must_use]
    pub fn with_deviation(self, deviation: f64, stream: Stream, device: &Device) -> Self {
        let start = normal(stream);
        Self { weight: parameter(self.weight.dims(), device, |i| deviation * start(i)), ..self }
    }

    /// The same with a bias for each filter, started at 0.
    #[must_use]
    pub fn with_bias(self, device: &Device) -> Self {
        let filters = self.weight.dims()[0];
        Self { bias: Some(parameter([filters], device, |_| 0.0)), ..self }
    }

    /// The same with a stride of 2 and TensorFlow's padding: where height or width is even, one zero more stands behind
    /// than before.
    ///
    /// A stride moves by two pixels, so with zeros for one place more in front the places are TensorFlow's behind the
    /// first one, which is cut off.
    #[must_use]
    pub fn padded_behind(self) -> Self {
        Self { padded_behind: true, ..self }
    }

    /// Convolves.
    pub fn forward(&self, images: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let images = pass.rounded(self.weight.id, images);
        let [_, _, height, width] = images.dims();
        let more = [height, width].map(|side| usize::from(self.padded_behind && side.is_multiple_of(2)));
        let [above, left] = self.options.padding;
        let options = Conv2d { padding: [above + more[0], left + more[1]], ..self.options };
        let mut found = conv2d(images, self.weight.val(), options);
        if more != [0; 2] {
            let [batch, filters, height, width] = found.dims();
            found = found.slice([0..batch, 0..filters, more[0]..height, more[1]..width]);
        }
        match &self.bias {
            Some(bias) => {
                let filters = bias.dims()[0];
                found + bias.val().reshape([1, filters, 1, 1])
            }
            None => found,
        }
    }
}

impl Conv {
    /// The convolution and the norm behind it as one operator; `at` is its path.
    pub(crate) fn write(
        &self,
        graph: &mut GraphWriter,
        at: &str,
        norm: Option<&BatchNorm>,
        input: &Name,
    ) -> Name {
        let extents = self.weight.dims();
        let mut weight = host(self.weight.val().inner());
        let mut bias =
            self.bias.as_ref().map_or_else(|| vec![0.0; extents[0]], |bias| host(bias.val().inner()));
        if let Some(norm) = norm {
            let (scales, shifts) = norm.affine();
            let taps = extents[1..].iter().product::<usize>().max(1);
            for (filter, scale) in weight.chunks_exact_mut(taps).zip(&scales) {
                for tap in filter {
                    *tap *= scale;
                }
            }
            for ((bias, scale), shift) in bias.iter_mut().zip(&scales).zip(&shifts) {
                *bias = *bias * scale + shift;
            }
        }
        let weight = graph.floats(&format!("{at}.weight"), &extents, &weight);
        let bias = graph.floats(&format!("{at}.bias"), &[extents[0]], &bias);
        let whole = |pair: [usize; 2]| pair.map(|extent| extent as i64);
        let Conv2d { stride, padding, dilation, groups } = self.options;
        let [above, left] = whole(padding);
        let (kernel, strides, dilations) = (whole([extents[2], extents[3]]), whole(stride), whole(dilation));
        let pads = [above, left, above, left];
        // TensorFlow's padding is ONNX's `SAME_UPPER`.
        let pads = if self.padded_behind {
            ("auto_pad", Setting::Text("SAME_UPPER"))
        } else {
            ("pads", Setting::Ints(&pads))
        };
        let settings = [
            ("kernel_shape", Setting::Ints(&kernel)),
            ("strides", Setting::Ints(&strides)),
            ("dilations", Setting::Ints(&dilations)),
            ("group", Setting::Int(groups as i64)),
            pads,
        ];
        graph.node("Conv", &[input, &weight, &bias], &settings)
    }
}
