//! Networks for pictures: a backbone under torchvision's or timm's names, beside it the other columns of the row.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_kernels::global_average;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};
use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::combiner::join;
use crate::encoders::CategoryEncoder;
use crate::export::{Export, ExportError, Written, joined};
use crate::model::Inputs;
use crate::network::{Network, Pass};

pub mod architectures;
mod convolutions;
pub mod efficientnet_lite;
pub mod mobilenet_v2;
pub mod resnet;
pub mod squeezenet;
pub mod vit;

use efficientnet_lite::EfficientNetLite;
use mobilenet_v2::MobileNetV2;
use resnet::{ResNet, ResNetConfig};
use squeezenet::SqueezeNet;
use vit::{Vit, VitConfig};

/// A backbone and what stands beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureConfig {
    /// What looks at the picture.
    pub backbone: BackboneConfig,
    /// The length of a category's vector, for tables that hold more than pictures.
    pub embedding: usize,
    /// The share of features dropped before the head.
    pub dropout: f64,
}

/// What looks at a picture, and its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "snake_case")]
pub enum BackboneConfig {
    /// A residual network.
    Resnet(ResNetConfig),
    /// MobileNetV2 of width 1.
    MobilenetV2(Widths),
    /// SqueezeNet 1.1.
    Squeezenet1_1(Widths),
    /// EfficientNet-Lite0.
    EfficientnetLite0(Widths),
    /// A Transformer over patches.
    Vit(VitConfig),
}

/// What pruning has left of a network whose channels are a table of its paper.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Widths {
    /// The channels of each layer that can be pruned, in the order of the network; empty for the paper's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<usize>,
}

impl Widths {
    /// The channels of the layer at `place`, `published` where nothing was pruned.
    fn at(&self, place: usize, published: usize) -> usize {
        self.inside.get(place).copied().unwrap_or(published).max(1)
    }
}

