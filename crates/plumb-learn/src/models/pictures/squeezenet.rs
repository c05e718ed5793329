//! SqueezeNet 1.1 (Iandola et al. 2016, <https://arxiv.org/abs/1602.07360>), with torchvision's names.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_kernels::{Conv2d, Pool, global_average, max_pool, relu};
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name, Setting};

use super::convolutions::{Square, conv};
use super::{Head, Look, Widths, WriteLook, average_written, units};
use crate::export::ExportError;
use crate::layers::Conv;
use crate::network::Pass;

/// The network.
///
/// # Shapes
/// `[batch, channels, height, width]` to a map of 512 channels, each side a 16th.
#[derive(Module, Debug)]
pub struct SqueezeNet {
    /// The stem, ReLU, poolings and fire modules; what has no values has a place all the same.
    pub features: Vec<Option<Feature>>,
    /// Dropout, which has no values, and the head: a 1x1 convolution.
    pub classifier: Vec<Option<Conv>>,
}

/// A part of the network.
#[expect(
    clippy::large_enum_variant,
    reason = "a network has a few dozen, each with weights of kilobytes elsewhere"
)]
#[derive(Module, Debug)]
pub enum Feature {
    /// The first one.
    Stem(Conv),
    /// The others.
    Fire(Fire),
}

/// Few channels, then many by two ways.
#[derive(Module, Debug)]
pub struct Fire {
    /// To few channels.
    pub squeeze: Conv,
    /// To half of the many by 1x1.
    pub expand1x1: Conv,
    /// To the other half by 3x3.
    pub expand3x3: Conv,
}

/// Channels of the stem.
const STEM: usize = 64;
/// Place, few and half of the many channels of each fire module.
const FIRES: [(usize, usize, usize); 8] = [
    (3, 16, 64),
    (4, 16, 64),
    (6, 32, 128),
    (7, 32, 128),
    (9, 48, 192),
    (10, 48, 192),
    (11, 64, 256),
    (12, 64, 256),
];
/// How the last convolution starts, as in torchvision: all classes alike.
const HEAD_DEVIATION: f64 = 0.01;
/// Places of the poolings.
const POOLS: [usize; 3] = [2, 5, 8];

impl SqueezeNet {
    pub(super) fn new(widths: &Widths, channels: usize, head: Head, stream: Stream, device: &Device) -> Self {
        let stem = Conv2d { stride: [2; 2], ..Conv2d::default() };
        let stem = conv(channels, STEM, 3, stem, stream.at(0), device).with_bias(device);
        let mut features = vec![Some(Feature::Stem(stem))];
        let mut at = STEM;
        for (fire, (place, few, half)) in FIRES.into_iter().enumerate() {
            let [few, one, three] =
                [(0, few), (1, half), (2, half)].map(|(of, count)| widths.at(3 * fire + of, count));
            features.resize_with(place, || None);
            let fire = Fire::new(at, few, [one, three], stream.at(place as u64), device);
            features.push(Some(Feature::Fire(fire)));
            at = one + three;
        }
        let head = Square::pointwise(at + head.beside, head.outputs)
            .start(stream.at(98), device)
            .with_deviation(HEAD_DEVIATION, stream.at(98), device);
        Self { features, classifier: vec![None, Some(head.with_bias(device))] }
    }
}

/// The place of each fire module and its channels, few, by 1x1 and by 3x3, as published.
pub(crate) fn published() -> impl Iterator<Item = (usize, [usize; 3])> {
    FIRES.into_iter().map(|(place, few, half)| (place, [few, half, half]))
}

impl Fire {
    fn new(channels: usize, few: usize, [one, three]: [usize; 2], stream: Stream, device: &Device) -> Self {
        let start = |square: Square, part| square.start(stream.at(part), device).with_bias(device);
        Self {
            squeeze: start(Square::pointwise(channels, few), 0),
            expand1x1: start(Square::pointwise(few, one), 1),
            expand3x3: start(Square::full(few, three, 3, 1), 2),
        }
    }

    fn forward(&self, input: Tensor<4>, pass: &Pass) -> Tensor<4> {
        let few = relu(self.squeeze.forward(input, pass));
        let ways = vec![self.expand1x1.forward(few.clone(), pass), self.expand3x3.forward(few, pass)];
        relu(Tensor::cat(ways, 1))
    }
}

