//! Residual networks of basic blocks (He et al. 2016, <https://arxiv.org/abs/1512.03385>), with torchvision's names.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_kernels::{Conv2d, Pool, global_average, max_pool};
use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::combiner::join;
use crate::encoders::CategoryEncoder;
use crate::layers::{BatchNorm, Conv, Linear};
use crate::model::Inputs;
use crate::network::{Network, Pass};

/// The size of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// What comes before the blocks.
    pub stem: Stem,
    /// Blocks of each stage; every stage but the first halves height and width.
    pub blocks: Vec<usize>,
    /// Channels of the first stage; each stage doubles them.
    pub width: usize,
    /// The length of a category's vector, for tables that hold more than pictures.
    pub embedding: usize,
}

impl ResNetConfig {
    /// The ResNet of 18 layers.
    pub fn resnet18(stem: Stem) -> Self {
        Self { stem, blocks: vec![2; 4], width: 64, embedding: 8 }
    }

    /// Three stages of two blocks from 32 channels on: a fifth of the products of 18 layers, for pictures of 64 pixels or
    /// less.
    pub fn resnet14() -> Self {
        Self { stem: Stem::Small, blocks: vec![2; 3], width: 32, embedding: 8 }
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

/// Stem, stages of blocks, the mean over pixels, beside it the other columns of the row, a linear head.
///
/// # Shapes
/// `[batch, channels, height, width]` to `[batch, outputs]`.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The stem's convolution.
    pub conv1: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// The first stage.
    pub layer1: Vec<BasicBlock>,
    /// The second stage.
    pub layer2: Vec<BasicBlock>,
    /// The third stage.
    pub layer3: Vec<BasicBlock>,
    /// The fourth stage.
    pub layer4: Vec<BasicBlock>,
    /// The categories' vectors; none for pictures alone.
    pub categories: CategoryEncoder,
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
    /// A network with its start values, for pictures of the config's channels and the other columns of `inputs`.
    pub fn new(
        config: &ResNetConfig,
        inputs: &Inputs,
        outputs: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let (kernel, stride) = if config.stem == Stem::Large { (7, 2) } else { (3, 1) };
        let mut stages = Vec::new();
        let (mut channels, mut filters) = (config.width, config.width);
        for (stage, &blocks) in config.blocks.iter().enumerate().take(STAGES) {
            let stream = stream.at(2 + stage as u64);
            let mut layer = Vec::new();
            for block in 0..blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                layer.push(BasicBlock::new(channels, filters, stride, stream.at(block as u64), device));
                channels = filters;
            }
            stages.push(layer);
            filters *= 2;
        }
        let mut stages = stages.into_iter();
        let mut next = || stages.next().unwrap_or_default();
        let beside = inputs.numbers + inputs.flags + inputs.levels.len() * config.embedding;
        let colours = inputs.image.map_or(3, |image| image.channels);
        Self {
            conv1: square(colours, config.width, kernel, stride, stream.at(0), device),
            bn1: BatchNorm::new(config.width, device),
            layer1: next(),
            layer2: next(),
            layer3: next(),
            layer4: next(),
            categories: CategoryEncoder::new(&inputs.levels, config.embedding, stream.at(99), device),
            fc: Linear::new(channels + beside, outputs, stream.at(1), device),
            pooled: config.stem == Stem::Large,
        }
    }

    /// The outputs of pictures that nothing stands beside.
    pub fn of_images(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        self.fc.forward(self.features(images, pass))
    }

    /// The mean of the last stage over its pixels, `[batch, features]`: what the head sees of a picture.
    pub fn features(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let mut hidden = self.bn1.forward_relu(self.conv1.forward(images), None, pass);
        if self.pooled {
            hidden = max_pool(hidden, Pool { kernel: [3; 2], stride: [2; 2], padding: [1; 2] });
        }
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        for (stage, blocks) in stages.into_iter().enumerate() {
            for (index, block) in blocks.iter().enumerate() {
                hidden = block.forward(hidden, pass);
                pass.tap_with(&format!("layer{}.{index}", stage + 1), || units_first(&hidden));
            }
        }
        global_average(hidden)
    }
}

/// Stages that torchvision's names have a place for.
const STAGES: usize = 4;

/// The pixels of a picture as rows, its channels as units.
fn units_first(hidden: &Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = hidden.dims();
    hidden.clone().inner().permute([0, 2, 3, 1]).reshape([batch * height * width, channels])
}

impl Network for ResNet {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let mut parts = vec![batch.numbers.clone(), batch.flags.clone()];
        parts.extend(self.categories.forward(&batch.codes));
        if let Some(images) = &batch.images {
            parts.insert(0, self.features(images.clone(), pass));
        }
        self.fc.forward(join(parts).unwrap_or_else(|| batch.numbers.clone()))
    }
}

impl BasicBlock {
    fn new(channels: usize, filters: usize, stride: usize, stream: Stream, device: &Device) -> Self {
        let downsample = if channels == filters && stride == 1 {
            None
        } else {
            let conv = square(channels, filters, 1, stride, stream.at(2), device);
            Some(Downsample { conv, norm: BatchNorm::new(filters, device) })
        };
        Self {
            conv1: square(channels, filters, 3, stride, stream.at(0), device),
            bn1: BatchNorm::new(filters, device),
            conv2: square(filters, filters, 3, 1, stream.at(1), device),
            bn2: BatchNorm::new(filters, device),
            downsample,
        }
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
) -> Conv {
    let options = Conv2d { stride: [stride; 2], padding: [kernel / 2; 2], ..Conv2d::default() };
    #[expect(
        clippy::expect_used,
        reason = "one group parts any number of channels, and stride and kernel are not 0"
    )]
    Conv::new(channels, filters, [kernel; 2], options, stream, device).expect("a plain convolution")
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::parameters::Arrays;

    #[test]
    fn resnet18_has_the_known_number_of_parameters_and_halves_its_images() {
        let config = ResNetConfig::resnet18(Stem::Large);
        let device = Device::flex();
        let network = ResNet::new(&config, &Inputs::pictures(64, 3), 1000, Seed(0).stream("init"), &device);
        // torchvision.models.resnet18: 11,689,512 parameters, and 9,600 running means and variances.
        assert_eq!(Arrays::of(&network).count(), 11_689_512 + 9_600);
        let outputs = network.of_images(Tensor::ones([1, 3, 64, 64], &device), &mut Pass::inference());
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
