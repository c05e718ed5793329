//! Where the units of each layer respond.

use burn::tensor::Tensor;

use super::Heat;
use crate::models::pictures::PictureNetwork;
use crate::network::Pass;
use crate::parameters::host;

/// How strongly the units respond at each place of one picture, `[1, channels, side, side]`: the mean of their absolute
/// values, from the weakest place as 0 to the strongest as 1. The last layer of each extent, finest first, with its name.
pub(crate) fn activations(network: &PictureNetwork, picture: Tensor<4>) -> Vec<(String, Heat)> {
    let mut pass = Pass::inference().tapped();
    network.look(picture, &mut pass);
    let mut maps: Vec<(String, Heat)> = Vec::new();
    for (name, tapped) in pass.take_taps() {
        let units = tapped.dims()[1].max(1);
        let response = |place: &[f32]| place.iter().map(|value| value.abs()).sum::<f32>() / units as f32;
        let responses: Vec<f32> = host(tapped).chunks_exact(units).map(response).collect();
        // A Transformer's first token has no place in the picture.
        let Some(heat) = Heat::between(&responses).or_else(|| Heat::between(responses.get(1..)?)) else {
            continue;
        };
        maps.pop_if(|(_, coarsest)| coarsest.side == heat.side);
        maps.push((name, heat));
    }
    maps
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use plumb_ledger::Seed;

    use super::*;
    use crate::model::Inputs;
    use crate::models::pictures::PictureConfig;
    use crate::models::pictures::architectures::ARCHITECTURES;

    #[test]
    fn every_backbone_shows_square_maps_that_get_coarser() {
        for of in ARCHITECTURES {
            let side = if of.any_side { 64 } else { of.side };
            let config = PictureConfig { ..of.network() };
            let (inputs, device) = (Inputs::pictures(side, 3), Device::flex());
            let network = PictureNetwork::new(&config, &inputs, 2, Seed(0).stream("init"), &device);
            let noise = Seed(1).stream("pixels");
            let pixels: Vec<f32> = (0..3 * side * side).map(|at| noise.normal(at as u64) as f32).collect();
            let picture = Tensor::from_data(TensorData::new(pixels, [1, 3, side, side]), &device);
            let maps = activations(&network, picture);
            let sides: Vec<usize> = maps.iter().map(|(_, heat)| heat.side).collect();
            assert!(!sides.is_empty() && sides.is_sorted_by(|a, b| a > b), "{}: {sides:?}", of.name);
            for (name, heat) in &maps {
                let (least, most) = (
                    heat.values.iter().copied().fold(1.0, f32::min),
                    heat.values.iter().copied().fold(0.0, f32::max),
                );
                assert_eq!((least, most), (0.0, 1.0), "{} {name}", of.name);
            }
        }
    }
}
