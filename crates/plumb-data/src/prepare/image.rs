//! Pictures to inputs of fixed extents: resize, cut out, scale by the moments of the train rows or of pretrained weights.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::augment::normalise;
use crate::pictures::{self, Channels, Filter, Picture, PictureSet, Rect};

/// What to fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// Height and width of the input; none for what suits the pictures.
    pub side: Option<usize>,
    /// The moments that pretrained weights were trained with; none for those of the train rows.
    pub normalisation: Option<Normalisation>,
}

impl ImageConfig {
    /// Everything from the train rows.
    pub const AUTO: Self = Self { side: None, normalisation: None };
}

impl Default for ImageConfig {
    fn default() -> Self {
        Self::AUTO
    }
}

/// Mean and deviation of red, green and blue, on a scale from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// The means.
    pub mean: [f32; 3],
    /// The deviations.
    pub deviation: [f32; 3],
}

/// How a picture becomes an input, fitted on train rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageEncoding {
    /// Height and width of the input.
    pub side: usize,
    /// The shorter side of the resized picture that the middle is cut out of.
    pub resized: usize,
    /// What a pixel is made of.
    pub channels: Channels,
    /// The mean of each channel, on a scale from 0 to 1.
    pub mean: Vec<f32>,
    /// The deviation of each channel.
    pub deviation: Vec<f32>,
    /// Whether every train picture has the extents of the input already.
    pub as_is: bool,
}

/// The largest side that is taken as it is. 64: from there on photographs begin, which networks see at 96 or more.
const SMALL: usize = 64;
/// The side of inputs from larger pictures that no pretrained weights ask for. 128: a ResNet-18 costs a third of its
/// price at 224, and most of what tells classes apart is still there.
const MIDDLE: usize = 128;
/// Train pictures that moments are taken from: the standard error of a mean is below 1 % of the deviation.
const MOMENT_PICTURES: usize = 10_000;

impl ImageEncoding {
    /// Fits on `rows` of the set. At most [`MOMENT_PICTURES`] of them are prepared, one pass over their pixels.
    pub(super) fn fit(set: &PictureSet, rows: &[u32], config: &ImageConfig) -> Self {
        let extents = extents(set, rows);
        let grey = rows.iter().all(|&row| set.channels(row as usize) != Some(Channels::Rgb));
        let channels = if grey && config.normalisation.is_none() { Channels::Grey } else { Channels::Rgb };
        let side = config.side.unwrap_or_else(|| usual_side(set, rows));
        let as_is = extents.iter().all(|&extents| extents == (side, side));
        // Photographs lose an eighth at the edges, as ImageNet's do in every published recipe.
        let shorter = median(extents.iter().map(|&(width, height)| width.min(height)).collect());
        let resized = if shorter > side { side * 8 / 7 } else { side };
        let mut encoding = Self { side, resized, channels, mean: Vec::new(), deviation: Vec::new(), as_is };
        (encoding.mean, encoding.deviation) = match config.normalisation {
            Some(of) => (of.mean.to_vec(), of.deviation.to_vec()),
            None => encoding.moments(set, rows),
        };
        encoding
    }

    /// Mean and deviation of each channel over the prepared pictures, summed in whole numbers: no order matters.
    fn moments(&self, set: &PictureSet, rows: &[u32]) -> (Vec<f32>, Vec<f32>) {
        let step = rows.len().div_ceil(MOMENT_PICTURES).max(1);
        let sums = rows.par_iter().step_by(step).filter_map(|&row| set.get(row as usize)).map(|picture| {
            let prepared = self.picture(&picture);
            let mut sums = [[0_u64; 3]; 2];
            for pixel in prepared.pixels().chunks_exact(self.channels.count()) {
                for (channel, &value) in pixel.iter().enumerate() {
                    sums[0][channel] += u64::from(value);
                    sums[1][channel] += u64::from(value).pow(2);
                }
            }
            (sums, (prepared.width() * prepared.height()) as u64)
        });
        let add = |(mut a, n): ([[u64; 3]; 2], u64), (b, m): ([[u64; 3]; 2], u64)| {
            a.iter_mut().flatten().zip(b.iter().flatten()).for_each(|(a, b)| *a += b);
            (a, n + m)
        };
        let (sums, count) = sums.reduce(|| ([[0; 3]; 2], 0), add);
        let of = |channel: usize| {
            let mean = sums[0][channel] as f64 / count.max(1) as f64;
            let square = sums[1][channel] as f64 / count.max(1) as f64;
            let deviation = (square - mean * mean).max(0.0).sqrt();
            // Pictures of one colour: their distance from it counts as it is.
            (mean / 255.0, if deviation > 0.0 { deviation / 255.0 } else { 1.0 })
        };
        let moments = (0..self.channels.count()).map(of);
        moments.map(|(mean, deviation)| (mean as f32, deviation as f32)).unzip()
    }

