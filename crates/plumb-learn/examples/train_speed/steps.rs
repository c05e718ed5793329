//! Networks of known size on made-up data: forward, backward, gradient norm, update.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::prepare::PreparedLabels;
use plumb_learn::layers::{Activation, EncoderLayer, EncoderLayerConfig, Linear};
use plumb_learn::losses::Loss;
use plumb_learn::model::Inputs;
use plumb_learn::models::pictures::resnet::{ResNetConfig, Stem};
use plumb_learn::models::pictures::{BackboneConfig, PictureConfig, PictureNetwork};
use plumb_learn::network::Pass;
use plumb_learn::optim::{AdamConfig, Hyper, Optimizer, OptimizerConfig, SgdConfig, clip};
use plumb_learn::parameters::{Arrays, gradients, update, write_buffers};
use plumb_ledger::{Seed, Stream};
use serde_json::Value;

use crate::{Extents, Failure};

const CLASSES: usize = 10;

/// What is timed: a network and the input that it sees at every step.
trait Work: Module {
    fn outputs(&self, pass: &mut Pass, input: Vec<f32>, batch: usize, size: usize) -> Tensor<2>;
}

fn device() -> Device {
    Device::flex().autodiff()
}

impl Work for PictureNetwork {
    fn outputs(&self, pass: &mut Pass, input: Vec<f32>, batch: usize, size: usize) -> Tensor<2> {
        let images = Tensor::<4>::from_data(TensorData::new(input, [batch, size, size, 3]), &device());
        self.of_images(images.permute([0, 3, 1, 2]), pass)
    }
}

/// Four layers of 256, the mean over tokens, a linear head.
#[derive(Module, Debug)]
struct Encoder {
    layers: Vec<EncoderLayer>,
    head: Linear,
}

const WIDTH: usize = 256;

impl Encoder {
    fn new(stream: Stream) -> Self {
        let config = EncoderLayerConfig {
            width: WIDTH,
            heads: 4,
            depth: None,
            hidden: 1024,
            activation: Activation::Gelu,
            dropout: 0.1,
            norm_first: false,
            epsilon: 1e-5,
            rotary: false,
            lora: 0,
        };
        let layers =
            (0..4).map(|layer| EncoderLayer::new(&config, stream.at(1 + layer), &device())).collect();
        Self { layers, head: Linear::new(WIDTH, CLASSES, stream.at(0), &device()) }
    }
}

impl Work for Encoder {
    fn outputs(&self, pass: &mut Pass, input: Vec<f32>, batch: usize, size: usize) -> Tensor<2> {
        let input = Tensor::<3>::from_data(TensorData::new(input, [batch, size, WIDTH]), &device());
        let hidden = self.layers.iter().fold(input, |hidden, layer| layer.forward(hidden, None, pass));
        self.head.forward(hidden.mean_dim(1).reshape([batch, WIDTH]), pass)
    }
}

fn run<W: Work>(
    mut network: W,
    entries: usize,
    optimizer: OptimizerConfig,
    of: &Extents,
) -> Result<Value, Failure> {
    let (data, chance) = (Seed(0).stream("made-up"), Seed(0).stream("dropout"));
    let input: Vec<f32> = (0..(of.batch * entries) as u64).map(|i| data.normal(i) as f32).collect();
    let labels =
        PreparedLabels::Classes((0..of.batch as u64).map(|i| data.at(1).below(i, CLASSES) as u32).collect());
    let loss = Loss::CrossEntropy { smoothing: 0.0, class_weights: Vec::new() };
    let mut optimizer = Optimizer::new(optimizer)?;
    let mut times = Vec::new();
    for step in 0..of.steps {
        let start = Instant::now();
        let mut pass = Pass::training(chance.at(step as u64), 1.0);
        let outputs = network.outputs(&mut pass, input.clone(), of.batch, of.size);
        let found = gradients(&network, loss.mean(outputs, &labels).backward());
        let norm = clip::global_norm(found.iter().map(|(_, gradient)| gradient.as_slice()));
        let hyper = Hyper { gradient_scale: clip::factor(norm, 1e9), ..Hyper::at_rate(1e-3) };
        let mut outcome = Ok(());
        network = update(network, |name, _, values| {
            if let Some((_, gradient)) = found.iter().find(|(of, _)| of == name) {
                let moved = optimizer.update(name, values, gradient, &hyper);
                outcome = std::mem::replace(&mut outcome, Ok(())).and(moved);
            }
        });
        outcome?;
        network = write_buffers(network, &pass.take_buffers());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let mut sorted = times.split_off((of.steps / 4).min(5));
    sorted.sort_by(f64::total_cmp);
    Ok(serde_json::json!({
        "median_ms": sorted.get(sorted.len() / 2),
        "weights": Arrays::of(&network).sha256()?.to_string(),
    }))
}

/// ResNet-18 on images of `size` by `size` pixels, SGD with momentum.
pub(crate) fn resnet18(of: &Extents) -> Result<Value, Failure> {
    let stem = if of.size > 64 { Stem::Large } else { Stem::Small };
    let backbone = BackboneConfig::Resnet(ResNetConfig::resnet18(stem));
    let config = PictureConfig { backbone, embedding: 8, dropout: 0.0 };
    let inputs = Inputs::pictures(of.size, 3);
    let network = PictureNetwork::new(&config, &inputs, CLASSES, Seed(0).stream("init"), &device());
    run(network, of.size * of.size * 3, OptimizerConfig::Sgd(SgdConfig::DEFAULT), of)
}

/// A Transformer encoder on sequences of `size` tokens, AdamW.
pub(crate) fn encoder(of: &Extents) -> Result<Value, Failure> {
    run(
        Encoder::new(Seed(0).stream("init")),
        of.size * WIDTH,
        OptimizerConfig::AdamW(AdamConfig::DEFAULT),
        of,
    )
}
