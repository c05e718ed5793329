//! Heads and hidden units of Transformers.

use super::{Place, Sizes, UnitKind, Units};
use crate::layers::LayerSize;
use crate::models::text::TextConfig;

/// The names of a layer's linear maps, and the length of a head's vectors.
pub(super) struct Attended {
    pub(super) projected: &'static str,
    pub(super) out: &'static str,
    pub(super) wide: &'static str,
    pub(super) back: &'static str,
    pub(super) depth: usize,
}

/// The heads of a layer, and its hidden units.
pub(super) fn of_layer(layer: &str, size: LayerSize, names: &Attended) -> [Units; 2] {
    let at = |name: &str, value: &str| format!("{layer}.{name}.{value}");
    let of_heads = |name, axis, parts| Place { parts, span: names.depth, ..Place::new(name, axis) };
    let heads = Units {
        layer: format!("{layer}.{}", names.projected),
        kind: UnitKind::Heads,
        count: size.heads,
        own: vec![of_heads(at(names.projected, "weight"), 1, 3), of_heads(at(names.projected, "bias"), 0, 3)],
        scale: None,
        fed: vec![of_heads(at(names.out, "weight"), 0, 1)],
        rooted: false,
    };
    let hidden = Units {
        layer: format!("{layer}.{}", names.wide),
        kind: UnitKind::Hidden,
        count: size.hidden,
        own: vec![Place::new(at(names.wide, "weight"), 1), Place::new(at(names.wide, "bias"), 0)],
        scale: None,
        fed: vec![Place::new(at(names.back, "weight"), 0)],
        rooted: false,
    };
    [heads, hidden]
}

/// The sizes that counts in the order of [`of_layer`] say.
pub(super) fn sizes(counts: &[usize]) -> Vec<LayerSize> {
    counts.as_chunks().0.iter().map(|&[heads, hidden]| LayerSize { heads, hidden }).collect()
}

impl Sizes for TextConfig {
    fn units(&self) -> Vec<Units> {
        let layer = &self.encoder.layer;
        let usual = LayerSize { heads: layer.heads, hidden: layer.hidden };
        let names = Attended {
            projected: "in_proj",
            out: "out_proj",
            wide: "linear1",
            back: "linear2",
            depth: layer.depth(),
        };
        let of = |index: usize| {
            let size = self.encoder.sizes.get(index).copied().unwrap_or(usual);
            of_layer(&format!("encoder.layers.{index}"), size, &names)
        };
        (0..self.encoder.layers).flat_map(of).collect()
    }

    fn set_counts(&mut self, counts: &[usize]) {
        self.encoder.sizes = sizes(counts);
    }
}
