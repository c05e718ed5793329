//! Gaussian noise, each byte its own: torchvision's `gaussian_noise` with mean 0, clipped.

use std::sync::LazyLock;

use plumb_ledger::Stream;

use super::{Effect, Keeps, Magnitude, Operation, Text};
use crate::pictures::Picture;

/// Thin strokes are still darker than paper in noise of a tenth of the range.
const READABLE: f64 = 0.1;

/// See the module.
pub(super) const OPERATION: Operation = Operation {
    name: "noise",
    summary: "adds normal noise to every byte, as torchvision's gaussian_noise",
    magnitude: Some(Magnitude {
        least: 0.0,
        greatest: 1.0,
        unchanged: 0.0,
        unit: "deviations in shares of the range",
    }),
    keeps: Keeps { text: Text::Within(READABLE), ..Keeps::ALL },
    effect: Effect::Pixels(noisy),
};

const STEPS: usize = 4096;

/// Box and Muller's radius and cosine at the middles of 4096 steps of a uniform number: 12 bits each, fine enough
/// for noise that is rounded to bytes. 32 KiB, so that a normal number costs two loads and a product.
static TABLES: LazyLock<(Vec<f32>, Vec<f32>)> = LazyLock::new(|| {
    let middle = |step: usize| (step as f64 + 0.5) / STEPS as f64;
    let radius = |step| (-2.0 * f64::ln(middle(step))).sqrt() as f32;
    let cosine = |step| f64::cos(std::f64::consts::TAU * middle(step)) as f32;
    ((0..STEPS).map(radius).collect(), (0..STEPS).map(cosine).collect())
});

/// Four normal numbers from the 64 bits at `index`.
fn four((radius, cosine): &(Vec<f32>, Vec<f32>), stream: Stream, index: usize) -> [f32; 4] {
    let bits = stream.bits(index as u64) as usize;
    let twelve = |at: usize| (bits >> (16 * at)) % STEPS;
    let (first, second) = (radius[twelve(0)], radius[twelve(2)]);
    // The sine is the cosine a quarter turn back.
    let pair = |step: usize| [cosine[step], cosine[(step + 3 * STEPS / 4) % STEPS]];
    let ([a, b], [c, d]) = (pair(twelve(1)), pair(twelve(3)));
    [first * a, first * b, second * c, second * d]
}

fn noisy(picture: &mut Picture, deviation: f64, stream: Stream) {
    let (tables, deviation) = (&*TABLES, 255.0 * deviation as f32);
    for (index, levels) in picture.pixels_mut().chunks_mut(4).enumerate() {
        for (level, normal) in levels.iter_mut().zip(four(tables, stream, index)) {
            *level = (f32::from(*level) + deviation * normal).round_ties_even() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn the_noise_is_normal() {
        let stream = Seed(2).stream("noise");
        let normals: Vec<f64> =
            (0..100_000).flat_map(|index| four(&TABLES, stream, index)).map(f64::from).collect();
        let moment = |power| normals.iter().map(|x| x.powi(power)).sum::<f64>() / normals.len() as f64;
        // Five standard errors of 400 000 draws: 0.008, 0.011, 0.031, 0.078.
        assert!(moment(1).abs() < 0.008, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.011, "{}", moment(2));
        assert!(moment(3).abs() < 0.031, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.078, "{}", moment(4));
        let neighbours = normals.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
        assert!((neighbours / normals.len() as f64).abs() < 0.008, "neighbours are independent");
    }
}
