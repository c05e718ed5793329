//! Residual networks (He et al. 2016, <https://arxiv.org/abs/1512.03385>), with torchvision's names.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_kernels::{Cut, Pool, dropout, max_pool};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};
use serde::{Deserialize, Serialize};

use super::convolutions::{Square, meet};
use super::{Head, Look, WriteLook, units};
use crate::export::ExportError;
use crate::layers::{BatchNorm, Conv, Linear};
use crate::network::Pass;

/// The size of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    /// What comes before the blocks.
    pub stem: Stem,
    /// Blocks of each stage, at most four; every stage but the first halves height and width.
    pub blocks: Vec<usize>,
    /// Channels of the first stage; each stage doubles them.
    pub width: usize,
    /// Whether blocks are narrow inside: 1x1, 3x3, then 1x1 to four times the channels.
    #[serde(default)]
    pub bottleneck: bool,
    /// The share of rows for which the last block is passed by while training; earlier blocks have less, in equal steps
    /// (stochastic depth, Huang et al. 2016).
    #[serde(default)]
    pub drop_path: f64,
    /// What pruning has left inside each block, in the order of the network: the channels of all its convolutions but the last.
    /// Empty where nothing was pruned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Vec<usize>>,
}

impl ResNetConfig {
    /// The channels of all convolutions but the last, block by block, with the block's name.
    pub(crate) fn blocks_inside(&self) -> Vec<(String, Vec<usize>)> {
        let convolutions = if self.bottleneck { 2 } else { 1 };
        let mut found = Vec::new();
        for (layer, &blocks) in self.blocks.iter().enumerate().take(LAYERS) {
            for block in 0..blocks {
                let left = self.inside.get(found.len()).cloned();
                let inside = left.unwrap_or_else(|| vec![self.width << layer; convolutions]);
                found.push((format!("layer{}.{block}", layer + 1), inside));
            }
        }
        found
    }

    fn of(stem: Stem, blocks: [usize; 4], bottleneck: bool) -> Self {
        Self { stem, blocks: blocks.to_vec(), width: 64, bottleneck, drop_path: 0.0, inside: Vec::new() }
    }

    /// The ResNet of 18 layers.
    pub fn resnet18(stem: Stem) -> Self {
        Self::of(stem, [2; 4], false)
    }

    /// The ResNet of 34 layers.
    pub fn resnet34(stem: Stem) -> Self {
        Self::of(stem, [3, 4, 6, 3], false)
    }

    /// The ResNet of 50 layers, with the stride in the 3x3 convolutions, as torchvision has it.
    pub fn resnet50(stem: Stem) -> Self {
        Self::of(stem, [3, 4, 6, 3], true)
    }

