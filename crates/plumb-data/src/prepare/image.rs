//! Pictures to inputs of fixed extents: resize, cut out, scale by the moments of the train rows.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::PrepareConfig;
use crate::augment::{Normaliser, VIEWS, View};
use crate::pictures::{self, Channels, Filter, Picture, PictureSet, Rect};

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
}

/// Pictures of up to so many pixels a side are taken as they are, and networks for them keep their first layer at full
/// size. 64: photographs begin beyond.
pub const SMALL_PICTURE: usize = 64;
/// The least side of an input: a network of four stages halves it three times.
const LEAST: usize = 8;
/// The side of inputs from larger pictures. 128: a ResNet-18 costs a third of its price at 224.
const MIDDLE: usize = 128;
/// Train pictures that moments are taken from: the standard error of a mean is at most 1 % of the deviation.
const MOMENT_PICTURES: usize = 10_000;

impl ImageEncoding {
    /// Fits on `rows` of the set, for inputs of the config's side or of what suits the pictures. At most
    /// [`MOMENT_PICTURES`] of them are prepared, one pass over their pixels. Moments that are given are of colours: grey
    /// pictures then have three equal ones.
    pub(super) fn fit(set: &PictureSet, rows: &[u32], config: &PrepareConfig) -> Self {
        let coloured = |&row: &u32| set.channels(row as usize) == Some(Channels::Rgb);
        let in_colours = config.image_moments.is_some() || rows.iter().any(coloured);
        let channels = if in_colours { Channels::Rgb } else { Channels::Grey };
        let side = config.image_side.unwrap_or_else(|| usual_side(set, rows));
        // Photographs lose an eighth at the edges, as ImageNet's do in every published recipe.
        let resized = if usual_shorter(set, rows) > side { side * 8 / 7 } else { side };
        let mut encoding = Self { side, resized, channels, mean: Vec::new(), deviation: Vec::new() };
        (encoding.mean, encoding.deviation) = match config.image_moments {
            Some(given) => (given.mean.to_vec(), given.deviation.to_vec()),
            None => encoding.moments(set, rows),
        };
        encoding
    }

    /// Mean and deviation of each channel over the prepared pictures, summed in whole numbers: no order matters.
    fn moments(&self, set: &PictureSet, rows: &[u32]) -> (Vec<f32>, Vec<f32>) {
        let step = rows.len().div_ceil(MOMENT_PICTURES).max(1);
        let sums = rows.par_iter().step_by(step).filter_map(|&row| set.get(row as usize)).map(|picture| {
            let prepared = self.picture(picture);
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
    pub fn picture(&self, picture: Picture) -> Picture {
        let (width, height) = (picture.width(), picture.height());
        if (width, height) == (self.side, self.side) {
            return picture.into_channels(self.channels);
        }
        // The middle square that `side` pixels of the resized picture show.
        let shown = width.min(height) as f64 * self.side as f64 / self.resized as f64;
        let (left, top) = ((width as f64 - shown) / 2.0, (height as f64 - shown) / 2.0);
        self.cut(picture, Rect { left, top, width: shown, height: shown })
    }

    /// A part of a picture at the extents of the input.
    pub fn cut(&self, picture: Picture, part: Rect) -> Picture {
        pictures::resize(&picture.into_channels(self.channels), part, self.side, self.side, Filter::Bilinear)
    }

    /// Numbers of one input: `side x side x channels`.
    pub fn count(&self) -> usize {
        self.side * self.side * self.channels.count()
    }
}

/// The side of inputs from these pictures: their own up to 64 pixels, else 128.
pub fn usual_side(set: &PictureSet, rows: &[u32]) -> usize {
    let shorter = usual_shorter(set, rows);
    if shorter <= SMALL_PICTURE { shorter.max(LEAST) } else { MIDDLE }
}

/// The median of the shorter sides.
fn usual_shorter(set: &PictureSet, rows: &[u32]) -> usize {
    let shorter = |&row: &u32| set.extents(row as usize).map(|(width, height)| width.min(height));
    let mut sides: Vec<usize> = rows.iter().filter_map(shorter).collect();
    sides.sort_unstable();
    sides.get(sides.len() / 2).copied().unwrap_or(SMALL_PICTURE)
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
    /// In which way predictions look at them.
    pub view: View,
}

impl PartialEq for PreparedImages {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.set, &other.set)
            && self.rows == other.rows
            && self.encoding == other.encoding
            && self.view == other.view
    }
}

impl PreparedImages {
    /// The inputs of some prepared rows, `[rows, side, side, channels]`; `change` makes an input from its place among them
    /// and the picture as it was read. One thread: training has several that each make a batch.
    pub fn gather(&self, rows: &[u32], change: impl Fn(usize, Picture) -> Picture) -> Vec<f32> {
        let normaliser = self.normaliser();
        let mut inputs = vec![0.0; rows.len() * self.encoding.count()];
        let each = inputs.chunks_exact_mut(self.encoding.count().max(1)).zip(rows).enumerate();
        for (place, (input, &row)) in each {
            if let Some(picture) = self.picture(row) {
                normaliser.apply(&change(place, picture), input);
            }
        }
        inputs
    }

    /// The inputs as predictions see them, rows in parallel.
    pub fn plain(&self, rows: &[u32]) -> Vec<f32> {
        let normaliser = self.normaliser();
        let mut inputs = vec![0.0; rows.len() * self.encoding.count()];
        inputs.par_chunks_mut(self.encoding.count().max(1)).zip(rows).for_each(|(input, &row)| {
            if let Some(picture) = self.picture(row) {
                let prepared = self.encoding.picture(picture);
                let seen = if self.view == VIEWS[0] { prepared } else { self.view.of(&prepared) };
                normaliser.apply(&seen, input);
            }
        });
        inputs
    }

    /// A copy of the picture of a prepared row, as it was read; none past the end.
    pub fn picture(&self, row: u32) -> Option<Picture> {
        self.set.get(*self.rows.get(row as usize)? as usize)
    }

    fn normaliser(&self) -> Normaliser {
        Normaliser::new(&self.encoding.mean, &self.encoding.deviation)
    }
}
