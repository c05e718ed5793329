//! The class that published weights name for each picture of a folder, as one JSON object; `scripts/compare/images` knows the
//! truth.
//!
//! `backbone WEIGHTS FOLDER`: the middle 224 of 256 pixels, scaled as the weights want.
#![expect(clippy::print_stdout, reason = "the result is for a script")]

use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::augment::Normaliser;
use plumb_data::pictures::{Channels, PictureLimits, decode};
use plumb_data::prepare::ImageEncoding;
use plumb_learn::model::Inputs;
use plumb_learn::models::pictures::PictureNetwork;
use plumb_learn::network::Pass;
use plumb_learn::parameters::host;
use plumb_learn::pretrained::{HeadOf, adopt, architecture_of, read};
use plumb_ledger::Seed;
use serde_json::{Map, Value, json};

const CLASSES: usize = 1000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let weights = read(&std::fs::read(arguments.next().ok_or("name the file of weights")?)?)?;
    let folder = arguments.next().ok_or("name the folder of pictures")?;
    let architecture = architecture_of(&weights).ok_or("no known network has these weights")?;
    let inputs = Inputs::pictures(architecture.side, 3);
    let stream = Seed(0).stream("empty");
    let network = PictureNetwork::new(&architecture.network(), &inputs, CLASSES, stream, &Device::flex());
    let network = adopt(network, architecture, weights, HeadOf::Weights)?;
    let side = architecture.side;
    let encoding = ImageEncoding {
        side,
        resized: side * 8 / 7,
        channels: Channels::Rgb,
        mean: architecture.mean.to_vec(),
        deviation: architecture.deviation.to_vec(),
    };
    let normaliser = Normaliser::new(&encoding.mean, &encoding.deviation);
    let mut told = Map::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Ok(picture) = decode(&std::fs::read(&path)?, &PictureLimits::DEFAULT) else { continue };
        let mut numbers = vec![0.0; encoding.count()];
        normaliser.apply(&encoding.picture(picture), &mut numbers);
        let image = Tensor::<4>::from_data(TensorData::new(numbers, [1, side, side, 3]), &Device::flex());
        let logits = host(network.of_images(image.permute([0, 3, 1, 2]), &mut Pass::inference()));
        let mut classes: Vec<usize> = (0..logits.len()).collect();
        classes.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        told.insert(name, json!(classes.get(..5)));
    }
    println!("{}", Value::Object(told));
    Ok(())
}
