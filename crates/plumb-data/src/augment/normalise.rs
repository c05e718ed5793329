//! From bytes to the floats that a network takes in.

use crate::pictures::{Channels, Picture};

/// What each level becomes, for each channel: `(level / 255 - mean) / deviation`, torchvision's `ToTensor` and
/// `Normalize`.
#[derive(Debug, Clone)]
pub struct Normaliser {
    tables: [[f32; 256]; 3],
}

impl Normaliser {
    /// Tables for these means and deviations, in shares of the greatest level (ImageNet's red is 0.485 and 0.229).
    /// A channel without one takes the last; without any the mean is 0 and the deviation 1. A deviation of 0
    /// counts as 1.
    pub fn new(mean: &[f32], deviation: &[f32]) -> Self {
        let of = |values: &[f32], channel: usize, otherwise: f32| {
            f64::from(values.get(channel).or(values.last()).copied().unwrap_or(otherwise))
        };
        let tables = std::array::from_fn(|channel| {
            let deviation = of(deviation, channel, 1.0);
            let deviation = if deviation == 0.0 { 1.0 } else { deviation };
            let mean = of(mean, channel, 0.0);
            std::array::from_fn(|level| ((level as f64 / 255.0 - mean) / deviation) as f32)
        });
        Self { tables }
    }

    /// Writes `height x width x channels` floats to the beginning of `out`; as many as fit, when it is shorter.
    /// Reads 1 byte and writes 4 a value; the tables (3 KiB) stay in the first cache.
    pub fn apply(&self, picture: &Picture, out: &mut [f32]) {
        match picture.channels() {
            Channels::Grey => {
                let [table, ..] = &self.tables;
                let pairs = out.iter_mut().zip(picture.pixels());
                pairs.for_each(|(value, &level)| *value = table[usize::from(level)]);
            }
            Channels::Rgb => {
                let [red, green, blue] = &self.tables;
                let pixels = picture.pixels().as_chunks::<3>().0;
                for (values, &[r, g, b]) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                    *values = [red[usize::from(r)], green[usize::from(g)], blue[usize::from(b)]];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_floats(picture: &Picture, mean: &[f32], deviation: &[f32], out: &mut [f32]) {
        Normaliser::new(mean, deviation).apply(picture, out);
    }

    /// Made by `oracles/augment.py`.
    #[test]
    fn values_are_torchvisions() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/augment.json")).unwrap();
        let list = |name: &str| -> Vec<f32> {
            let list = golden["normalised"][name].as_array().unwrap();
            list.iter().map(|x| x.as_f64().unwrap() as f32).collect()
        };
        let hexadecimal = golden["pictures"]["rgb"]["pixels"].as_str().unwrap();
        // The first two rows of 17 pixels.
        let pixels = (0..17 * 2 * 3).map(|i| u8::from_str_radix(&hexadecimal[2 * i..2 * i + 2], 16).unwrap());
        let picture = Picture::new(17, 2, Channels::Rgb, pixels.collect()).unwrap();
        let mut out = vec![f32::NAN; 103];
        to_floats(&picture, &list("mean"), &list("deviation"), &mut out);
        let expected = list("floats");
        assert_eq!(expected.len(), 102);
        assert!(out.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{out:?}");
        assert!(out[102].is_nan(), "nothing is written beyond the picture");
    }

    #[test]
    fn channels_without_a_figure_take_the_last_one() {
        let picture = Picture::new(1, 1, Channels::Rgb, vec![255; 3]).unwrap();
        let mut out = [0.0; 3];
        to_floats(&picture, &[0.5], &[0.0], &mut out);
        assert_eq!(out.map(f32::to_bits), [0.5f32; 3].map(f32::to_bits));
        to_floats(&picture, &[], &[], &mut out);
        assert_eq!(out.map(f32::to_bits), [1.0f32; 3].map(f32::to_bits));
        let grey = Picture::new(1, 1, Channels::Grey, vec![0]).unwrap();
        to_floats(&grey, &[0.5], &[0.5], &mut out);
        assert_eq!(out.map(f32::to_bits), [-1.0f32, 1.0, 1.0].map(f32::to_bits));
    }
}