    /// The picture with the extents and channels of the input, as every prediction sees it.
    pub fn picture(&self, picture: &Picture) -> Picture {
        let picture = picture.to_channels(self.channels);
        if (picture.width(), picture.height()) == (self.side, self.side) {
            return picture;
        }
        let shorter = picture.width().min(picture.height()) as f64;
        // The middle square that `side` pixels of the resized picture show.
        let shown = shorter * self.side as f64 / self.resized as f64;
        let middle = Rect {
            left: (picture.width() as f64 - shown) / 2.0,
            top: (picture.height() as f64 - shown) / 2.0,
            width: shown,
            height: shown,
        };
        self.cut(&picture, middle)
    }

    /// A part of a picture at the extents of the input.
    pub fn cut(&self, picture: &Picture, part: Rect) -> Picture {
        pictures::resize(&picture.to_channels(self.channels), part, self.side, self.side, Filter::Bilinear)
    }

    /// Numbers of one input: `side x side x channels`.
    pub fn len(&self) -> usize {
        self.side * self.side * self.channels.count()
    }

    /// Whether an input has no number; never, as fitted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A prepared picture as the model takes it, channels last.
    pub fn numbers(&self, picture: &Picture, out: &mut [f32]) {
        normalise::to_floats(picture, &self.mean, &self.deviation, out);
    }
}

/// The side of inputs from these pictures, where no pretrained weights decide: their own up to 64 pixels, else 128.
pub fn usual_side(set: &PictureSet, rows: &[u32]) -> usize {
    let shorter = median(extents(set, rows).iter().map(|&(width, height)| width.min(height)).collect());
    if shorter <= SMALL { shorter.max(8) } else { MIDDLE }
}

fn extents(set: &PictureSet, rows: &[u32]) -> Vec<(usize, usize)> {
    rows.iter().filter_map(|&row| set.extents(row as usize)).collect()
}

fn median(mut values: Vec<usize>) -> usize {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(SMALL)
}

/// The pictures of prepared rows: made into inputs when a batch is gathered.
#[derive(Debug, Clone)]
pub struct PreparedImages {
    /// The pictures of the table.
    pub set: Arc<PictureSet>,
    /// Which of them each prepared row has.
    pub rows: Vec<u32>,
    /// How they become inputs.
    pub encoding: ImageEncoding,
}

impl PartialEq for PreparedImages {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.set, &other.set) && self.rows == other.rows && self.encoding == other.encoding
    }
}

impl PreparedImages {
    /// The inputs of some prepared rows, `[rows, side, side, channels]`; `change` makes the input of a row from its
    /// picture as it was read. One thread: training has several that each make a batch.
    pub fn gather(&self, rows: &[u32], change: impl Fn(u32, &Picture) -> Picture) -> Vec<f32> {
        let mut inputs = vec![0.0; rows.len() * self.encoding.len()];
        for (input, &row) in inputs.chunks_exact_mut(self.encoding.len().max(1)).zip(rows) {
            if let Some(picture) = self.picture(row) {
                self.encoding.numbers(&change(row, &picture), input);
            }
        }
        inputs
    }

    /// The inputs as predictions see them, rows in parallel.
    pub fn plain(&self, rows: &[u32]) -> Vec<f32> {
        let mut inputs = vec![0.0; rows.len() * self.encoding.len()];
        inputs.par_chunks_mut(self.encoding.len().max(1)).zip(rows).for_each(|(input, &row)| {
            if let Some(picture) = self.picture(row) {
                self.encoding.numbers(&self.encoding.picture(&picture), input);
            }
        });
        inputs
    }

    /// The picture of a prepared row, as it was read; none past the end.
    pub fn picture(&self, row: u32) -> Option<Picture> {
        self.set.get(*self.rows.get(row as usize)? as usize)
    }
}
