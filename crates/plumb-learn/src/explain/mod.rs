//! What a network looks at: maps of heat for a picture, of a class by three methods and of each layer's units; the words of a text; the slopes of a table's columns.

mod activations;
mod plane;
mod slopes;
mod texts;

use burn::tensor::{Device, Tensor, TensorData};
use plumb_data::augment::Normaliser;
use plumb_data::pictures::Picture;
use plumb_data::prepare::ImageEncoding;

use crate::model::training_device;
use crate::models::pictures::PictureNetwork;
use crate::network::Pass;
use crate::parameters::host;

pub(crate) use activations::activations;
pub use plane::principal_plane;
pub(crate) use slopes::{Explained, on_gradients};
pub use texts::{AttentionMap, attentions, attributions};

/// How much each place of a picture speaks for a class; only what speaks for it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Places along a side.
    pub side: usize,
    /// `side x side` numbers from 0 to 1, row by row; all 0 where nothing speaks for the class.
    pub values: Vec<f32>,
}

/// A way to find heat.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it does, one sentence.
    pub summary: &'static str,
    /// The heat of one prepared picture, `[1, channels, side, side]`, for a class.
    heat: fn(&PictureNetwork, &Tensor<4>, usize) -> Heat,
}

impl Method {
    /// The heat of a picture that has been prepared by `encoding`, for a class. The network's tensors must be on an autodiff
    /// device ([`training_device`]), and nothing may stand beside the picture.
    pub fn heat(
        &self,
        network: &PictureNetwork,
        encoding: &ImageEncoding,
        picture: &Picture,
        class: usize,
    ) -> Heat {
        (self.heat)(network, &input(encoding, picture, &training_device()), class)
    }
}

/// A prepared picture as a batch of one, `[1, channels, side, side]`.
pub(crate) fn input(encoding: &ImageEncoding, picture: &Picture, device: &Device) -> Tensor<4> {
    let mut numbers = vec![0.0; encoding.count()];
    Normaliser::new(&encoding.mean, &encoding.deviation).apply(picture, &mut numbers);
    let shape = [1, encoding.side, encoding.side, encoding.channels.count()];
    Tensor::<4>::from_data(TensorData::new(numbers, shape), device).permute([0, 3, 1, 2])
}

/// Every method.
pub static METHODS: [Method; 3] = [
    Method {
        name: "Grad-CAM",
        summary: "the last map of features, each weighted by its gradient (Selvaraju et al. 2017)",
        heat: grad_cam,
    },
    Method {
        name: "integrated gradients",
        summary: "pixels times their gradients on the way from grey to the picture (Sundararajan et al. 2017)",
        heat: integrated_gradients,
    },
    Method {
        name: "occlusion",
        summary: "what the class loses when a square is covered (Zeiler, Fergus 2014)",
        heat: occlusion,
    },
];

/// Steps from grey to the picture: the sum of the parts is then within a few per cent of the whole.
const STEPS: usize = 24;
/// Squares along a side that are covered, each twice as wide as its distance to the next.
const SQUARES: usize = 8;

/// The score of a class for each picture, summed.
fn score(outputs: Tensor<2>, class: usize) -> Tensor<1> {
    let [batch, classes] = outputs.dims();
    outputs.slice([0..batch, class.min(classes.saturating_sub(1))..(class + 1).min(classes)]).sum()
}

fn grad_cam(network: &PictureNetwork, picture: &Tensor<4>, class: usize) -> Heat {
    let map = network.look(picture.clone(), &mut Pass::inference()).detach().require_grad();
    let outputs = network.of_map(map.clone(), &mut Pass::inference());
    let mut gradients = score(outputs, class).backward();
    let [_, channels, height, width] = map.dims();
    let Some(gradient) = map.grad_remove(&mut gradients) else { return Heat::nothing() };
    let (map, gradient, places) = (host(map.inner()), host(gradient), height * width);
    let mut heat = vec![0.0f32; places];
    for channel in 0..channels {
        let of_channel = channel * places..(channel + 1) * places;
        let weight = gradient[of_channel.clone()].iter().sum::<f32>() / places as f32;
        heat.iter_mut().zip(&map[of_channel]).for_each(|(heat, value)| *heat += weight * value);
    }
    // A Transformer has tokens in place of a map; the first one is the class's own.
    if height == 1 && width > 1 {
        heat.remove(0);
        let side = heat.len().isqrt();
        return Heat::of(side, heat);
    }
    if height == width { Heat::of(height, heat) } else { Heat::nothing() }
}

