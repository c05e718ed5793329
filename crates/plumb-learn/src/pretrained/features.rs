//! What published weights see of pictures that they were not trained on.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::augment::VIEWS;
use plumb_data::pictures::{Channels, PictureSet};
use plumb_data::prepare::{ImageEncoding, PreparedImages};
use plumb_ledger::Seed;

use super::{HeadOf, PretrainedError, adopt};
use crate::model::Inputs;
use crate::models::pictures::PictureNetwork;
use crate::models::pictures::architectures::Architecture;
use crate::network::Pass;
use crate::parameters::{Arrays, host};

/// Pictures that go through the network at once.
const AT_ONCE: usize = 32;

/// What the head of a published network sees of the pictures of `rows`, row by row. They are prepared as its weights want
/// them, at `side` pixels; `progress` is told how many are done.
pub fn features(
    architecture: &'static Architecture,
    weights: Arrays,
    set: &Arc<PictureSet>,
    rows: &[u32],
    side: usize,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<f32>, PretrainedError> {
    let (inputs, device) = (Inputs::pictures(side, 3), Device::flex());
    let network = PictureNetwork::new(&architecture.network(), &inputs, 1, Seed(0).stream("init"), &device);
    let network = adopt(network, architecture, weights, HeadOf::Network)?;
    let encoding = ImageEncoding {
        side,
        resized: side,
        channels: Channels::Rgb,
        mean: architecture.mean.to_vec(),
        deviation: architecture.deviation.to_vec(),
    };
    let images = PreparedImages { set: Arc::clone(set), rows: rows.to_vec(), encoding, view: VIEWS[0] };
    let places: Vec<u32> = (0..rows.len() as u32).collect();
    let mut features = Vec::new();
    for places in places.chunks(AT_ONCE) {
        let pixels = TensorData::new(images.plain(places), [places.len(), side, side, 3]);
        let batch = Tensor::<4>::from_data(pixels, &device).permute([0, 3, 1, 2]);
        features.extend(host(network.features(batch, &mut Pass::inference())));
        progress(places.last().map_or(0, |&last| last as usize + 1));
    }
    Ok(features)
}
