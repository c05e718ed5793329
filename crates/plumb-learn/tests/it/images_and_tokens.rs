//! The networks for images and tokens: the same weights whatever the number of threads.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::prepare::PreparedLabels;
use plumb_learn::layers::{Activation, EncoderLayer, EncoderLayerConfig, Linear};
use plumb_learn::losses::Loss;
use plumb_learn::model::Inputs;
use plumb_learn::models::pictures::resnet::ResNetConfig;
use plumb_learn::models::pictures::{BackboneConfig, PictureConfig, PictureNetwork};
use plumb_learn::network::Pass;
use plumb_learn::optim::{Hyper, Optimizer, OptimizerConfig, SgdConfig};
use plumb_learn::parameters::{Arrays, gradients, update, write_buffers};
use plumb_ledger::{Seed, Sha256};

const BATCH: usize = 12;
const CLASSES: usize = 4;

fn device() -> Device {
    Device::flex().autodiff()
}

fn made_up<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let stream = Seed(3).stream("made-up");
    let count = shape.iter().product::<usize>() as u64;
    let values: Vec<f32> = (0..count).map(|i| stream.normal(i) as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device())
}

/// The weights after some steps.
fn trained<M: Module>(mut network: M, outputs: impl Fn(&M, &mut Pass) -> Tensor<2>) -> Sha256 {
    let loss = Loss::CrossEntropy { smoothing: 0.1, class_weights: Vec::new() };
    let labels = PreparedLabels::Classes((0..BATCH as u32).map(|row| row % CLASSES as u32).collect());
    let mut optimizer = Optimizer::new(OptimizerConfig::Sgd(SgdConfig::DEFAULT)).unwrap();
    for step in 0..3 {
        let mut pass = Pass::training(Seed(1).stream("dropout").at(step), 1.0);
        let found = gradients(&network, loss.mean(outputs(&network, &mut pass), &labels).backward());
        network = update(network, |name, _, values| {
            let gradient = found.iter().find(|(of, _)| of == name).map(|(_, gradient)| gradient);
            if let Some(gradient) = gradient {
                optimizer.update(name, values, gradient, &Hyper::at_rate(0.01)).unwrap();
            }
        });
        network = write_buffers(network, &pass.take_buffers());
    }
    Arrays::of(&network).sha256().unwrap()
}

fn with_threads(threads: usize, work: impl Fn() -> Sha256 + Send) -> Sha256 {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn resnet_has_the_same_weights_with_any_number_of_threads() {
    let config = ResNetConfig { blocks: vec![1, 1, 1], ..ResNetConfig::resnet14() };
    let backbone = BackboneConfig::Resnet(config);
    let config = PictureConfig { backbone, embedding: 8, dropout: 0.0 };
    let work = || {
        let inputs = Inputs::pictures(16, 3);
        let network = PictureNetwork::new(&config, &inputs, CLASSES, Seed(0).stream("init"), &device());
        trained(network, |network, pass| network.of_images(made_up([BATCH, 3, 16, 16]), pass))
    };
    let one = with_threads(1, work);
    assert_eq!(one, with_threads(2, work));
    assert_eq!(one, with_threads(5, work));
}

#[derive(Module, Debug)]
struct Encoder {
    layers: Vec<EncoderLayer>,
    head: Linear,
}

#[test]
fn encoder_has_the_same_weights_with_any_number_of_threads() {
    for norm_first in [false, true] {
        let config = EncoderLayerConfig {
            width: 32,
            heads: 2,
            depth: None,
            hidden: 64,
            activation: Activation::Gelu,
            dropout: 0.1,
            norm_first,
            epsilon: 1e-5,
            rotary: false,
            lora: 0,
        };
        let work = || {
            let stream = Seed(0).stream("init");
            let layers = (0..2).map(|i| EncoderLayer::new(&config, stream.at(i), &device())).collect();
            let network = Encoder { layers, head: Linear::new(32, CLASSES, stream.at(9), &device()) };
            trained(network, |network, pass| {
                let lengths = (0..BATCH).map(|row| 100 + row).collect::<Vec<_>>().into();
                let tokens = made_up([BATCH, 150, 32]);
                let through = |hidden, layer: &EncoderLayer| layer.forward(hidden, Some(&lengths), pass);
                let hidden = network.layers.iter().fold(tokens, through);
                network.head.forward(hidden.mean_dim(1).reshape([BATCH, 32]), &Pass::inference())
            })
        };
        let one = with_threads(1, work);
        assert_eq!(one, with_threads(2, work));
        assert_eq!(one, with_threads(5, work));
    }
}
