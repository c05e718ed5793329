//! Which part of a picture is shown.

use plumb_ledger::Stream;
use serde::{Deserialize, Serialize};

use crate::pictures::{Picture, Rect};

/// How the part is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Crop {
    /// As predictions see it.
    None,
    /// Moved by up to so many pixels along each axis; what comes in is reflected at the edge (CIFAR's recipe).
    Shift {
        /// How far at most.
        pixels: usize,
    },
    /// A part of random size and shape, at least this share of the area (torchvision's `RandomResizedCrop`).
    Resized {
        /// The least share.
        least: f64,
    },
}

impl Crop {
    /// Parts of at least 35 % of the area: larger than torchvision's 8 %, which is meant for a million photographs.
    pub const RESIZED: Self = Self::Resized { least: 0.35 };

    /// Moved by up to an eighth of the side: 4 pixels of CIFAR's 32.
    pub fn shift(side: usize) -> Self {
        Self::Shift { pixels: side / 8 }
    }
}

/// The ratios of width to height that a random part may have, torchvision's.
const RATIO: (f64, f64) = (3.0 / 4.0, 4.0 / 3.0);
/// Draws before the middle is taken, torchvision's.
const TRIES: u64 = 10;

/// A part of a picture of these extents as `torchvision.transforms.RandomResizedCrop.get_params` draws it: its share of
/// the area uniform in `[least, 1]`, the logarithm of its ratio uniform, whole pixels.
pub(super) fn resized(width: usize, height: usize, least: f64, stream: Stream) -> Rect {
    let (all_width, all_height) = (width as f64, height as f64);
    for attempt in 0..TRIES {
        let draw = |index: u64| stream.uniform(attempt * 4 + index);
        let area = all_width * all_height * (least + (1.0 - least) * draw(0));
        let ratio = (RATIO.0.ln() + (RATIO.1.ln() - RATIO.0.ln()) * draw(1)).exp();
        let (part_width, part_height) = ((area * ratio).sqrt().round(), (area / ratio).sqrt().round());
        if part_width >= 1.0 && part_height >= 1.0 && part_width <= all_width && part_height <= all_height {
            let left = ((all_width - part_width + 1.0) * draw(2)).floor();
            let top = ((all_height - part_height + 1.0) * draw(3)).floor();
            return Rect { left, top, width: part_width, height: part_height };
        }
    }
    middle(all_width, all_height)
}

/// The middle part whose ratio is the nearest to that of the picture.
fn middle(width: f64, height: f64) -> Rect {
    let ratio = width / height;
    let (part_width, part_height) = if ratio < RATIO.0 {
        (width, (width / RATIO.0).round())
    } else if ratio > RATIO.1 {
        ((height * RATIO.1).round(), height)
    } else {
        (width, height)
    };
    let (left, top) = (((width - part_width) / 2.0).floor(), ((height - part_height) / 2.0).floor());
    Rect { left, top, width: part_width, height: part_height }
}

/// The picture moved by up to `most` pixels along each axis, reflected at its edges.
pub(super) fn shift(picture: &Picture, most: usize, stream: Stream) -> Picture {
    let draw = |index| stream.below(index, 2 * most + 1) as isize - most as isize;
    moved(picture, draw(0), draw(1))
}

/// The picture whose pixel (x, y) is the given one's (x + right, y + down).
pub(crate) fn moved(picture: &Picture, right: isize, down: isize) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let columns: Vec<usize> = (0..width).map(|x| reflected(x as isize + right, width)).collect();
    let mut moved = picture.clone();
    let count = picture.channels().count();
    for (y, row) in moved.pixels_mut().chunks_exact_mut(width * count).enumerate() {
        let from = reflected(y as isize + down, height);
        for (pixel, &x) in row.chunks_exact_mut(count).zip(&columns) {
            pixel.copy_from_slice(picture.pixel(x, from));
        }
    }
    moved
}

/// The place that `at` is the mirror image of, the edge pixel not repeated.
fn reflected(at: isize, len: usize) -> usize {
    let period = (2 * len as isize - 2).max(1);
    let at = at.rem_euclid(period) as usize;
    if at < len { at } else { period as usize - at }
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;
    use crate::pictures::Channels;

    #[test]
    fn edges_reflect() {
        let picture = Picture::new(4, 1, Channels::Grey, vec![10, 20, 30, 40]).unwrap();
        assert_eq!(moved(&picture, -2, 0).pixels(), [30, 20, 10, 20]);
        assert_eq!(moved(&picture, 1, 5).pixels(), [20, 30, 40, 30]);
        let one = Picture::new(1, 1, Channels::Grey, vec![9]).unwrap();
        assert_eq!(moved(&one, 3, -4).pixels(), [9]);
    }

    #[test]
    fn parts_lie_inside_and_have_the_mean_of_their_distribution() {
        let stream = Seed(3).stream("crop");
        let parts: Vec<Rect> = (0..2000).map(|i| resized(256, 256, 0.25, stream.at(i))).collect();
        for part in &parts {
            assert!(part.left >= 0.0 && part.left + part.width <= 256.0);
            assert!(part.top >= 0.0 && part.top + part.height <= 256.0);
            assert!((0.7..1.4).contains(&(part.width / part.height)));
        }
        // Shares near 1 fit only when the ratio does, so the mean lies a little below (0.25 + 1) / 2.
        let share = parts.iter().map(|part| part.width * part.height / 65_536.0).sum::<f64>() / 2000.0;
        assert!((0.55..0.64).contains(&share), "{share}");
        let flat = resized(1000, 10, 1.0, stream);
        assert_eq!(flat, Rect { left: 493.0, top: 0.0, width: 13.0, height: 10.0 });
    }
}