/// Windows of 3 by 3, two pixels apart; the last one may reach over the edge, as torchvision's `ceil_mode` lets it.
///
/// Where it does, two pixels of padding in front make one place more, which is cut off.
fn pool(input: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    let more = [height, width].map(|side| usize::from(side.is_multiple_of(2)));
    let pooled = max_pool(input, Pool { kernel: [3; 2], stride: [2; 2], padding: more.map(|more| 2 * more) });
    let [batch, channels, height, width] = pooled.dims();
    if more == [0; 2] {
        pooled
    } else {
        pooled.slice([0..batch, 0..channels, more[0]..height, more[1]..width])
    }
}

impl Look for SqueezeNet {
    /// Cut at the poolings.
    const STAGES: &'static [&'static [&'static str]] = &[
        &["features.0"],
        &["features.3", "features.4"],
        &["features.6", "features.7"],
        &["features.9", "features.10", "features.11", "features.12"],
        &["classifier"],
    ];

    fn look(&self, images: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let mut hidden = images;
        for (place, feature) in self.features.iter().enumerate() {
            hidden = match feature {
                Some(Feature::Stem(stem)) => relu(stem.forward(hidden, pass)),
                Some(Feature::Fire(fire)) => fire.forward(hidden, pass),
                None if POOLS.contains(&place) => pool(hidden),
                None => continue,
            };
            pass.tap_with(&format!("features.{place}"), || units(&hidden));
        }
        hidden
    }

    fn head(&self, features: Tensor<2>, pass: &Pass) -> Tensor<2> {
        let [batch, units] = features.dims();
        let pixels = features.reshape([batch, units, 1, 1]);
        let outputs =
            self.classifier.iter().flatten().fold(pixels, |pixels, head| head.forward(pixels, pass));
        global_average(outputs)
    }

    /// The published head looks at each place of the map, cuts at 0 and takes the mean.
    fn outputs(&self, map: Tensor<4>, dropout: f64, pass: &mut Pass) -> Tensor<2> {
        let map = pass.dropout(map, dropout);
        pass.feature(&global_average(map.clone()));
        let heads = self.classifier.iter().flatten();
        global_average(relu(heads.fold(map, |map, head| head.forward(map, pass))))
    }
}

impl WriteLook for SqueezeNet {
    fn write_look(&self, graph: &mut GraphWriter, images: &Name) -> Result<Name, ExportError> {
        let mut hidden = images.clone();
        for (place, feature) in self.features.iter().enumerate() {
            hidden = match feature {
                Some(Feature::Stem(stem)) => {
                    let found = stem.write(graph, &format!("features.{place}"), None, &hidden);
                    graph.node("Relu", &[&found], &[])
                }
                Some(Feature::Fire(fire)) => fire.write(graph, &format!("features.{place}"), &hidden),
                None if POOLS.contains(&place) => {
                    let settings = [
                        ("kernel_shape", Setting::Ints(&[3, 3])),
                        ("strides", Setting::Ints(&[2, 2])),
                        ("ceil_mode", Setting::Int(1)),
                    ];
                    graph.node("MaxPool", &[&hidden], &settings)
                }
                None => continue,
            };
        }
        Ok(hidden)
    }

    fn write_head(&self, graph: &mut GraphWriter, features: &Name) -> Name {
        let axes = graph.wholes("pixel", &[2], &[2, 3]);
        let pixels = graph.node("Unsqueeze", &[features, &axes], &[]);
        let outputs = self.write_classifier(graph, &pixels);
        average_written(graph, &outputs)
    }

    fn write_outputs(&self, graph: &mut GraphWriter, map: &Name) -> Name {
        let outputs = self.write_classifier(graph, map);
        let outputs = graph.node("Relu", &[&outputs], &[]);
        average_written(graph, &outputs)
    }
}

impl SqueezeNet {
    fn write_classifier(&self, graph: &mut GraphWriter, map: &Name) -> Name {
        let heads = self.classifier.iter().enumerate();
        let heads = heads.filter_map(|(index, head)| Some((index, head.as_ref()?)));
        heads.fold(map.clone(), |map, (index, head)| {
            head.write(graph, &format!("classifier.{index}"), None, &map)
        })
    }
}

impl Fire {
    fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let few = self.squeeze.write(graph, &format!("{at}.squeeze"), None, input);
        let few = graph.node("Relu", &[&few], &[]);
        let narrow = self.expand1x1.write(graph, &format!("{at}.expand1x1"), None, &few);
        let wide = self.expand3x3.write(graph, &format!("{at}.expand3x3"), None, &few);
        let both = graph.node("Concat", &[&narrow, &wide], &[("axis", Setting::Int(1))]);
        graph.node("Relu", &[&both], &[])
    }
}
