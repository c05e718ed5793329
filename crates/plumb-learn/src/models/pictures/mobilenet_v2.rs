//! MobileNetV2 of width 1 (Sandler et al. 2018, <https://arxiv.org/abs/1801.04381>), with torchvision's names.

use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};
use plumb_kernels::Cut;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};

use super::convolutions::{ConvNorm, Square, meet};
use super::{Head, Look, Widths, WriteLook, units};
use crate::export::ExportError;
use crate::layers::{BatchNorm, Conv, Linear};
use crate::network::Pass;

/// The network.
///
/// # Shapes
/// `[batch, channels, height, width]` to a map of 1,280 channels, each side a 32nd.
#[derive(Module, Debug)]
pub struct MobileNetV2 {
    /// The stem, 17 blocks, a 1x1 convolution.
    pub features: Vec<Feature>,
    /// Dropout, which has no values, and the head.
    pub classifier: Vec<Option<Linear>>,
}

/// A part of the network.
#[expect(
    clippy::large_enum_variant,
    reason = "a network has a few dozen, each with weights of kilobytes elsewhere"
)]
#[derive(Module, Debug)]
pub enum Feature {
    /// The first and the last one.
    Plain(ConvNorm),
    /// Those in between.
    Block(InvertedResidual),
}

/// Wider, depthwise, narrower, and a way around where extents stay.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    /// The parts in their order.
    pub conv: Vec<Part>,
    #[module(skip)]
    around: bool,
}

/// A part of a block.
#[expect(
    clippy::large_enum_variant,
    reason = "a network has a few dozen, each with weights of kilobytes elsewhere"
)]
#[derive(Module, Debug)]
pub enum Part {
    /// Ends in ReLU6.
    Cut(ConvNorm),
    /// The last convolution.
    Conv(Conv),
    /// Its norm.
    Norm(BatchNorm),
}

impl Part {
    /// The weights of its convolution.
    fn weight(&self) -> Option<ParamId> {
        match self {
            Self::Cut(part) => Some(part.conv.weight.id),
            Self::Conv(conv) => Some(conv.weight.id),
            Self::Norm(_) => None,
        }
    }
}

/// Expansion, channels, blocks and stride of each row of the paper's table 2.
const ROWS: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];
/// Channels of the stem and of the last map.
const ENDS: [usize; 2] = [32, 1280];

impl MobileNetV2 {
    pub(super) fn new(widths: &Widths, channels: usize, head: Head, stream: Stream, device: &Device) -> Self {
        let mut at = ENDS[0];
        let mut inside = published().into_iter().enumerate().map(|(place, wide)| widths.at(place, wide));
        let stem = ConvNorm::new(Square::full(channels, at, 3, 2), stream.at(0), device);
        let mut features = vec![Feature::Plain(stem)];
        for (expansion, filters, blocks, stride) in ROWS {
            for block in 0..blocks {
                let stride = if block == 0 { stride } else { 1 };
                let stream = stream.at(features.len() as u64);
                let wide = if expansion > 1 { inside.next() } else { None };
                let block = InvertedResidual::new([at, filters], wide, stride, stream, device);
                features.push(Feature::Block(block));
                at = filters;
            }
        }
        let last = ConvNorm::new(Square::pointwise(at, ENDS[1]), stream.at(features.len() as u64), device);
        features.push(Feature::Plain(last));
        let head = Linear::new(ENDS[1] + head.beside, head.outputs, stream.at(98), device);
        Self { features, classifier: vec![None, Some(head)] }
    }
}

/// The channels inside each block that is wider there, as published.
pub(crate) fn published() -> Vec<usize> {
    let mut at = ENDS[0];
    let mut inside = Vec::new();
    for (expansion, filters, blocks, _) in ROWS {
        for _ in 0..blocks {
            inside.extend((expansion > 1).then_some(at * expansion));
            at = filters;
        }
    }
    inside
}

