//! A picture cut into parts that a person would call one thing: SLIC superpixels, or squares where there are few pixels.

use std::collections::VecDeque;

use plumb_data::pictures::{Channels, Picture};

/// Which part of a picture each pixel belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segments {
    width: usize,
    labels: Vec<u32>,
    count: usize,
}

/// Shorter sides below which a regular grid is laid: of 28 x 28 pixels, fifty segments have sixteen each, too few for a shape.
const SMALL: usize = 64;
/// How much places count beside colours: the customary 10 of SLIC, which keeps to edges and stays compact.
const COMPACTNESS: f64 = 10.0;
/// Rounds of assigning and moving: ten, as in the paper.
const ROUNDS: usize = 10;

impl Segments {
    /// About `wanted` segments of a picture, without chance: SLIC (Achanta et al. 2012), a grid of squares for small pictures.
    pub fn of(picture: &Picture, wanted: usize) -> Self {
        let lattice = Lattice::new(picture.width(), picture.height(), wanted.max(1));
        if picture.width().min(picture.height()) < SMALL {
            return Self::numbered(picture.width(), &lattice.labels());
        }
        let labels = connected(&assigned(picture, &lattice), &lattice);
        Self::numbered(picture.width(), &labels)
    }

    /// Segments that were made elsewhere, row by row; none where no row is whole.
    pub fn given(width: usize, labels: &[u32]) -> Option<Self> {
        let is_whole = width > 0 && !labels.is_empty() && labels.len().is_multiple_of(width);
        is_whole.then(|| Self::numbered(width, labels))
    }

    /// Labels from 0 on, in the order in which they first occur.
    fn numbered(width: usize, labels: &[u32]) -> Self {
        let mut known = std::collections::HashMap::new();
        let mut number = |label: &u32| {
            let next = known.len() as u32;
            *known.entry(*label).or_insert(next)
        };
        let labels: Vec<u32> = labels.iter().map(&mut number).collect();
        Self { width, count: known.len(), labels }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.labels.len() / self.width
    }

    /// The segment of each pixel, row by row.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The middle of a segment as shares of width and height.
    pub fn middle(&self, segment: usize) -> (f64, f64) {
        let (mut x, mut y, mut pixels) = (0.0, 0.0, 0.0);
        for (at, _) in self.labels.iter().enumerate().filter(|(_, label)| **label as usize == segment) {
            x += (at % self.width) as f64 + 0.5;
            y += (at / self.width) as f64 + 0.5;
            pixels += 1.0;
        }
        let of = |sum: f64, extent: usize| sum / f64::max(pixels, 1.0) / extent as f64;
        (of(x, self.width), of(y, self.height()))
    }
}

/// The cells that segments begin as.
struct Lattice {
    width: usize,
    height: usize,
    across: usize,
    down: usize,
    /// The side of a square of as many pixels as a segment has on average.
    step: f64,
}

impl Lattice {
    fn new(width: usize, height: usize, wanted: usize) -> Self {
        let step = ((width * height) as f64 / wanted as f64).sqrt().max(1.0);
        let cells = |extent: usize| ((extent as f64 / step).round() as usize).clamp(1, extent);
        Self { width, height, across: cells(width), down: cells(height), step }
    }

    fn labels(&self) -> Vec<u32> {
        let cell = |at: usize| {
            let (x, y) = (at % self.width, at / self.width);
            (y * self.down / self.height * self.across + x * self.across / self.width) as u32
        };
        (0..self.width * self.height).map(cell).collect()
    }
}

/// A colour and a place: L, a, b, x, y.
type Point = [f64; 5];

/// Each pixel with the nearest of the centres around it.
fn assigned(picture: &Picture, lattice: &Lattice) -> Vec<u32> {
    let (width, height, step) = (lattice.width, lattice.height, lattice.step);
    let points = points(picture);
    let mut labels = lattice.labels();
    let count = lattice.across * lattice.down;
    for _ in 0..ROUNDS {
        let centres = centres(&points, &labels, count);
        let mut nearest = vec![f64::INFINITY; points.len()];
        for (label, centre) in centres.iter().enumerate() {
            let [_, _, _, x, y] = *centre;
            let around = |middle: f64, extent: usize| {
                let from = (middle - step).max(0.0) as usize;
                from..((middle + step) as usize + 1).min(extent)
            };
            for row in around(y, height) {
                for column in around(x, width) {
                    let at = row * width + column;
                    let far = distance(&points[at], centre, step);
                    if far < nearest[at] {
                        (nearest[at], labels[at]) = (far, label as u32);
                    }
                }
            }
        }
    }
    labels
}

/// The squared distance of SLIC: of colours, and of places with a segment's side as the unit.
fn distance(a: &Point, b: &Point, step: f64) -> f64 {
    let square = |at: usize| (a[at] - b[at]).powi(2);
    let scale = (COMPACTNESS / step).powi(2);
    square(0) + square(1) + square(2) + scale * (square(3) + square(4))
}

fn centres(points: &[Point], labels: &[u32], count: usize) -> Vec<Point> {
    let mut sums = vec![([0.0; 5], 0.0); count];
    for (point, &label) in points.iter().zip(labels) {
        let (sum, pixels) = &mut sums[label as usize];
        sum.iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
        *pixels += 1.0;
    }
    // A centre without pixels is nowhere: it gets none in the next round.
    let mean = |(sum, pixels): ([f64; 5], f64)| sum.map(|sum| sum / pixels);
    sums.into_iter().map(mean).collect()
}

