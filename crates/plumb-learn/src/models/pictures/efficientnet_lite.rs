//! EfficientNet-Lite0 (Tan, Le 2019, <https://arxiv.org/abs/1905.11946>, without squeeze-and-excite and with ReLU6), with
//! timm's names of `tf_efficientnet_lite0` and TensorFlow's padding.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_kernels::Cut;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};

use super::convolutions::{Square, meet};
use super::{Head, Look, Widths, WriteLook, relu6_written, units};
use crate::export::ExportError;
use crate::layers::{BatchNorm, Conv, Linear};
use crate::network::Pass;

/// The network.
///
/// # Shapes
/// `[batch, channels, height, width]` to a map of 1,280 channels, each side a 32nd.
#[derive(Module, Debug)]
pub struct EfficientNetLite {
    /// The stem.
    pub conv_stem: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// The blocks of each stage.
    pub blocks: Vec<Vec<Block>>,
    /// The last convolution.
    pub conv_head: Conv,
    /// Its norm.
    pub bn2: BatchNorm,
    /// The head.
    pub classifier: Linear,
}

/// A block.
#[expect(
    clippy::large_enum_variant,
    reason = "a network has a few dozen, each with weights of kilobytes elsewhere"
)]
#[derive(Module, Debug)]
pub enum Block {
    /// Of the first stage.
    Separable(Separable),
    /// Of the others.
    Inverted(Inverted),
}

/// Depthwise, then narrower.
#[derive(Module, Debug)]
pub struct Separable {
    /// A filter for each channel.
    pub conv_dw: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// Narrower.
    pub conv_pw: Conv,
    /// Its norm.
    pub bn2: BatchNorm,
}

/// Wider, depthwise, narrower, and a way around where extents stay.
#[derive(Module, Debug)]
pub struct Inverted {
    /// Wider.
    pub conv_pw: Conv,
    /// Its norm.
    pub bn1: BatchNorm,
    /// A filter for each channel.
    pub conv_dw: Conv,
    /// Its norm.
    pub bn2: BatchNorm,
    /// Narrower.
    pub conv_pwl: Conv,
    /// Its norm.
    pub bn3: BatchNorm,
    #[module(skip)]
    around: bool,
}

/// Blocks, kernel, stride and channels of each stage behind the first.
const STAGES: [(usize, usize, usize, usize); 6] =
    [(2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320)];
/// Channels of the stem, of the first stage and of the last map.
const STEM: usize = 32;
const FIRST: usize = 16;
const LAST: usize = 1280;
/// How much wider a block is inside.
const EXPANSION: usize = 6;
/// TensorFlow's.
const EPSILON: f32 = 1e-3;

fn norm(units: usize, device: &Device) -> BatchNorm {
    BatchNorm::with_epsilon(units, EPSILON, device)
}

impl EfficientNetLite {
    pub(super) fn new(widths: &Widths, channels: usize, head: Head, stream: Stream, device: &Device) -> Self {
        let separable = Separable {
            conv_dw: Square::depthwise(STEM, 3, 1).start(stream.at(1), device),
            bn1: norm(STEM, device),
            conv_pw: Square::pointwise(STEM, FIRST).start(stream.at(2), device),
            bn2: norm(FIRST, device),
        };
        let mut blocks = vec![vec![Block::Separable(separable)]];
        let (mut at, mut place) = (FIRST, 0);
        for (stage, (count, kernel, stride, filters)) in STAGES.into_iter().enumerate() {
            let stream = stream.at(10 + stage as u64);
            let mut of_stage = Vec::new();
            for block in 0..count {
                let stride = if block == 0 { stride } else { 1 };
                let stream = stream.at(block as u64);
                let wide = widths.at(place, at * EXPANSION);
                let extents = [at, wide, filters];
                of_stage.push(Block::Inverted(Inverted::new(extents, kernel, stride, stream, device)));
                (at, place) = (filters, place + 1);
            }
            blocks.push(of_stage);
        }
        Self {
            conv_stem: Square::full(channels, STEM, 3, 2).start(stream.at(0), device).padded_behind(),
            bn1: norm(STEM, device),
            blocks,
            conv_head: Square::pointwise(at, LAST).start(stream.at(3), device),
            bn2: norm(LAST, device),
            classifier: Linear::new(LAST + head.beside, head.outputs, stream.at(98), device),
        }
    }
}

/// The block of each place (stage and number in it) and its channels inside, as published.
pub(crate) fn published() -> Vec<([usize; 2], usize)> {
    let mut at = FIRST;
    let mut inside = Vec::new();
    for (stage, (count, _, _, filters)) in STAGES.into_iter().enumerate() {
        for block in 0..count {
            inside.push(([stage + 1, block], at * EXPANSION));
            at = filters;
        }
    }
    inside
}

