//! Random crops: with padding, as for small pictures, and of a random part that is to be resized.

use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

use crate::pictures::{Picture, Rect};

use super::window::Window;

/// How often a part is drawn before the fallback, as in torchvision.
const TRIES: u64 = 10;

/// A crop of the picture's own size out of the picture padded by `padding` pixels on every side, mirrored at its
/// edges: torchvision's `RandomCrop(size, padding, padding_mode="reflect")`, 4 pixels on CIFAR (He et al. 2016).
pub fn padded_crop(picture: &Picture, padding: usize, stream: Stream) -> Picture {
    let (left, top) = shift(padding, stream);
    Window { left, top, ..Window::default() }.of(picture)
}

/// Where the crop lies, columns and rows from the picture's corner: each of `-padding..=padding` as likely.
pub(super) fn shift(padding: usize, stream: Stream) -> (isize, isize) {
    let one = |index| stream.below(index, 2 * padding + 1) as isize - padding as isize;
    (one(0), one(1))
}

/// What parts of a picture a random resized crop may show.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The least and the greatest share of the picture's area.
    pub scale: [f64; 2],
    /// The least and the greatest width divided by height, drawn uniformly on the log scale.
    pub ratio: [f64; 2],
}

impl Default for Parts {
    /// torchvision's: 8 % of the area up to all of it, 3:4 up to 4:3 (Szegedy et al. 2015).
    fn default() -> Self {
        Self { scale: [0.08, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0] }
    }
}

impl Parts {
    /// At least 35 % of the area: larger than torchvision's parts, which are meant for a million photographs.
    pub const LARGE: Self = Self { scale: [0.35, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0] };

    /// A part of a picture of these extents, edges on whole pixels: torchvision's `RandomResizedCrop.get_params`.
    /// Ten tries; when no part fits, the largest one in the middle whose ratio is allowed.
    pub fn draw(&self, width: usize, height: usize, stream: Stream) -> Rect {
        self.fitting(width, height, stream).unwrap_or_else(|| self.middle(width, height))
    }

    /// The first of ten parts that fits.
    pub(super) fn fitting(&self, width: usize, height: usize, stream: Stream) -> Option<Rect> {
        (0..TRIES).find_map(|attempt| self.attempt(width, height, stream.at(attempt)))
    }

    fn attempt(&self, width: usize, height: usize, stream: Stream) -> Option<Rect> {
        let between = |[low, high]: [f64; 2], index| low + (high - low) * stream.uniform(index);
        let area = width as f64 * height as f64 * between(self.scale, 0);
        let ratio = between(self.ratio.map(f64::ln), 1).exp();
        let wide = (area * ratio).sqrt().round_ties_even();
        let high = (area / ratio).sqrt().round_ties_even();
        let fits = wide >= 1.0 && wide <= width as f64 && high >= 1.0 && high <= height as f64;
        fits.then(|| Rect {
            left: stream.below(2, width - wide as usize + 1) as f64,
            top: stream.below(3, height - high as usize + 1) as f64,
            width: wide,
            height: high,
        })
    }

    fn middle(&self, width: usize, height: usize) -> Rect {
        let (wide, high) = (width as f64, height as f64);
        let [least, most] = self.ratio;
        let part = if wide / high < least {
            (wide, (wide / least).round_ties_even())
        } else if wide / high > most {
            ((high * most).round_ties_even(), high)
        } else {
            (wide, high)
        };
        // A picture one pixel wide may round to nothing.
        let (part_wide, part_high) = (part.0.clamp(1.0, wide), part.1.clamp(1.0, high));
        Rect {
            left: ((wide - part_wide) / 2.0).floor(),
            top: ((high - part_high) / 2.0).floor(),
            width: part_wide,
            height: part_high,
        }
    }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;
    use proptest::prelude::*;

    use super::*;

    fn stream() -> Stream {
        Seed(5).stream("crop")
    }

    #[test]
    fn every_shift_of_a_padded_crop_is_as_likely() {
        let mut counts = [[0u32; 9]; 9];
        let draws = 81_000;
        for index in 0..draws {
            let (left, top) = shift(4, stream().at(index));
            counts[(top + 4) as usize][(left + 4) as usize] += 1;
        }
        // 1000 expected in each cell; six standard deviations are 190.
        assert!(counts.iter().flatten().all(|&count| count.abs_diff(1000) < 190), "{counts:?}");
    }

    #[test]
    fn areas_and_ratios_are_those_that_were_asked_for() {
        let parts = Parts { scale: [0.35, 1.0], ..Parts::default() };
        let (mut area, mut log_ratio, draws) = (0.0, 0.0, 20_000);
        for index in 0..draws {
            let rect = parts.draw(1000, 1000, stream().at(index));
            area += rect.share(1000, 1000);
            log_ratio += (rect.width / rect.height).ln();
        }
        let (area, log_ratio) = (area / draws as f64, log_ratio / draws as f64);
        // Without the tries that do not fit the mean share would be 0.675; large ones fail more often.
        assert!((0.60..0.675).contains(&area), "{area}");
        assert!(log_ratio.abs() < 0.01, "{log_ratio}");
    }

    /// Made by `oracles/augment.py`.
    #[test]
    fn the_fallback_is_torchvisions() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/augment.json")).unwrap();
        for case in golden["crops"].as_array().unwrap() {
            let list = |name: &str| -> Vec<f64> {
                case[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
            };
            let extents = list("extents");
            let found = Parts::default().middle(extents[0] as usize, extents[1] as usize);
            let [left, top, width, height] = list("rect")[..] else { panic!("four figures") };
            assert_eq!(found, Rect { left, top, width, height }, "{extents:?}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_inside(width in 1usize..300, height in 1usize..300, index in any::<u64>()) {
            let rect = Parts::default().draw(width, height, stream().at(index));
            prop_assert!(rect.left >= 0.0 && rect.left + rect.width <= width as f64);
            prop_assert!(rect.top >= 0.0 && rect.top + rect.height <= height as f64);
            prop_assert!(rect.width >= 1.0 && rect.height >= 1.0);
        }
    }
}
