//! What a fine-tuned network still knows of the task that its weights were published for.

use burn::tensor::Device;
use plumb_data::prepare::Prepared;

use super::{HeadOf, PretrainedError, adopt, turned};
use crate::batches::Batch;
use crate::model::{ImageInput, Inputs};
use crate::models::pictures::PictureNetwork;
use crate::models::pictures::architectures::Architecture;
use crate::network::Pass;
use crate::parameters::{Arrays, host};
use crate::predict::most_likely;

/// Pictures at a time.
const BATCH: usize = 50;

/// The published classes that the weights as they were and the fine-tuned ones name for each picture, both with the published
/// head; none where the weights have no such head.
pub fn old_answers(
    architecture: &'static Architecture,
    published: &Arrays,
    tuned: &Arrays,
    data: &Prepared,
) -> Result<Option<[Vec<u32>; 2]>, PretrainedError> {
    let Some(classes) = classes(architecture, published) else { return Ok(None) };
    let Some(images) = &data.images else { return Ok(None) };
    let image = ImageInput { side: images.encoding.side, channels: images.encoding.channels.count() };
    let inputs = Inputs { image: Some(image), ..Inputs::pictures(image.side, image.channels) };
    let stream = plumb_ledger::Seed(0).stream("empty");
    let empty = || PictureNetwork::new(&architecture.network(), &inputs, classes, stream, &Device::flex());
    let before = adopt(empty(), architecture, published.clone(), HeadOf::Weights)?;
    let mut features = turned(tuned.clone()).0;
    features.retain(|name, _| !before.is_head(name));
    let head = published.0.iter().filter(|(name, _)| before.is_head(name));
    features.extend(head.map(|(name, array)| (name.clone(), array.clone())));
    let after = adopt(empty(), architecture, Arrays(features), HeadOf::Weights)?;
    Ok(Some([answers(&before, data), answers(&after, data)]))
}

/// How many classes the published head tells.
fn classes(architecture: &Architecture, published: &Arrays) -> Option<usize> {
    let inputs = Inputs::pictures(architecture.side, 3);
    let stream = plumb_ledger::Seed(0).stream("empty");
    let network = PictureNetwork::new(&architecture.network(), &inputs, 1, stream, &Device::flex());
    let bias = published.0.iter().find(|(name, array)| network.is_head(name) && array.shape.len() == 1);
    bias.map(|(_, array)| array.values.len())
}

fn answers(network: &PictureNetwork, data: &Prepared) -> Vec<u32> {
    let rows: Vec<u32> = (0..data.rows as u32).collect();
    let mut answers = Vec::new();
    for rows in rows.chunks(BATCH) {
        let Some(images) = Batch::gather(data, rows, &Device::flex()).images else { continue };
        let outputs = host(network.of_images(images, &mut Pass::inference()).inner());
        let classes = (outputs.len() / rows.len().max(1)).max(1);
        answers.extend(most_likely(&outputs, classes));
    }
    answers
}
