//! Channels inside the blocks of networks for pictures; what adds up around the blocks stays.

use super::encoders::{Attended, of_layer, sizes};
use super::{Place, Sizes, UnitKind, Units};
use crate::models::pictures::resnet::ResNetConfig;
use crate::models::pictures::vit::VitConfig;
use crate::models::pictures::{
    BackboneConfig, PictureConfig, Widths, efficientnet_lite, mobilenet_v2, squeezenet,
};

impl Sizes for PictureConfig {
    fn units(&self) -> Vec<Units> {
        match &self.backbone {
            BackboneConfig::Resnet(config) => config.units(),
            BackboneConfig::MobilenetV2(widths) => mobilenet(widths),
            BackboneConfig::Squeezenet1_1(widths) => fires(widths),
            BackboneConfig::EfficientnetLite0(widths) => efficientnet(widths),
            BackboneConfig::Vit(config) => config.units(),
        }
    }

    fn set_counts(&mut self, counts: &[usize]) {
        match &mut self.backbone {
            BackboneConfig::Resnet(config) => config.set_counts(counts),
            BackboneConfig::MobilenetV2(widths)
            | BackboneConfig::Squeezenet1_1(widths)
            | BackboneConfig::EfficientnetLite0(widths) => widths.inside = counts.to_vec(),
            BackboneConfig::Vit(config) => config.set_counts(counts),
        }
    }
}

/// Channels that convolutions with norms make, one after the other (a depthwise one keeps them), and the one that feeds on them.
fn channels(layer: String, count: usize, made: &[[String; 2]], fed: &str) -> Units {
    let norms = made.iter().map(|[_, norm]| norm);
    let of_norm = |norm: &String| {
        ["weight", "bias", "running_mean", "running_var"]
            .map(|value| Place::new(format!("{norm}.{value}"), 0))
    };
    let mut own: Vec<Place> = made.iter().map(|[conv, _]| Place::new(format!("{conv}.weight"), 0)).collect();
    own.extend(norms.flat_map(of_norm));
    let scale = made.last().map(|[_, norm]| format!("{norm}.weight"));
    let fed = vec![Place::new(format!("{fed}.weight"), 1)];
    Units { layer, kind: UnitKind::Channels, count, own, scale, fed, rooted: false }
}

impl Sizes for ResNetConfig {
    fn units(&self) -> Vec<Units> {
        let block = |(block, inside): (String, Vec<usize>)| {
            inside.into_iter().enumerate().map(move |(at, count)| {
                let (own, next) = (at + 1, at + 2);
                let made = [format!("{block}.conv{own}"), format!("{block}.bn{own}")];
                channels(made[0].clone(), count, &[made], &format!("{block}.conv{next}"))
            })
        };
        self.blocks_inside().into_iter().flat_map(block).collect()
    }

    fn set_counts(&mut self, counts: &[usize]) {
        let each = if self.bottleneck { 2 } else { 1 };
        self.inside = counts.chunks(each).map(<[usize]>::to_vec).collect();
    }
}

/// The counts of a network whose channels are a table, those of its paper where nothing was pruned.
fn counts(widths: &Widths, published: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let left = |(at, published)| widths.inside.get(at).copied().unwrap_or(published);
    published.into_iter().enumerate().map(left).collect()
}

/// The first block that is wider inside.
const FIRST_WIDE: usize = 2;

fn mobilenet(widths: &Widths) -> Vec<Units> {
    let block = |(at, count): (usize, usize)| {
        let block = format!("features.{}", FIRST_WIDE + at);
        let made = [0, 1].map(|part| [0, 1].map(|of| format!("{block}.conv.{part}.{of}")));
        channels(block.clone(), count, &made, &format!("{block}.conv.2"))
    };
    counts(widths, mobilenet_v2::published()).into_iter().enumerate().map(block).collect()
}

fn efficientnet(widths: &Widths) -> Vec<Units> {
    let published = efficientnet_lite::published();
    let counts = counts(widths, published.iter().map(|(_, count)| *count));
    let block = |(([stage, block], _), count): (([usize; 2], usize), usize)| {
        let block = format!("blocks.{stage}.{block}");
        let made =
            [["conv_pw", "bn1"], ["conv_dw", "bn2"]].map(|part| part.map(|of| format!("{block}.{of}")));
        channels(block.clone(), count, &made, &format!("{block}.conv_pwl"))
    };
    published.into_iter().zip(counts).map(block).collect()
}

/// The channels of each way of a fire module; those that two ways find stand one behind the other in what feeds on them.
fn fires(widths: &Widths) -> Vec<Units> {
    let published: Vec<(usize, [usize; 3])> = squeezenet::published().collect();
    let counts = counts(widths, published.iter().flat_map(|(_, channels)| *channels));
    let mut units = Vec::new();
    for (index, (place, _)) in published.iter().enumerate() {
        let at = |way: &str| format!("features.{place}.{way}");
        let own =
            |way: &str| ["weight", "bias"].map(|of| Place::new(format!("{}.{of}", at(way)), 0)).to_vec();
        let behind = match published.get(index + 1) {
            Some((next, _)) => format!("features.{next}.squeeze.weight"),
            None => "classifier.1.weight".to_owned(),
        };
        let few = ["expand1x1", "expand3x3"].map(|way| Place::new(format!("{}.weight", at(way)), 1)).to_vec();
        let beside = counts.get(3 * index + 1).copied().unwrap_or(0);
        let second = Place { before: beside, ..Place::new(behind.clone(), 1) };
        let ways =
            [("squeeze", few), ("expand1x1", vec![Place::new(behind, 1)]), ("expand3x3", vec![second])];
        for (of, (way, fed)) in ways.into_iter().enumerate() {
            let count = counts.get(3 * index + of).copied().unwrap_or(0);
            let (layer, own) = (at(way), own(way));
            units.push(Units {
                layer,
                kind: UnitKind::Channels,
                count,
                own,
                scale: None,
                fed,
                rooted: false,
            });
        }
    }
    units
}

impl Sizes for VitConfig {
    fn units(&self) -> Vec<Units> {
        let names = Attended {
            projected: "attn.qkv",
            out: "attn.proj",
            wide: "mlp.fc1",
            back: "mlp.fc2",
            depth: self.width / self.heads.max(1),
        };
        (0..self.depth)
            .flat_map(|index| of_layer(&format!("blocks.{index}"), self.size(index), &names))
            .collect()
    }

    fn set_counts(&mut self, counts: &[usize]) {
        self.sizes = sizes(counts);
    }
}
