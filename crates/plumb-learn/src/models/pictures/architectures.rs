//! The published architectures, one row each: what weights of that name want.

use plumb_ledger::nearest::did_you_mean;

use super::resnet::{ResNetConfig, Stem};
use super::vit::VitConfig;
use super::{BackboneConfig, PictureConfig, Widths};

/// A published architecture.
#[derive(Debug)]
pub struct Architecture {
    /// torchvision's or timm's name.
    pub name: &'static str,
    /// The network, for pictures of its own side.
    pub config: fn() -> BackboneConfig,
    /// The side of the pictures that published weights were trained on.
    pub side: usize,
    /// Whether other sides go too.
    pub any_side: bool,
    /// The mean of each channel that published weights want, on a scale from 0 to 1.
    pub mean: [f32; 3],
    /// The deviation of each channel.
    pub deviation: [f32; 3],
}

impl Architecture {
    /// The network as published, pictures alone.
    pub fn network(&self) -> PictureConfig {
        PictureConfig { backbone: (self.config)(), embedding: 8, dropout: 0.0 }
    }
}

/// ImageNet's moments, which torchvision's weights want.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// Google's, from -1 to 1.
const HALVES: ([f32; 3], [f32; 3]) = ([0.5; 3], [0.5; 3]);

const fn row(
    name: &'static str,
    config: fn() -> BackboneConfig,
    any_side: bool,
    (mean, deviation): ([f32; 3], [f32; 3]),
) -> Architecture {
    Architecture { name, config, side: 224, any_side, mean, deviation }
}

/// Every architecture that published weights are read for.
pub static ARCHITECTURES: &[Architecture] = &[
    row("resnet18", || BackboneConfig::Resnet(ResNetConfig::resnet18(Stem::Large)), true, IMAGENET),
    row("resnet34", || BackboneConfig::Resnet(ResNetConfig::resnet34(Stem::Large)), true, IMAGENET),
    row("resnet50", || BackboneConfig::Resnet(ResNetConfig::resnet50(Stem::Large)), true, IMAGENET),
    row("mobilenet_v2", || BackboneConfig::MobilenetV2(Widths::default()), true, IMAGENET),
    row("squeezenet1_1", || BackboneConfig::Squeezenet1_1(Widths::default()), true, IMAGENET),
    row("tf_efficientnet_lite0", || BackboneConfig::EfficientnetLite0(Widths::default()), true, HALVES),
    row("vit_tiny_patch16_224", || BackboneConfig::Vit(VitConfig::TINY), false, HALVES),
];

/// No architecture has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown architecture `{0}`")]
pub struct UnknownArchitecture(pub String);

impl plumb_ledger::Explain for UnknownArchitecture {
    fn hint(&self) -> Option<String> {
        Some(did_you_mean(&self.0, ARCHITECTURES.iter().map(|of| of.name)))
    }
    fn exit_code(&self) -> plumb_ledger::ExitCode {
        plumb_ledger::ExitCode::Usage
    }
}

/// The architecture of that name.
pub fn named(name: &str) -> Result<&'static Architecture, UnknownArchitecture> {
    ARCHITECTURES.iter().find(|of| of.name == name).ok_or_else(|| UnknownArchitecture(name.to_owned()))
}