impl InvertedResidual {
    /// `wide` is how many channels there are inside; none for those that come in.
    fn new(
        [channels, filters]: [usize; 2],
        wide: Option<usize>,
        stride: usize,
        stream: Stream,
        device: &Device,
    ) -> Self {
        let mut conv = Vec::new();
        if let Some(wide) = wide {
            conv.push(Part::Cut(ConvNorm::new(Square::pointwise(channels, wide), stream.at(0), device)));
        }
        let wide = wide.unwrap_or(channels);
        conv.push(Part::Cut(ConvNorm::new(Square::depthwise(wide, 3, stride), stream.at(1), device)));
        conv.push(Part::Conv(Square::pointwise(wide, filters).start(stream.at(2), device)));
        conv.push(Part::Norm(BatchNorm::new(filters, device)));
        Self { conv, around: stride == 1 && channels == filters }
    }

    fn forward(&self, input: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        // What goes around goes through the same codes.
        let first = self.conv.iter().find_map(Part::weight);
        let input = match first {
            Some(first) => pass.rounded(first, input),
            None => input,
        };
        let mut hidden = input.clone();
        let mut around = self.around.then_some(input);
        let mut last = first;
        for part in &self.conv {
            last = part.weight().or(last);
            hidden = match (part, last) {
                (Part::Cut(part), _) => part.forward(hidden, Cut::Relu6, pass),
                (Part::Conv(conv), _) => conv.forward(hidden, pass),
                (Part::Norm(norm), Some(last)) => meet((norm, last), hidden, around.take(), Cut::None, pass),
                (Part::Norm(norm), None) => norm.forward(hidden, pass),
            };
        }
        hidden
    }
}

impl Look for MobileNetV2 {
    /// Cut where the map is halved.
    const STAGES: &'static [&'static [&'static str]] = &[
        &["features.0", "features.1"],
        &["features.2", "features.3"],
        &["features.4", "features.5", "features.6"],
        &[
            "features.7",
            "features.8",
            "features.9",
            "features.10",
            "features.11",
            "features.12",
            "features.13",
        ],
        &["features.14", "features.15", "features.16", "features.17", "features.18"],
        &["classifier"],
    ];

    fn look(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let mut hidden = images;
        for (index, feature) in self.features.iter().enumerate() {
            pass.stage(Self::stage_of(&format!("features.{index}.")));
            hidden = match feature {
                Feature::Plain(feature) => feature.forward(hidden, Cut::Relu6, pass),
                Feature::Block(feature) => feature.forward(hidden, pass),
            };
            pass.tap_with(&format!("features.{index}"), || units(&hidden));
        }
        hidden
    }

    fn head(&self, features: Tensor<2>, pass: &Pass) -> Tensor<2> {
        self.classifier.iter().flatten().fold(features, |features, head| head.forward(features, pass))
    }
}

impl WriteLook for MobileNetV2 {
    fn write_look(&self, graph: &mut GraphWriter, images: &Name) -> Result<Name, ExportError> {
        let mut hidden = images.clone();
        for (index, feature) in self.features.iter().enumerate() {
            let at = format!("features.{index}");
            hidden = match feature {
                Feature::Plain(feature) => feature.write(graph, &at, &hidden),
                Feature::Block(feature) => feature.write(graph, &at, &hidden),
            };
        }
        Ok(hidden)
    }

    fn write_head(&self, graph: &mut GraphWriter, features: &Name) -> Name {
        let heads = self.classifier.iter().enumerate();
        let heads = heads.filter_map(|(index, head)| Some((index, head.as_ref()?)));
        heads.fold(features.clone(), |features, (index, head)| {
            head.write(graph, &format!("classifier.{index}"), &features)
        })
    }
}

impl InvertedResidual {
    fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let mut hidden = input.clone();
        for (index, part) in self.conv.iter().enumerate() {
            hidden = match (part, self.conv.get(index + 1)) {
                (Part::Cut(part), _) => part.write(graph, &format!("{at}.conv.{index}"), &hidden),
                (Part::Conv(conv), Some(Part::Norm(norm))) => {
                    conv.write(graph, &format!("{at}.conv.{index}"), Some(norm), &hidden)
                }
                (Part::Conv(conv), _) => conv.write(graph, &format!("{at}.conv.{index}"), None, &hidden),
                // Folded into the convolution before it.
                (Part::Norm(_), _) => hidden,
            };
        }
        if self.around { graph.node("Add", &[&hidden, input], &[]) } else { hidden }
    }
}
