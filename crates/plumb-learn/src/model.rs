//! A model for tables as a whole: what goes in, which network, what comes out. `model.json` is this.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plumb_data::prepare::{Preparation, Prepared};
use plumb_ledger::{Seed, Stream};
use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::layers::merged;
use crate::models::mixed::{MixedConfig, MixedNetwork};
use crate::models::mlp::{Mlp, MlpConfig};
use crate::models::pictures::{PictureConfig, PictureNetwork};
use crate::models::realmlp::{RealMlp, RealMlpConfig};
use crate::models::tabm::{TabM, TabMConfig};
use crate::models::text::{TextConfig, TextNetwork};
use crate::network::{Network, ParameterRule, Pass};
use crate::parameters::Arrays;

/// The device that networks are trained on: the CPU, recording gradients.
pub fn training_device() -> Device {
    Device::flex().autodiff()
}

/// Everything but the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The version of this format: 1.
    pub schema: u32,
    /// What goes in.
    pub inputs: Inputs,
    /// How many outputs there are: classes, or 1 for regression.
    pub outputs: usize,
    /// What is in between.
    pub network: NetworkConfig,
    /// The ways in which a picture is looked at to predict ([`plumb_data::augment::VIEWS`]); their predictions are averaged. None is
    /// the picture as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
}

/// The widths of the prepared input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Scaled numbers.
    pub numbers: usize,
    /// Indicators.
    pub flags: usize,
    /// For each embedded category, how many codes it has, 0 included.
    pub levels: Vec<usize>,
    /// Pictures; none for tables without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageInput>,
    /// Texts; none for tables without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextInput>,
}

/// The extents of a prepared text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextInput {
    /// How many different tokens there are.
    pub vocabulary: usize,
    /// Tokens of a text at most.
    pub length: usize,
}

/// The extents of a prepared picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageInput {
    /// Height and width.
    pub side: usize,
    /// Numbers of a pixel.
    pub channels: usize,
}

impl Inputs {
    /// Pictures alone.
    pub fn pictures(side: usize, channels: usize) -> Self {
        let image = Some(ImageInput { side, channels });
        Self { image, ..Self::default() }
    }

    /// The widths that a preparation gives.
    pub fn of(preparation: &Preparation) -> Self {
        Self {
            numbers: preparation.numbers_width(),
            flags: preparation.flags_width(),
            levels: preparation.cardinalities(),
            image: preparation.image().map(|of| ImageInput { side: of.side, channels: of.channels.count() }),
            text: preparation
                .texts
                .as_ref()
                .map(|of| TextInput { vocabulary: of.tokenizer.size(), length: of.length }),
        }
    }
}

/// Which network, and its size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "preset", rename_all = "lowercase")]
pub enum NetworkConfig {
    /// The plain multilayer perceptron.
    Mlp(MlpConfig),
    /// RealMLP-TD.
    RealMlp(RealMlpConfig),
    /// TabM-mini.
    TabM(TabMConfig),
    /// A network for pictures.
    Pictures(PictureConfig),
    /// A network for texts.
    Text(TextConfig),
    /// A network for rows of several kinds.
    Mixed(MixedConfig),
}

/// Rows that a data-dependent start looks at: more change the deviations by under 2 %.
const START_ROWS: usize = 4096;

impl ModelConfig {
    /// The description and the values of the network with what was trained beside its layers put into them (LoRA); the same where
    /// nothing was.
    #[must_use]
    pub fn merged(mut self, weights: Arrays) -> (Self, Arrays) {
        let text = match &mut self.network {
            NetworkConfig::Text(text) => Some(text),
            NetworkConfig::Mixed(mixed) => mixed.text.as_mut(),
            _ => None,
        };
        match text.filter(|text| text.encoder.layer.lora > 0) {
            Some(text) => {
                text.encoder.layer.lora = 0;
                (self, merged(weights))
            }
            None => (self, weights),
        }
    }