/// CIE L*a*b* under D65 and the place of each pixel.
fn points(picture: &Picture) -> Vec<Point> {
    let width = picture.width();
    let rgb = picture.clone().into_channels(Channels::Rgb);
    let linear: Vec<f64> = (0..=255)
        .map(|level| {
            let share = f64::from(level) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        })
        .collect();
    let pixel = |(at, &[r, g, b]): (usize, &[u8; 3])| {
        let [r, g, b] = [r, g, b].map(|level| linear[usize::from(level)]);
        let [l, a, b] = lab(r, g, b);
        [l, a, b, (at % width) as f64, (at / width) as f64]
    };
    rgb.pixels().as_chunks::<3>().0.iter().enumerate().map(pixel).collect()
}

fn lab(r: f64, g: f64, b: f64) -> [f64; 3] {
    let root = |share: f64| {
        if share > 216.0 / 24_389.0 { share.cbrt() } else { (24_389.0 / 27.0 * share + 16.0) / 116.0 }
    };
    let x = root((0.412_453 * r + 0.357_580 * g + 0.180_423 * b) / 0.950_47);
    let y = root(0.212_671 * r + 0.715_160 * g + 0.072_169 * b);
    let z = root((0.019_334 * r + 0.119_193 * g + 0.950_227 * b) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Every segment in one piece: what is cut off and smaller than a quarter of a segment goes to the piece before it.
fn connected(labels: &[u32], lattice: &Lattice) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let least = (lattice.step * lattice.step / 4.0) as usize;
    let mut pieces = vec![NONE; labels.len()];
    let mut next = 0;
    for start in 0..labels.len() {
        if pieces[start] != NONE {
            continue;
        }
        let before = neighbours(start, lattice).find_map(|at| (pieces[at] != NONE).then_some(pieces[at]));
        let mut members = vec![start];
        let mut waiting = VecDeque::from([start]);
        pieces[start] = next;
        while let Some(at) = waiting.pop_front() {
            for near in neighbours(at, lattice) {
                if pieces[near] == NONE && labels[near] == labels[start] {
                    pieces[near] = next;
                    members.push(near);
                    waiting.push_back(near);
                }
            }
        }
        match before {
            Some(before) if members.len() < least => members.iter().for_each(|&at| pieces[at] = before),
            _ => next += 1,
        }
    }
    pieces
}

/// The pixels beside, above and below one.
fn neighbours(at: usize, lattice: &Lattice) -> impl Iterator<Item = usize> + use<> {
    let (width, pixels) = (lattice.width, lattice.width * lattice.height);
    let column = at % width;
    let left = (column > 0).then(|| at - 1);
    let right = (column + 1 < width).then(|| at + 1);
    let above = at.checked_sub(width);
    let below = (at + width < pixels).then(|| at + width);
    [left, above, right, below].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dark disc on a bright ground, both a little uneven.
    fn disc(side: usize) -> Picture {
        let stream = plumb_ledger::Seed(3).stream("disc");
        let pixel = |at: usize| {
            let (x, y) = ((at % side) as f64 - 60.0, (at / side) as f64 - 50.0);
            let noise = 6.0 * stream.normal(at as u64);
            let level = if x * x + y * y < 900.0 { 60.0 } else { 190.0 };
            [(level + noise) as u8, (level + noise) as u8, 90]
        };
        let pixels = (0..side * side).flat_map(pixel).collect();
        Picture::new(side, side, Channels::Rgb, pixels).unwrap()
    }

    #[test]
    fn superpixels_keep_to_edges_and_are_in_one_piece() {
        let picture = disc(120);
        let segments = Segments::of(&picture, 50);
        assert!((35..=65).contains(&segments.count()), "{}", segments.count());
        assert_eq!(segments, Segments::of(&picture, 50), "no chance in it");
        // Of each segment nearly all pixels are inside the disc or outside.
        let inside = |at: usize| picture.pixels()[3 * at] < 125;
        let mut of = vec![[0usize; 2]; segments.count()];
        for (at, &label) in segments.labels().iter().enumerate() {
            of[label as usize][usize::from(inside(at))] += 1;
        }
        let strays: usize = of.iter().map(|[out, within]| out.min(within)).sum();
        assert!(strays < 120 * 120 / 100, "{strays}");
        let lattice = Lattice::new(120, 120, 50);
        assert_eq!(connected(segments.labels(), &lattice).iter().max(), Some(&(segments.count() as u32 - 1)));
    }

    #[test]
    fn small_pictures_are_cut_into_squares() {
        let picture = Picture::new(28, 28, Channels::Grey, vec![0; 784]).unwrap();
        let segments = Segments::of(&picture, 49);
        assert_eq!((segments.count(), segments.width(), segments.height()), (49, 28, 28));
        assert_eq!(segments.labels()[..5], [0, 0, 0, 0, 1]);
        assert_eq!(segments.middle(0), (2.0 / 28.0, 2.0 / 28.0));
        let tiny = Picture::new(1, 2, Channels::Grey, vec![0; 2]).unwrap();
        assert_eq!(Segments::of(&tiny, 50).count(), 2);
        assert_eq!(Segments::of(&picture, 0).count(), 1);
        assert!(Segments::given(3, &[0; 7]).is_none() && Segments::given(0, &[]).is_none());
        assert_eq!(Segments::given(2, &[7, 7, 3, 7]).unwrap().labels(), [0, 0, 1, 0]);
    }
}