fn integrated_gradients(network: &PictureNetwork, picture: &Tensor<4>, class: usize) -> Heat {
    let [_, channels, side, _] = picture.dims();
    let mut sum = vec![0.0f32; channels * side * side];
    for step in 0..STEPS {
        // The middle of each step. Grey, the mean of the pictures, is 0 after scaling.
        let share = (step as f64 + 0.5) / STEPS as f64;
        let between = picture.clone().mul_scalar(share).detach().require_grad();
        let outputs = network.of_images(between.clone(), &mut Pass::inference());
        let mut gradients = score(outputs, class).backward();
        let Some(gradient) = between.grad_remove(&mut gradients) else { return Heat::nothing() };
        sum.iter_mut().zip(host(gradient)).for_each(|(sum, gradient)| *sum += gradient / STEPS as f32);
    }
    let values = host(picture.clone().inner());
    let places = side * side;
    let of_place = |place: usize| {
        (0..channels).map(|channel| sum[channel * places + place] * values[channel * places + place]).sum()
    };
    // Single pixels speckle; what a person can see is a few pixels wide.
    let pixels: Vec<f32> = (0..places).map(of_place).collect();
    let coarse = side.min(28);
    let mut heat = vec![0.0; coarse * coarse];
    for (place, value) in pixels.iter().enumerate() {
        heat[place / side * coarse / side * coarse + place % side * coarse / side] += value;
    }
    Heat::of(coarse, heat)
}

fn occlusion(network: &PictureNetwork, picture: &Tensor<4>, class: usize) -> Heat {
    let [_, channels, side, _] = picture.dims();
    let pixels = host(picture.clone().inner());
    let size = (2 * side / (SQUARES + 1)).max(1);
    let start = |square: usize| square * (side - size) / (SQUARES - 1).max(1);
    let mut batch = pixels.clone();
    for square in 0..SQUARES * SQUARES {
        let (top, left) = (start(square / SQUARES), start(square % SQUARES));
        let mut covered = pixels.clone();
        for channel in 0..channels {
            for row in top..top + size {
                let at = (channel * side + row) * side + left;
                covered[at..at + size].fill(0.0);
            }
        }
        batch.extend(covered);
    }
    let count = SQUARES * SQUARES + 1;
    let batch = TensorData::new(batch, [count, channels, side, side]);
    let batch = Tensor::<4>::from_data(batch, &Device::flex());
    let outputs = network.of_images(batch, &mut Pass::inference());
    let classes = outputs.dims()[1];
    let outputs = host(outputs.inner());
    let of = |row: usize| outputs[row * classes + class.min(classes.saturating_sub(1))];
    Heat::of(SQUARES, (1..count).map(|row| of(0) - of(row)).collect())
}

impl Heat {
    fn nothing() -> Self {
        Self { side: 1, values: vec![0.0] }
    }

    /// What is above 0, the largest as 1: `side x side` values, row by row.
    pub fn of(side: usize, values: Vec<f32>) -> Self {
        let most = values.iter().copied().fold(0.0f32, f32::max);
        let scaled = |value: f32| if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        Self { side, values: values.into_iter().map(scaled).collect() }
    }

    /// From the least value, as 0, to the largest, as 1; none for values that fill no square.
    fn between(values: &[f32]) -> Option<Self> {
        let side = values.len().isqrt();
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        let above_least = values.iter().map(|value| value - least).collect();
        (side > 0 && side * side == values.len()).then(|| Self::of(side, above_least))
    }