    /// Three stages of two blocks from 32 channels on: a fifth of the products of 18 layers, for pictures of 64 pixels or
    /// less.
    pub fn resnet14() -> Self {
        Self { blocks: vec![2; 3], width: 32, ..Self::resnet18(Stem::Small) }
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
/// `[batch, channels, height, width]` to a map of the last stage's channels.
#[derive(Module, Debug)]
pub struct ResNet {
    /// The stem's convolution.
    pub conv1: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// The first stage.
    pub layer1: Vec<Block>,
    /// The second stage.
    pub layer2: Vec<Block>,
    /// The third stage.
    pub layer3: Vec<Block>,
    /// The fourth stage.
    pub layer4: Vec<Block>,
    /// The head.
    pub fc: Linear,
    #[module(skip)]
    pooled: bool,
}

/// Convolutions and the way around them.
#[derive(Module, Debug)]
pub struct Block {
    /// The first convolution; with the stage's stride where there are two.
    pub conv1: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// The second convolution; with the stage's stride where there are three.
    pub conv2: Conv,
    /// Its norm.
    pub bn2: BatchNorm,
    /// The third convolution of a bottleneck.
    pub conv3: Option<Conv>,
    /// Its norm.
    pub bn3: Option<BatchNorm>,
    /// Where extents change: a 1x1 convolution and its norm on the way around.
    pub downsample: Option<Downsample>,
    #[module(skip)]
    drop_path: f64,
}

/// The way around a block whose extents change.
#[derive(Module, Debug)]
pub struct Downsample {
    /// The convolution.
    pub conv: Conv,
    /// Its norm.
    pub norm: BatchNorm,
}

/// Stages that torchvision's names have a place for.
const LAYERS: usize = 4;
/// How much wider than inside a bottleneck ends.
const WIDENING: usize = 4;

impl ResNet {
    /// A network with its start values.
    pub fn new(config: &ResNetConfig, colours: usize, head: Head, stream: Stream, device: &Device) -> Self {
        let (kernel, stride) = if config.stem == Stem::Large { (7, 2) } else { (3, 1) };
        let all: usize = config.blocks.iter().take(LAYERS).sum();
        let mut layers = Vec::new();
        let (mut channels, mut width, mut count) = (config.width, config.width, 0u32);
        let mut left = config.blocks_inside().into_iter();
        for (layer, &blocks) in config.blocks.iter().enumerate().take(LAYERS) {
            let stream = stream.at(2 + layer as u64);
            let mut made = Vec::new();
            for block in 0..blocks {
                let stride = if layer > 0 && block == 0 { 2 } else { 1 };
                count += 1;
                let inside = left.next().map_or_else(Vec::new, |(_, inside)| inside);
                let inside = [0, 1].map(|of| inside.get(of).copied().unwrap_or(width).max(1));
                let extents = Extents { channels, width, inside, stride, bottleneck: config.bottleneck };
                let mut next = Block::new(extents, stream.at(block as u64), device);
                next.drop_path = config.drop_path * f64::from(count) / all.max(1) as f64;
                channels = extents.filters();
                made.push(next);
            }
            layers.push(made);
            width *= 2;
        }
        let mut layers = layers.into_iter();
        let mut next = || layers.next().unwrap_or_default();
        Self {
            conv1: Square::full(colours, config.width, kernel, stride).start(stream.at(0), device),
            bn1: BatchNorm::new(config.width, device),
            layer1: next(),
            layer2: next(),
            layer3: next(),
            layer4: next(),
            fc: Linear::new(channels + head.beside, head.outputs, stream.at(1), device),
            pooled: config.stem == Stem::Large,
        }
    }
}

impl Look for ResNet {
    const STAGES: &'static [&'static [&'static str]] =
        &[&["conv1", "bn1"], &["layer1"], &["layer2"], &["layer3"], &["layer4"], &["fc"]];

    fn look(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        pass.stage(0);
        let mut hidden = self.bn1.forward_cut(self.conv1.forward(images, pass), None, Cut::Relu, pass);
        if self.pooled {
            hidden = max_pool(hidden, Pool { kernel: [3; 2], stride: [2; 2], padding: [1; 2] });
        }
        let layers = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        for (layer, blocks) in layers.into_iter().enumerate() {
            pass.stage(1 + layer);
            for (index, block) in blocks.iter().enumerate() {
                hidden = block.forward(hidden, pass);
                pass.tap_with(&format!("layer{}.{index}", layer + 1), || units(&hidden));
            }
        }
        hidden
    }

    fn head(&self, features: Tensor<2>, pass: &Pass) -> Tensor<2> {
        self.fc.forward(features, pass)
    }
}

/// The numbers of a block.
#[derive(Debug, Clone, Copy)]
struct Extents {
    channels: usize,
    /// The stage's, before a bottleneck widens them.
    width: usize,
    /// What the first two convolutions find.
    inside: [usize; 2],
    stride: usize,
    bottleneck: bool,
}

impl Extents {
    fn filters(&self) -> usize {
        if self.bottleneck { self.width * WIDENING } else { self.width }
    }
}

impl Block {
    fn new(of: Extents, stream: Stream, device: &Device) -> Self {
        let Extents { channels, width, inside: [one, two], stride, bottleneck } = of;
        let two = if bottleneck { two } else { width };
        let start = |square: Square, part| square.start(stream.at(part), device);
        let downsample = (channels != of.filters() || stride > 1).then(|| {
            let square = Square { stride, ..Square::pointwise(channels, of.filters()) };
            Downsample { conv: start(square, 2), norm: BatchNorm::new(of.filters(), device) }
        });
        let (first, second) = if bottleneck {
            (Square::pointwise(channels, one), Square::full(one, two, 3, stride))
        } else {
            (Square::full(channels, one, 3, stride), Square::full(one, two, 3, 1))
        };
        Self {
            conv1: start(first, 0),
            bn1: BatchNorm::new(one, device),
            conv2: start(second, 1),
            bn2: BatchNorm::new(two, device),
            conv3: bottleneck.then(|| start(Square::pointwise(two, of.filters()), 3)),
            bn3: bottleneck.then(|| BatchNorm::new(of.filters(), device)),
            downsample,
            drop_path: 0.0,
        }
    }

    fn forward(&self, input: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        // What goes around goes through the same codes.
        let input = pass.rounded(self.conv1.weight.id, input);
        let mut hidden = self.bn1.forward_cut(self.conv1.forward(input.clone(), pass), None, Cut::Relu, pass);
        let around = match &self.downsample {
            Some(way) => {
                let found = way.norm.forward(way.conv.forward(input, pass), pass);
                pass.rounded_output(way.conv.weight.id, found)
            }
            None => input,
        };
        let mut last = (&self.conv2, &self.bn2);
        if let (Some(conv), Some(norm)) = (&self.conv3, &self.bn3) {
            hidden = self.bn2.forward_cut(self.conv2.forward(hidden, pass), None, Cut::Relu, pass);
            last = (conv, norm);
        }
        let (conv, norm) = last;
        if self.drop_path > 0.0 && pass.is_training() {
            let found = norm.forward(conv.forward(hidden, pass), pass);
            return plumb_kernels::relu(around + pass_by(found, self.drop_path, pass));
        }
        let found = conv.forward(hidden, pass);
        meet((norm, conv.weight.id), found, Some(around), Cut::Relu, pass)
    }
}

/// Drops whole rows, and scales the others up to keep the mean.
fn pass_by(found: Tensor<4>, rate: f64, pass: &mut Pass) -> Tensor<4> {
    let batch = found.dims()[0];
    let kept = dropout(Tensor::<1>::ones([batch], &found.device()), pass.chance(rate));
    found * kept.reshape([batch, 1, 1, 1])
}

impl WriteLook for ResNet {
    fn write_look(&self, graph: &mut GraphWriter, images: &Name) -> Result<Name, ExportError> {
        let mut hidden = self.conv1.write(graph, "conv1", Some(&self.bn1), images);
        hidden = graph.node("Relu", &[&hidden], &[]);
        if self.pooled {
            let settings = [
                ("kernel_shape", Setting::Ints(&[3, 3])),
                ("strides", Setting::Ints(&[2, 2])),
                ("pads", Setting::Ints(&[1; 4])),
            ];
            hidden = graph.node("MaxPool", &[&hidden], &settings);
        }
        for (layer, blocks) in
            [&self.layer1, &self.layer2, &self.layer3, &self.layer4].into_iter().enumerate()
        {
            for (index, block) in blocks.iter().enumerate() {
                hidden = block.write(graph, &format!("layer{}.{index}", layer + 1), &hidden);
            }
        }
        Ok(hidden)
    }

    fn write_head(&self, graph: &mut GraphWriter, features: &Name) -> Name {
        self.fc.write(graph, "fc", features)
    }
}

impl Block {
    fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let mut convolutions = vec![("conv1", &self.conv1, &self.bn1), ("conv2", &self.conv2, &self.bn2)];
        convolutions
            .extend(self.conv3.as_ref().zip(self.bn3.as_ref()).map(|(conv, norm)| ("conv3", conv, norm)));
        let mut hidden = input.clone();
        for (index, (name, conv, norm)) in convolutions.into_iter().enumerate() {
            if index > 0 {
                hidden = graph.node("Relu", &[&hidden], &[]);
            }
            hidden = conv.write(graph, &format!("{at}.{name}"), Some(norm), &hidden);
        }
        let around = match &self.downsample {
            Some(way) => way.conv.write(graph, &format!("{at}.downsample.0"), Some(&way.norm), input),
            None => input.clone(),
        };
        let sum = graph.node("Add", &[&hidden, &around], &[]);
        graph.node("Relu", &[&sum], &[])
    }
}

#[cfg(test)]
mod tests {
    use plumb_kernels::Conv2d;
    use plumb_ledger::Seed;

    use super::*;
    use crate::parameters::Arrays;

    fn network(config: &ResNetConfig) -> ResNet {
        let head = Head { beside: 0, outputs: 1000 };
        ResNet::new(config, 3, head, Seed(0).stream("init"), &Device::flex())
    }

    #[test]
    fn networks_have_the_known_numbers_of_parameters_and_halve_their_images() {
        // torchvision's counts, and running means and variances.
        let known = [
            (ResNetConfig::resnet18(Stem::Large), 11_689_512 + 9_600, 512),
            (ResNetConfig::resnet34(Stem::Large), 21_797_672 + 17_024, 512),
            (ResNetConfig::resnet50(Stem::Large), 25_557_032 + 53_120, 2048),
        ];
        for (config, count, width) in known {
            let network = network(&config);
            assert_eq!(Arrays::of(&network).count(), count);
            let map = network.look(Tensor::ones([1, 3, 64, 64], &Device::flex()), &mut Pass::inference());
            assert_eq!(map.dims(), [1, width, 2, 2]);
        }
    }

    #[test]
    fn stochastic_depth_passes_rows_by_and_keeps_the_mean() {
        let rows = Tensor::<4>::ones([1000, 1, 1, 1], &Device::flex());
        let found = pass_by(rows, 0.25, &mut Pass::training(Seed(1).stream("depth"), 1.0));
        let kept: Vec<f32> = crate::parameters::host(found);
        assert!(kept.iter().all(|&value| value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6));
        let share = kept.iter().filter(|&&value| value > 0.0).count() as f64 / 1000.0;
        assert!((share - 0.75).abs() < 0.05, "{share}");
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let options = Conv2d { groups: 2, ..Conv2d::default() };
        let stream = Seed(0).stream("init");
        let error = Conv::new(3, 4, [3; 2], options, stream, &Device::flex()).unwrap_err();
        assert_eq!(error.to_string(), "3 channels cannot be split into 2 groups");
    }
}
