//! Hidden units of networks for tables.

use super::{Place, Sizes, UnitKind, Units};
use crate::models::mlp::MlpConfig;
use crate::models::realmlp::RealMlpConfig;
use crate::models::tabm::TabMConfig;

/// The names of a layer of a network for tables.
struct Names {
    /// Behind `blocks.0.`: of the linear layer.
    linear: &'static str,
    /// The axis of its bias.
    bias: usize,
    /// Values of each unit beside, and the axis.
    beside: &'static [(&'static str, usize)],
    /// The scale of a batch norm among them.
    scale: Option<&'static str>,
    /// The axis of the head's inputs.
    head: usize,
    rooted: bool,
}

fn hidden(widths: &[usize], names: &Names) -> Vec<Units> {
    let block = |(index, &count): (usize, &usize)| {
        let layer = format!("blocks.{index}");
        let linear = format!("{layer}.{}", names.linear);
        let mut own =
            vec![Place::new(format!("{linear}weight"), 1), Place::new(format!("{linear}bias"), names.bias)];
        own.extend(names.beside.iter().map(|(name, axis)| Place::new(format!("{layer}.{name}"), *axis)));
        let fed = if index + 1 < widths.len() {
            Place::new(format!("blocks.{}.{}weight", index + 1, names.linear), 0)
        } else {
            Place::new("head.weight", names.head)
        };
        let scale = names.scale.map(|name| format!("{layer}.{name}"));
        Units { layer, kind: UnitKind::Hidden, count, own, scale, fed: vec![fed], rooted: names.rooted }
    };
    widths.iter().enumerate().map(block).collect()
}

impl Sizes for MlpConfig {
    fn units(&self) -> Vec<Units> {
        const NORM: &[(&str, usize)] =
            &[("norm.weight", 0), ("norm.bias", 0), ("norm.running_mean", 0), ("norm.running_var", 0)];
        let (beside, scale) = if self.norm.is_some() { (NORM, Some("norm.weight")) } else { (&[][..], None) };
        hidden(&self.hidden, &Names { linear: "linear.", bias: 0, beside, scale, head: 0, rooted: false })
    }

    fn set_counts(&mut self, counts: &[usize]) {
        self.hidden = counts.to_vec();
    }
}

impl Sizes for RealMlpConfig {
    fn units(&self) -> Vec<Units> {
        let beside = &[("activation.strength", 1)];
        let names = Names { linear: "linear.", bias: 1, beside, scale: None, head: 0, rooted: true };
        hidden(&self.hidden, &names)
    }

    fn set_counts(&mut self, counts: &[usize]) {
        self.hidden = counts.to_vec();
    }
}

impl Sizes for TabMConfig {
    /// The members share the hidden units; the head of each feeds on them.
    fn units(&self) -> Vec<Units> {
        hidden(&self.hidden, &Names { linear: "", bias: 0, beside: &[], scale: None, head: 1, rooted: false })
    }

    fn set_counts(&mut self, counts: &[usize]) {
        self.hidden = counts.to_vec();
    }
}