    /// The heat at a place of a picture, as shares of its extents, between the places of the map.
    pub fn at(&self, x: f64, y: f64) -> f32 {
        let along = |share: f64| {
            let place = (share * self.side as f64 - 0.5).clamp(0.0, (self.side - 1) as f64);
            let first = place as usize;
            (first, (first + 1).min(self.side - 1), (place - first as f64) as f32)
        };
        let ((left, right, of_right), (top, bottom, of_bottom)) = (along(x), along(y));
        let value = |row: usize, column: usize| self.values[row * self.side + column];
        let between = |row: usize| value(row, left) * (1.0 - of_right) + value(row, right) * of_right;
        between(top) * (1.0 - of_bottom) + between(bottom) * of_bottom
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::model::Inputs;
    use crate::models::pictures::resnet::ResNetConfig;
    use crate::models::pictures::{BackboneConfig, PictureConfig};
    use crate::optim::{AdamConfig, Hyper, Optimizer, OptimizerConfig};
    use crate::parameters::{gradients, update, write_buffers};

    const SIDE: usize = 16;

    /// A bright square in one of two corners: the class.
    fn picture(class: usize, number: u64) -> Vec<f32> {
        let noise = Seed(4).stream("noise").at(number);
        let at = |place: usize| {
            let (row, column) = (place / SIDE, place % SIDE);
            let inside = if class == 0 { row < 5 && column < 5 } else { row >= 11 && column >= 11 };
            (0.3 * noise.normal(place as u64) + if inside { 2.0 } else { 0.0 }) as f32
        };
        (0..SIDE * SIDE).map(at).collect()
    }

    fn tensor(pictures: Vec<f32>) -> Tensor<4> {
        let batch = pictures.len() / (SIDE * SIDE);
        Tensor::from_data(TensorData::new(pictures, [batch, 1, SIDE, SIDE]), &training_device())
    }

    fn trained() -> PictureNetwork {
        let config = ResNetConfig { blocks: vec![1; 2], width: 8, ..ResNetConfig::resnet14() };
        let config = PictureConfig { backbone: BackboneConfig::Resnet(config), embedding: 8, dropout: 0.0 };
        let inputs = Inputs::pictures(SIDE, 1);
        let mut network =
            PictureNetwork::new(&config, &inputs, 2, Seed(0).stream("init"), &training_device());
        let mut optimizer = Optimizer::new(OptimizerConfig::AdamW(AdamConfig::DEFAULT)).unwrap();
        let loss = crate::losses::Loss::CrossEntropy { smoothing: 0.0, class_weights: Vec::new() };
        for step in 0..40 {
            let pictures = (0..16).flat_map(|row| picture(row % 2, 16 * step + row as u64)).collect();
            let labels = (0..16).map(|row| row % 2).collect();
            let mut pass = Pass::training(Seed(1).stream("pass").at(step), 1.0);
            let outputs = network.of_images(tensor(pictures), &mut pass);
            let labels = plumb_data::prepare::PreparedLabels::Classes(labels);
            let found = gradients(&network, loss.mean(outputs, &labels).backward());
            network = update(network, |name, _, values| {
                if let Some((_, gradient)) = found.iter().find(|(of, _)| of == name) {
                    optimizer.update(name, values, gradient, &Hyper::at_rate(0.01)).unwrap();
                }
            });
            network = write_buffers(network, &pass.take_buffers());
        }
        network
    }

    #[test]
    fn every_method_points_to_what_the_class_is_made_of() {
        let network = trained();
        for class in 0..2 {
            let shown = tensor(picture(class, 9_999));
            for method in &METHODS {
                let heat = (method.heat)(&network, &shown, class);
                let (own, other) = if class == 0 { (0.15, 0.85) } else { (0.85, 0.15) };
                let (here, there) = (heat.at(own, own), heat.at(other, other));
                assert!(here > 0.4 && here > 2.0 * there, "{} {class}: {here} {there}", method.name);
            }
        }
    }
}
