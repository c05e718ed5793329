//! What a network costs: numbers to store, and products of one row.

use burn::tensor::Device;
use plumb_data::prepare::Prepared;

use super::units::{Place, Units};
use crate::batches::Batch;
use crate::model::{NetworkConfig, TabularNetwork};
use crate::models::pictures::resnet::Stem;
use crate::models::pictures::{BackboneConfig, PictureConfig};
use crate::network::{Network as _, Pass};
use crate::parameters::Arrays;
use crate::predict::TrainedModel;

/// What a network costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cost {
    /// Numbers that are stored, running statistics of norms included.
    pub parameters: u64,
    /// Multiply-adds of a row in products, convolutions and attention; the mean over some rows where texts differ in length.
    pub multiply_adds: u64,
}

/// Rows that are looked at.
const ROWS: usize = 16;

impl Cost {
    /// What a model costs on rows like these.
    ///
    /// How often a weight is used is seen from what its layer shows: at each pixel, for each token, by each member.
    #[must_use]
    pub fn of(model: &TrainedModel, rows: &Prepared) -> Self {
        let arrays = Arrays::of(model.network());
        let seen = Seen::of(model, rows);
        let multiply_adds: f64 = arrays
            .0
            .iter()
            .filter(|(name, array)| name.ends_with("weight") && array.shape.len() > 1)
            .map(|(name, array)| seen.products(name, &array.shape))
            .sum();
        Self { parameters: arrays.count() as u64, multiply_adds: multiply_adds.round() as u64 }
    }
}

/// The multiply-adds of a row that go with one unit of each set.
pub(super) fn of_units(model: &TrainedModel, rows: &Prepared, sets: &[Units]) -> Vec<f64> {
    let (arrays, seen) = (Arrays::of(model.network()), Seen::of(model, rows));
    let of_place = |place: &Place, count: usize| {
        let array = arrays.0.get(&place.name).filter(|array| array.shape.len() > 1)?;
        let extent = *array.shape.get(place.axis)? as f64;
        let share = place.entries(count, 0).count() as f64 / extent.max(1.0);
        Some(share * seen.products(&place.name, &array.shape))
    };
    let of_set = |units: &Units| {
        let places = units.own.iter().chain(&units.fed).filter(|place| place.name.ends_with("weight"));
        places.filter_map(|place| of_place(place, units.count)).sum()
    };
    sets.iter().map(of_set).collect()
}

/// How often each layer was used for a row.
struct Seen {
    /// The layers that show something, in their order.
    layers: Vec<(String, f64)>,
    /// Pixels of what the stem of a picture network finds.
    stem: f64,
    /// Kinds of columns that see each other.
    kinds: f64,
}

impl Seen {
    fn of(model: &TrainedModel, rows: &Prepared) -> Self {
        let places: Vec<u32> = (0..rows.rows.min(ROWS) as u32).collect();
        let batch = Batch::gather(rows, &places, &Device::flex());
        let count = batch.len().max(1) as f64;
        let mut pass = Pass::inference().tapped();
        let _outputs = model.network().forward(&batch, &mut pass);
        let shown = pass.take_taps().into_iter();
        let layers = shown.map(|(name, shown)| (name, shown.dims()[0] as f64 / count)).collect();
        let kinds = match model.network() {
            TabularNetwork::Mixed(network) => network.kinds.as_ref().map_or(1, |kinds| kinds.dims()[0]),
            _ => 1,
        };
        Self { layers, stem: stem(model), kinds: kinds as f64 }
    }

    fn products(&self, name: &str, shape: &[usize]) -> f64 {
        let uses = self.uses(name, shape);
        let weights = shape.iter().product::<usize>() as f64;
        let is_attention = name.ends_with("in_proj.weight") || name.ends_with("attn.qkv.weight");
        // Scores of each token with each, and sums by them.
        let attention = if is_attention { 2.0 * uses * uses * shape[1] as f64 / 3.0 } else { 0.0 };
        weights * uses + attention
    }

    fn uses(&self, name: &str, shape: &[usize]) -> f64 {
        let dotted = format!(".{}", name.replace("recurrent.layers.", "recurrent."));
        let is_of = |(layer, _): &(String, f64)| dotted.contains(&format!(".{layer}."));
        if let Some(at) = self.layers.iter().position(is_of) {
            // What is first in a block that strides works on the pixels that come in.
            let first = name.ends_with("conv.0.0.weight")
                || name.ends_with(".conv_pw.weight")
                || (name.ends_with(".conv1.weight") && shape.get(2) == Some(&1));
            let before = at.checked_sub(usize::from(first)).unwrap_or(at);
            return self.layers[before].1;
        }
        let last = self.layers.last().map_or(1.0, |(_, uses)| *uses);
        match name.strip_prefix("picture.").unwrap_or(name) {
            "conv1.weight" | "conv_stem.weight" => self.stem,
            // One token more than patches.
            "patch_embed.proj.weight" => self.layers.first().map_or(1.0, |(_, tokens)| tokens - 1.0),
            // SqueezeNet's head looks at each place of the map.
            "classifier.1.weight" if shape.len() == 4 => last,
            name if name.starts_with("layer.") => self.kinds,
            _ => 1.0,
        }
    }
}

fn stem(model: &TrainedModel) -> f64 {
    let side = model.config().inputs.image.map_or(0, |image| image.side);
    let backbone = match &model.config().network {
        NetworkConfig::Pictures(PictureConfig { backbone, .. }) => Some(backbone),
        NetworkConfig::Mixed(config) => config.picture.as_ref().map(|picture| &picture.backbone),
        _ => None,
    };
    let strides = match backbone {
        Some(BackboneConfig::Resnet(config)) => config.stem == Stem::Large,
        _ => true,
    };
    (if strides { side.div_ceil(2) } else { side }).pow(2) as f64
}
