//! Residual networks of basic blocks (He et al. 2016, <https://arxiv.org/abs/1512.03385>), with torchvision's names.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_kernels::conv::ConvError;
use plumb_kernels::{Conv2d, Pool, global_average, max_pool};
use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

use crate::layers::{BatchNorm, Conv, Linear};
use crate::network::Pass;

/// The size of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// Channels of the images.
    pub channels: usize,
    /// What comes before the blocks.
    pub stem: Stem,
    /// Blocks of each stage; every stage but the first halves height and width.
    pub blocks: Vec<usize>,
    /// Channels of the first stage; each stage doubles them.
    pub width: usize,
    /// Outputs.
    pub classes: usize,
}

impl ResNetConfig {
    /// The ResNet of 18 layers.
    pub fn resnet18(stem: Stem, classes: usize) -> Self {
        Self { channels: 3, stem, blocks: vec![2; 4], width: 64, classes }
    }
}

/// What comes before the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stem {
    /// A 3x3 convolution: for images of 32 pixels or so.
    Small,
    /// A 7x7 convolution and a pooling, each halving height and width: for images of 224 pixels or so.
    Large,
}

/// Stem, stages of blocks, the mean over pixels, a linear head.
///
/// # Shapes
/// `[batch, channels, height, width]` to `[batch, classes]`.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The stem's convolution.
    pub conv1: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// The stages.
    pub layers: Vec<Vec<BasicBlock>>,
    /// The head.
    pub fc: Linear,
    #[module(skip)]
    pooled: bool,
}

/// Two 3x3 convolutions and the way around them.
#[derive(Module, Debug)]
pub struct BasicBlock {
    /// The first convolution, with the stage's stride.
    pub conv1: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// The second convolution.
    pub conv2: Conv,
    /// Its norm.
    pub bn2: BatchNorm,
    /// Where extents change: a 1x1 convolution and its norm on the way around.
    pub downsample: Option<Downsample>,
}

/// The way around a block whose extents change.
#[derive(Module, Debug)]
pub struct Downsample {
    /// The convolution.
    pub conv: Conv,
    /// Its norm.
    pub norm: BatchNorm,
}

impl ResNet {
    /// A network with its start values.
    pub fn new(config: &ResNetConfig, stream: Stream, device: &Device) -> Result<Self, ConvError> {
        let (kernel, stride) = if config.stem == Stem::Large { (7, 2) } else { (3, 1) };
        let conv1 = square(config.channels, config.width, kernel, stride, stream.at(0), device)?;
        let mut layers = Vec::new();
        let (mut channels, mut filters) = (config.width, config.width);
        for (stage, &blocks) in config.blocks.iter().enumerate() {
            let stream = stream.at(2 + stage as u64);
            let mut layer = Vec::new();
            for block in 0..blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                layer.push(BasicBlock::new(channels, filters, stride, stream.at(block as u64), device)?);
                channels = filters;
            }
            layers.push(layer);
            filters *= 2;
        }
        Ok(Self {
            conv1,
            bn1: BatchNorm::new(config.width, device),
            layers,
            fc: Linear::new(channels, config.classes, stream.at(1), device),
            pooled: config.stem == Stem::Large,
        })
    }

    /// The outputs of a batch of images.
    pub fn forward(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let mut hidden = self.bn1.forward_relu(self.conv1.forward(images), None, pass);
        if self.pooled {
            hidden = max_pool(hidden, Pool { kernel: [3; 2], stride: [2; 2], padding: [1; 2] });
        }
        for block in self.layers.iter().flatten() {
            hidden = block.forward(hidden, pass);
        }
        self.fc.forward(global_average(hidden))
    }
}

impl BasicBlock {
    fn new(
        channels: usize,
        filters: usize,
        stride: usize,
        stream: Stream,
        device: &Device,
    ) -> Result<Self, ConvError> {
        let downsample = if channels == filters && stride == 1 {
            None
        } else {
            let conv = square(channels, filters, 1, stride, stream.at(2), device)?;
            Some(Downsample { conv, norm: BatchNorm::new(filters, device) })
        };
        Ok(Self {
            conv1: square(channels, filters, 3, stride, stream.at(0), device)?,
            bn1: BatchNorm::new(filters, device),
            conv2: square(filters, filters, 3, 1, stream.at(1), device)?,
            bn2: BatchNorm::new(filters, device),
            downsample,
        })
    }

    fn forward(&self, input: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let hidden = self.bn1.forward_relu(self.conv1.forward(input.clone()), None, pass);
        let around = match &self.downsample {
            Some(way) => way.norm.forward(way.conv.forward(input), pass),
            None => input,
        };
        self.bn2.forward_relu(self.conv2.forward(hidden), Some(around), pass)
    }
}

/// A convolution with a square kernel that keeps height and width but for the stride.
fn square(
    channels: usize,
    filters: usize,
    kernel: usize,
    stride: usize,
    stream: Stream,
    device: &Device,
) -> Result<Conv, ConvError> {
    let options = Conv2d { stride: [stride; 2], padding: [kernel / 2; 2], ..Conv2d::default() };
    Conv::new(channels, filters, [kernel; 2], options, stream, device)
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::parameters::Arrays;

    #[test]
    fn resnet18_has_the_known_number_of_parameters_and_halves_its_images() {
        let config = ResNetConfig::resnet18(Stem::Large, 1000);
        let device = Device::flex();
        let network = ResNet::new(&config, Seed(0).stream("init"), &device).unwrap();
        // torchvision.models.resnet18: 11,689,512 parameters, and 9,600 running means and variances.
        assert_eq!(Arrays::of(&network).count(), 11_689_512 + 9_600);
        let outputs = network.forward(Tensor::ones([1, 3, 64, 64], &device), &mut Pass::inference());
        assert_eq!(outputs.dims(), [1, 1000]);
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let options = Conv2d { groups: 2, ..Conv2d::default() };
        let stream = Seed(0).stream("init");
        let error = Conv::new(3, 4, [3; 2], options, stream, &Device::flex()).unwrap_err();
        assert_eq!(error.to_string(), "3 channels cannot be split into 2 groups");
    }
}