    /// The network with its start values on `device`, a function of (config, seed, training rows).
    pub fn start(&self, seed: Seed, train: &Prepared, device: &Device) -> TabularNetwork {
        let stream = seed.stream("start");
        match &self.network {
            NetworkConfig::Mlp(config) => {
                TabularNetwork::Mlp(Mlp::new(config, &self.inputs, self.outputs, stream, device))
            }
            NetworkConfig::RealMlp(config) => {
                let network = RealMlp::new(config, &self.inputs, self.outputs, stream, device);
                let mut rows = seed.stream("start-rows").permutation(train.rows);
                rows.truncate(START_ROWS);
                let batch = Batch::gather(train, &rows, device);
                TabularNetwork::RealMlp(network.fit_start(&batch, seed.stream("start-fit")))
            }
            NetworkConfig::TabM(config) => {
                let network = TabM::new(config, &self.inputs, self.outputs, stream, device);
                TabularNetwork::TabM(network.fit_start(train))
            }
            NetworkConfig::Pictures(config) => self.pictures(config, stream, device),
            NetworkConfig::Text(config) => self.text(config, stream, device),
            NetworkConfig::Mixed(config) => self.mixed(config, stream, device),
        }
    }

    fn pictures(&self, config: &PictureConfig, stream: Stream, device: &Device) -> TabularNetwork {
        TabularNetwork::Pictures(PictureNetwork::new(config, &self.inputs, self.outputs, stream, device))
    }

    fn text(&self, config: &TextConfig, stream: Stream, device: &Device) -> TabularNetwork {
        TabularNetwork::Text(TextNetwork::new(config, &self.inputs, self.outputs, stream, device))
    }

    fn mixed(&self, config: &MixedConfig, stream: Stream, device: &Device) -> TabularNetwork {
        TabularNetwork::Mixed(MixedNetwork::new(config, &self.inputs, self.outputs, stream, device))
    }

    /// The network with arbitrary values, to load weights into.
    pub fn empty(&self, device: &Device) -> TabularNetwork {
        let stream = Seed(0).stream("empty");
        match &self.network {
            NetworkConfig::Mlp(config) => {
                TabularNetwork::Mlp(Mlp::new(config, &self.inputs, self.outputs, stream, device))
            }
            NetworkConfig::RealMlp(config) => {
                TabularNetwork::RealMlp(RealMlp::new(config, &self.inputs, self.outputs, stream, device))
            }
            NetworkConfig::TabM(config) => {
                TabularNetwork::TabM(TabM::new(config, &self.inputs, self.outputs, stream, device))
            }
            NetworkConfig::Pictures(config) => self.pictures(config, stream, device),
            NetworkConfig::Text(config) => self.text(config, stream, device),
            NetworkConfig::Mixed(config) => self.mixed(config, stream, device),
        }
    }
}

/// A network for the rows of a table, pictures or texts among them.
#[expect(clippy::large_enum_variant, reason = "there is one")]
#[derive(Module, Debug)]
pub enum TabularNetwork {
    /// The plain multilayer perceptron.
    Mlp(Mlp),
    /// RealMLP-TD.
    RealMlp(RealMlp),
    /// TabM-mini.
    TabM(TabM),
    /// A network for pictures.
    Pictures(PictureNetwork),
    /// A network for texts.
    Text(TextNetwork),
    /// A network for rows of several kinds.
    Mixed(MixedNetwork),
}

impl Network for TabularNetwork {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        match self {
            Self::Mlp(network) => network.forward(batch, pass),
            Self::RealMlp(network) => network.forward(batch, pass),
            Self::TabM(network) => network.forward(batch, pass),
            Self::Pictures(network) => network.forward(batch, pass),
            Self::Text(network) => network.forward(batch, pass),
            Self::Mixed(network) => network.forward(batch, pass),
        }
    }

    fn stages(&self) -> usize {
        match self {
            Self::Pictures(network) => network.stages(),
            Self::Text(network) => network.stages(),
            Self::Mixed(network) => network.stages(),
            Self::Mlp(_) | Self::RealMlp(_) | Self::TabM(_) => 1,
        }
    }

    fn stage_of(&self, name: &str) -> usize {
        match self {
            Self::Pictures(network) => network.stage_of(name),
            Self::Text(network) => network.stage_of(name),
            Self::Mixed(network) => network.stage_of(name),
            Self::Mlp(_) | Self::RealMlp(_) | Self::TabM(_) => 0,
        }
    }

    fn rule(&self, name: &str, shape: &[usize]) -> ParameterRule {
        match self {
            Self::Mlp(network) => network.rule(name, shape),
            Self::RealMlp(network) => network.rule(name, shape),
            Self::TabM(network) => network.rule(name, shape),
            Self::Pictures(network) => network.rule(name, shape),
            Self::Text(network) => network.rule(name, shape),
            Self::Mixed(network) => network.rule(name, shape),
        }
    }
}