impl Inverted {
    fn new(
        [channels, wide, filters]: [usize; 3],
        kernel: usize,
        stride: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let depthwise = Square::depthwise(wide, kernel, stride).start(stream.at(1), device);
        Self {
            conv_pw: Square::pointwise(channels, wide).start(stream.at(0), device),
            bn1: norm(wide, device),
            conv_dw: if stride == 2 { depthwise.padded_behind() } else { depthwise },
            bn2: norm(wide, device),
            conv_pwl: Square::pointwise(wide, filters).start(stream.at(2), device),
            bn3: norm(filters, device),
            around: stride == 1 && channels == filters,
        }
    }

    fn forward(&self, input: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        // What goes around goes through the same codes.
        let input = pass.rounded(self.conv_pw.weight.id, input);
        let around = self.around.then(|| input.clone());
        let hidden = self.bn1.forward_cut(self.conv_pw.forward(input, pass), None, Cut::Relu6, pass);
        let hidden = self.bn2.forward_cut(self.conv_dw.forward(hidden, pass), None, Cut::Relu6, pass);
        let found = self.conv_pwl.forward(hidden, pass);
        meet((&self.bn3, self.conv_pwl.weight.id), found, around, Cut::None, pass)
    }
}

impl Separable {
    fn forward(&self, input: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let hidden = self.bn1.forward_cut(self.conv_dw.forward(input, pass), None, Cut::Relu6, pass);
        self.bn2.forward(self.conv_pw.forward(hidden, pass), pass)
    }
}

impl Look for EfficientNetLite {
    /// Cut where the map is halved.
    const STAGES: &'static [&'static [&'static str]] = &[
        &["conv_stem", "bn1", "blocks.0"],
        &["blocks.1"],
        &["blocks.2"],
        &["blocks.3", "blocks.4"],
        &["blocks.5", "blocks.6", "conv_head", "bn2"],
        &["classifier"],
    ];

    fn look(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        pass.stage(0);
        let mut hidden = self.bn1.forward_cut(self.conv_stem.forward(images, pass), None, Cut::Relu6, pass);
        for (stage, blocks) in self.blocks.iter().enumerate() {
            pass.stage(Self::stage_of(&format!("blocks.{stage}.")));
            for (index, block) in blocks.iter().enumerate() {
                hidden = match block {
                    Block::Separable(block) => block.forward(hidden, pass),
                    Block::Inverted(block) => block.forward(hidden, pass),
                };
                pass.tap_with(&format!("blocks.{stage}.{index}"), || units(&hidden));
            }
        }
        let map = self.bn2.forward_cut(self.conv_head.forward(hidden, pass), None, Cut::Relu6, pass);
        pass.tap_with("conv_head", || units(&map));
        map
    }

    fn head(&self, features: Tensor<2>, pass: &Pass) -> Tensor<2> {
        self.classifier.forward(features, pass)
    }
}

impl WriteLook for EfficientNetLite {
    fn write_look(&self, graph: &mut GraphWriter, images: &Name) -> Result<Name, ExportError> {
        let stem = self.conv_stem.write(graph, "conv_stem", Some(&self.bn1), images);
        let mut hidden = relu6_written(graph, &stem);
        for (stage, blocks) in self.blocks.iter().enumerate() {
            for (index, block) in blocks.iter().enumerate() {
                let at = format!("blocks.{stage}.{index}");
                hidden = match block {
                    Block::Separable(block) => block.write(graph, &at, &hidden),
                    Block::Inverted(block) => block.write(graph, &at, &hidden),
                };
            }
        }
        let map = self.conv_head.write(graph, "conv_head", Some(&self.bn2), &hidden);
        Ok(relu6_written(graph, &map))
    }

    fn write_head(&self, graph: &mut GraphWriter, features: &Name) -> Name {
        self.classifier.write(graph, "classifier", features)
    }
}

impl Inverted {
    fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let hidden = self.conv_pw.write(graph, &format!("{at}.conv_pw"), Some(&self.bn1), input);
        let hidden = relu6_written(graph, &hidden);
        let hidden = self.conv_dw.write(graph, &format!("{at}.conv_dw"), Some(&self.bn2), &hidden);
        let hidden = relu6_written(graph, &hidden);
        let hidden = self.conv_pwl.write(graph, &format!("{at}.conv_pwl"), Some(&self.bn3), &hidden);
        if self.around { graph.node("Add", &[&hidden, input], &[]) } else { hidden }
    }
}

impl Separable {
    fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let hidden = self.conv_dw.write(graph, &format!("{at}.conv_dw"), Some(&self.bn1), input);
        let hidden = relu6_written(graph, &hidden);
        self.conv_pw.write(graph, &format!("{at}.conv_pw"), Some(&self.bn2), &hidden)
    }
}