/// What every backbone can do.
pub trait Look: Module {
    /// The parts in which it is trained, from pixels to the head: the beginnings of their parameters' names.
    const STAGES: &'static [&'static [&'static str]];

    /// The last map of features, `[batch, features, height, width]`, of `[batch, channels, height, width]`.
    fn look(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4>;

    /// What the head sees of a map, `[batch, features]`.
    fn features(&self, map: Tensor<4>) -> Tensor<2> {
        global_average(map)
    }

    /// The head, from features and what stands beside them, `[batch, outputs]`.
    fn head(&self, features: Tensor<2>, pass: &Pass) -> Tensor<2>;

    /// The outputs of pictures that nothing stands beside.
    fn outputs(&self, map: Tensor<4>, dropout: f64, pass: &mut Pass) -> Tensor<2> {
        let features = pass.dropout(self.features(map), dropout);
        pass.feature(&features);
        self.head(features, pass)
    }

    /// The stage of a parameter; what stands beside the backbone counts to the head.
    fn stage_of(name: &str) -> usize {
        Self::STAGES.iter().position(|stage| is_of(stage, name)).unwrap_or(Self::STAGES.len() - 1)
    }
}

/// Whether a parameter's name begins with one of a stage's.
fn is_of(stage: &[&str], name: &str) -> bool {
    let behind = |prefix: &&str| name.strip_prefix(prefix);
    stage.iter().filter_map(behind).any(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The backbones on offer.
#[expect(clippy::large_enum_variant, reason = "there is one")]
#[derive(Module, Debug)]
pub enum Backbone {
    /// A residual network.
    ResNet(ResNet),
    /// MobileNetV2.
    MobileNetV2(MobileNetV2),
    /// SqueezeNet 1.1.
    SqueezeNet(SqueezeNet),
    /// EfficientNet-Lite0.
    EfficientNetLite(EfficientNetLite),
    /// A Transformer over patches.
    Vit(Vit),
}

/// Does the same with whichever backbone it is.
macro_rules! each {
    ($backbone:expr, $network:ident => $call:expr) => {
        match $backbone {
            Backbone::ResNet($network) => $call,
            Backbone::MobileNetV2($network) => $call,
            Backbone::SqueezeNet($network) => $call,
            Backbone::EfficientNetLite($network) => $call,
            Backbone::Vit($network) => $call,
        }
    };
}

/// The beginnings of parameter names by stage, taken from a value of the type.
fn stages<L: Look>(_: &L) -> &'static [&'static [&'static str]] {
    L::STAGES
}

fn stage_of<L: Look>(_: &L, name: &str) -> usize {
    L::stage_of(name)
}

/// A backbone, the vectors of categories beside it, a head.
///
/// # Shapes
/// `[batch, channels, height, width]` and the other columns of the rows to `[batch, outputs]`.
#[derive(Module, Debug)]
pub struct PictureNetwork {
    /// What looks at the picture, the head included.
    pub backbone: Backbone,
    /// The categories' vectors; none for pictures alone.
    pub categories: CategoryEncoder,
    #[module(skip)]
    dropout: f64,
}

impl PictureNetwork {
    /// A network with its start values, for pictures of the config's channels and the other columns of `inputs`.
    pub fn new(
        config: &PictureConfig,
        inputs: &Inputs,
        outputs: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let beside = inputs.numbers + inputs.flags + inputs.levels.len() * config.embedding;
        let channels = inputs.image.map_or(3, |image| image.channels);
        let head = Head { beside, outputs };
        let backbone = match &config.backbone {
            BackboneConfig::Resnet(of) => Backbone::ResNet(ResNet::new(of, channels, head, stream, device)),
            BackboneConfig::MobilenetV2(of) => {
                Backbone::MobileNetV2(MobileNetV2::new(of, channels, head, stream, device))
            }
            BackboneConfig::Squeezenet1_1(of) => {
                Backbone::SqueezeNet(SqueezeNet::new(of, channels, head, stream, device))
            }
            BackboneConfig::EfficientnetLite0(of) => {
                Backbone::EfficientNetLite(EfficientNetLite::new(of, channels, head, stream, device))
            }
            BackboneConfig::Vit(of) => {
                let side = inputs.image.map_or(0, |image| image.side);
                Backbone::Vit(Vit::new(of, [channels, side], head, stream, device))
            }
        };
        let categories = CategoryEncoder::new(&inputs.levels, config.embedding, stream.at(99), device);
        Self { backbone, categories, dropout: config.dropout }
    }

    /// The outputs of pictures that nothing stands beside.
    pub fn of_images(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        each!(&self.backbone, network => {
            let map = network.look(images, pass);
            network.outputs(map, self.dropout, pass)
        })
    }

    /// Whether the parameter called `name` is the network's own, whatever weights it takes over: the head's or of what
    /// stands beside the backbone.
    pub fn is_head(&self, name: &str) -> bool {
        let last = each!(&self.backbone, network => stages(network)).last();
        last.is_some_and(|head| is_of(head, name)) || is_of(&["categories"], name)
    }

    /// The last map of features, `[batch, features, height, width]`.
    pub fn look(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        each!(&self.backbone, network => network.look(images, pass))
    }

    /// The outputs that a last map leads to, for pictures that nothing stands beside.
    pub fn of_map(&self, map: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        each!(&self.backbone, network => network.outputs(map, self.dropout, pass))
    }

    /// What the head sees of a picture, `[batch, features]`.
    pub fn features(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        each!(&self.backbone, network => {
            let map = network.look(images, pass);
            network.features(map)
        })
    }
}

impl Network for PictureNetwork {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let Some(images) = &batch.images else {
            // Rows without pictures are refused where tables are prepared; the head sees what there is.
            return each!(&self.backbone, network => network.head(batch.numbers.clone(), pass));
        };
        let mut beside = vec![batch.numbers.clone(), batch.flags.clone()];
        beside.extend(self.categories.forward(batch));
        let Some(beside) = join(beside) else { return self.of_images(images.clone(), pass) };
        let features = self.features(images.clone(), pass);
        pass.stage(self.stages() - 1);
        let features = pass.dropout(Tensor::cat(vec![features, beside], 1), self.dropout);
        pass.feature(&features);
        each!(&self.backbone, network => network.head(features, pass))
    }

    fn stages(&self) -> usize {
        each!(&self.backbone, network => stages(network).len())
    }

    fn stage_of(&self, name: &str) -> usize {
        each!(&self.backbone, network => stage_of(network, name))
    }
}

/// What the head of a backbone is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Numbers that stand beside the features.
    pub beside: usize,
    /// Classes, or 1.
    pub outputs: usize,
}

/// The pixels of a map as rows, its channels as units, off the gradient graph.
fn units(map: &Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = map.dims();
    map.clone().inner().permute([0, 2, 3, 1]).reshape([batch * height * width, channels])
}

/// What every backbone writes of itself: the operators of [`Look`].
pub(crate) trait WriteLook {
    /// The last map of features.
    fn write_look(&self, graph: &mut GraphWriter, images: &Name) -> Result<Name, ExportError>;

    /// What the head sees of a map.
    fn write_features(&self, graph: &mut GraphWriter, map: &Name) -> Name {
        average_written(graph, map)
    }

    /// The head.
    fn write_head(&self, graph: &mut GraphWriter, features: &Name) -> Name;

    /// The outputs of pictures that nothing stands beside.
    fn write_outputs(&self, graph: &mut GraphWriter, map: &Name) -> Name {
        let features = self.write_features(graph, map);
        self.write_head(graph, &features)
    }
}

/// The mean over pixels, `[rows, channels]`.
fn average_written(graph: &mut GraphWriter, map: &Name) -> Name {
    let mean = graph.node("GlobalAveragePool", &[map], &[]);
    graph.node("Flatten", &[&mean], &[])
}

/// `min(max(x, 0), 6)`.
fn relu6_written(graph: &mut GraphWriter, input: &Name) -> Name {
    let [low, high] = [0.0, 6.0].map(|value| graph.floats("relu6", &[], &[value]));
    graph.node("Clip", &[input, &low, &high], &[])
}

impl Export for PictureNetwork {
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError> {
        let images = inputs.pixels.as_ref().ok_or(ExportError::NoInputs)?;
        let beside = inputs.columns(graph, inputs.numbers.clone(), &self.categories);
        each!(&self.backbone, network => {
            let map = network.write_look(graph, images)?;
            if beside.is_empty() {
                return Ok(network.write_outputs(graph, &map));
            }
            let features = network.write_features(graph, &map);
            let all = joined(graph, &[vec![features], beside].concat())?;
            Ok(network.write_head(graph, &all))
        })
    }
}
