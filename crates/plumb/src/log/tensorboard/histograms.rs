//! The plugin `histograms`: weights, gradients and activations of each layer, as rows of left edge, right edge, count.

use plumb_learn::train::{Event, Histogram};

use super::proto::{DataClass, Value};
use super::value::{Plugin, doubles};
use crate::log::note::{Content, Note};

const PLUGIN: Plugin = Plugin { name: "histograms", class: DataClass::Tensor };

pub(super) fn values(note: &Note) -> Vec<Value> {
    let Content::Event(Event::Layers { layers, activations, .. }) = &note.content else { return Vec::new() };
    let of_layers = layers.iter().flat_map(|(name, stats)| {
        [("weights", &stats.values), ("gradients", &stats.gradient)].map(|(what, of)| (what, name, of))
    });
    let of_activations = activations.iter().map(|(name, stats)| ("activations", name, &stats.values));
    let shown = of_layers.chain(of_activations);
    shown.filter_map(|(what, name, of)| Some(value(format!("{what}/{name}"), of.as_ref()?))).collect()
}

/// Equal bins from the least to the greatest value.
fn value(tag: String, Histogram { low, high, counts }: &Histogram) -> Value {
    let width = (high - low) / counts.len().max(1) as f64;
    let edge = |bin: usize| if bin == counts.len() { *high } else { low + width * bin as f64 };
    let row = |(bin, &count): (usize, &u32)| [edge(bin), edge(bin + 1), f64::from(count)];
    PLUGIN.value(tag, doubles(&[counts.len(), 3], counts.iter().enumerate().flat_map(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_tile_the_range() {
        let histogram = Histogram { low: -1.0, high: 2.0, counts: vec![4, 0, 5] };
        let tensor = value("weights/a".to_owned(), &histogram).tensor.unwrap();
        let numbers = tensor.tensor_content.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
        assert!(numbers.eq([-1.0, 0.0, 4.0, 0.0, 1.0, 0.0, 1.0, 2.0, 5.0]));
    }
}
