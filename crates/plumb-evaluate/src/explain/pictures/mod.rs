//! Pictures explained by their parts: a linear model of which segments are seen (LIME), and what the answer loses when a patch is
//! covered (occlusion).
//!
//! As `lime_image` with its defaults: each segment is seen or covered with the same chance, covered ones show their mean colour, pictures
//! count by the cosine of what is seen, and a ridge regression is fitted (Ribeiro, Singh, Guestrin 2016). Occlusion is that of Zeiler and
//! Fergus (2014).

mod segments;

use std::sync::Arc;

use plumb_data::pictures::{Picture, PictureSet};
use plumb_data::{Column, Images, Table, Values};
use plumb_ledger::Seed;
use plumb_stats::attribution::{local_model, proximity};
use rayon::prelude::*;

pub use segments::Segments;

use super::ask::{Asked, unreadable};
use crate::EvaluateError;

/// How to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PicturesConfig {
    /// Pictures with segments covered that LIME asks about, the whole one among them.
    pub samples: usize,
    /// Segments of a picture, about.
    pub segments: usize,
    /// What covers.
    pub fill: Fill,
    /// The first so many pictures are explained by other draws, too.
    pub again: usize,
    /// Where draws come from.
    pub seed: Seed,
}

impl PicturesConfig {
    /// `lime`'s 1,000 pictures; fifty segments, so that each is covered in five hundred and drawn with ten or so others of its size.
    pub fn new(seed: Seed) -> Self {
        Self { samples: 1000, segments: 50, fill: Fill::Mean, again: 4, seed }
    }
}

/// What a covered part shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The mean colour of a segment, and of the whole picture under a patch.
    Mean,
    /// The middle grey.
    Grey,
}

/// A level in the middle between black and white.
const GREY: u8 = 128;

/// The width of LIME's kernel for pictures, of the cosine distance.
const WIDTH: f64 = 0.25;

/// Patches along a side: each is twice as wide as its distance to the next.
const PATCHES: usize = 8;

/// Bytes of pictures that are made at once: the predictor cuts them into batches of its own.
const BYTES: usize = 32 << 20;

/// A picture of one row, explained for one output.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureExplanation {
    /// The row.
    pub row: u32,
    /// The output.
    pub output: usize,
    /// The answer for the row.
    pub answer: f64,
    /// Its segments.
    pub segments: Segments,
    /// By segment: its coefficient in the linear model.
    pub coefficients: Vec<f64>,
    /// The constant.
    pub intercept: f64,
    /// How much of what the model does there is linear; none where it is constant.
    pub r2: Option<f64>,
    /// The coefficients that other draws give; empty where they were not asked for.
    pub again: Vec<f64>,
    /// How much less the answer is when a patch is covered.
    pub occlusion: Occlusion,
}

/// What covering patches does.
#[derive(Debug, Clone, PartialEq)]
pub struct Occlusion {
    /// Patches along a side.
    pub side: usize,
    /// Pixels of a patch, across and down.
    pub patch: (usize, usize),
    /// How much less the answer is, `side x side`, row by row.
    pub drops: Vec<f64>,
}

/// A linear model of which segments of a picture are seen.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentModel {
    /// By segment.
    pub coefficients: Vec<f64>,
    /// The constant.
    pub intercept: f64,
    /// The weighted R²; none where the model is constant.
    pub r2: Option<f64>,
    /// The answer for the whole picture.
    pub answer: f64,
}

/// Explains the picture in the column at `place` of the table for one output of each row. The predictor is asked about
/// `samples + 64` pictures a row, twice `samples` for the first `again` rows.
pub fn pictures(
    asked: &Asked<'_>,
    place: usize,
    rows: &[(u32, usize)],
    config: &PicturesConfig,
    done: &mut dyn FnMut(u64),
) -> Result<Vec<PictureExplanation>, EvaluateError> {
    let mut found = Vec::with_capacity(rows.len());
    for (at, &(row, output)) in rows.iter().enumerate() {
        let of = Shown::new(asked, place, row, output)?;
        let segments = Segments::of(&of.picture, config.segments);
        let stream = config.seed.stream("segments").at(u64::from(row));
        let drawn = |draw: u64| {
            let stream = stream.at(draw);
            let seen = |at: usize| at < segments.count() || stream.uniform(at as u64) < 0.5;
            (0..config.samples.max(2) * segments.count()).map(seen).collect::<Vec<bool>>()
        };
        let model = of.local(&segments, &drawn(0), config.fill)?;
        let again = if at < config.again {
            of.local(&segments, &drawn(1), config.fill)?.coefficients
        } else {
            Vec::new()
        };
        let occlusion = of.occlusion(model.answer, config.fill)?;
        let SegmentModel { coefficients, intercept, r2, answer } = model;
        found.push(PictureExplanation {
            row,
            output,
            answer,
            segments,
            coefficients,
            intercept,
            r2,
            again,
            occlusion,
        });
        done(at as u64 + 1);
    }
    Ok(found)
}

/// A picture whose answer for one output is explained.
pub struct Shown<'a> {
    asked: Asked<'a>,
    /// The row alone, its picture's path in place of the picture: copies of it cost nothing.
    rest: Table,
    place: usize,
    output: usize,
    picture: Picture,
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown")
            .field("place", &self.place)
            .field("output", &self.output)
            .finish_non_exhaustive()
    }
}

impl<'a> Shown<'a> {
    /// The picture of a row in the column at `place`.
    pub fn new(asked: &Asked<'a>, place: usize, row: u32, output: usize) -> Result<Self, EvaluateError> {
        let rest = asked.table.gather(|_| std::slice::from_ref(&row));
        let rest = rest.ok_or_else(|| unreadable("there is no such row"))?;
        let column = rest.columns().get(place).ok_or_else(|| unreadable("there is no such column"))?;
        let images = column.images().ok_or_else(|| unreadable("the column holds no pictures"))?;
        let picture = images.set.get(0).ok_or_else(|| unreadable("the row has no picture"))?;
        let (kind, paths) = (column.kind, Values::Text(images.paths.clone()));
        Ok(Self { asked: *asked, rest: rest.with_values(place, kind, paths), place, output, picture })
    }

    /// The linear model around the picture. `seen` says sample by sample which segments are seen, row-major; the first sample is the
    /// whole picture. Convention: `lime.lime_image` with `hide_color=None` (or grey), cosine distance, kernel width 0.25, ridge with
    /// alpha 1.
    pub fn local(
        &self,
        segments: &Segments,
        seen: &[bool],
        fill: Fill,
    ) -> Result<SegmentModel, EvaluateError> {
        let (count, pixels) = (segments.count(), self.picture.width() * self.picture.height());
        if segments.labels().len() != pixels || seen.is_empty() || !seen.len().is_multiple_of(count) {
            return Err(unreadable("the segments are not those of the picture"));
        }
        let samples: Vec<&[bool]> = seen.chunks_exact(count).collect();
        let covered = covered(&self.picture, segments, fill);
        let channels = self.picture.channels().count();
        let answers = self.answers(samples.len(), |at| {
            let mut picture = self.picture.clone();
            let pixels = picture.pixels_mut().chunks_exact_mut(channels);
            for ((pixel, hidden), &label) in pixels.zip(covered.chunks_exact(channels)).zip(segments.labels())
            {
                if !samples[at][label as usize] {
                    pixel.copy_from_slice(hidden);
                }
            }
            picture
        })?;
        let weight = |seen: &&[bool]| {
            let share = seen.iter().filter(|seen| **seen).count() as f64 / count as f64;
            proximity(1.0 - share.sqrt(), WIDTH)
        };
        let weights: Vec<f64> = samples.iter().map(weight).collect();
        let data: Vec<f64> = seen.iter().map(|&seen| f64::from(u8::from(seen))).collect();
        let model = local_model(&data, count, &weights, &answers, 1.0).ok_or(EvaluateError::NoRows)?;
        Ok(SegmentModel {
            coefficients: model.coefficients,
            intercept: model.intercept,
            r2: model.r2,
            answer: answers[0],
        })
    }

    /// What the answer loses when a patch is covered, patch by patch from edge to edge.
    pub fn occlusion(&self, answer: f64, fill: Fill) -> Result<Occlusion, EvaluateError> {
        let (width, height) = (self.picture.width(), self.picture.height());
        let side = PATCHES.min(width).min(height);
        let size = |extent: usize| (2 * extent / (side + 1)).clamp(1, extent);
        let patch = (size(width), size(height));
        let start = |at: usize, extent: usize, size: usize| at * (extent - size) / (side - 1).max(1);
        let channels = self.picture.channels().count();
        let colour = mean(self.picture.pixels().chunks_exact(channels), fill);
        let answers = self.answers(side * side, |at| {
            let mut picture = self.picture.clone();
            let (left, top) = (start(at % side, width, patch.0), start(at / side, height, patch.1));
            for row in picture.pixels_mut().chunks_exact_mut(width * channels).skip(top).take(patch.1) {
                for pixel in row.chunks_exact_mut(channels).skip(left).take(patch.0) {
                    pixel.copy_from_slice(&colour[..channels]);
                }
            }
            picture
        })?;
        Ok(Occlusion { side, patch, drops: answers.iter().map(|covered| answer - covered).collect() })
    }

    /// The answers for changed pictures, so many at once that memory stays bounded.
    fn answers(
        &self,
        count: usize,
        picture: impl Fn(usize) -> Picture + Sync,
    ) -> Result<Vec<f64>, EvaluateError> {
        let most = (BYTES / self.picture.pixels().len().max(1)).max(1);
        let mut answers = Vec::with_capacity(count);
        for from in (0..count).step_by(most) {
            let pictures: Vec<Picture> =
                (from..count.min(from + most)).into_par_iter().map(&picture).collect();
            let rows: Vec<u32> = (0..pictures.len() as u32).collect();
            let table = self.with(pictures)?;
            let width = self.asked.width();
            let all = self.asked.values(&table, &rows)?;
            answers.extend(all.chunks_exact(width).filter_map(|answer| answer.get(self.output)));
        }
        Ok(answers)
    }

    /// The row once for each picture.
    fn with(&self, pictures: Vec<Picture>) -> Result<Table, EvaluateError> {
        let rows = vec![0; pictures.len()];
        let table = self.rest.gather(|_| &rows).ok_or_else(|| unreadable("rows cannot be put together"))?;
        let column: &Column = &table.columns()[self.place];
        let Some(paths) = column.texts().cloned() else {
            return Err(unreadable("rows cannot be put together"));
        };
        let set: PictureSet = pictures.into_iter().collect();
        let kind = column.kind;
        Ok(table.with_values(self.place, kind, Values::Image(Images { paths, set: Arc::new(set) })))
    }
}

/// The picture with every segment covered.
fn covered(picture: &Picture, segments: &Segments, fill: Fill) -> Vec<u8> {
    let channels = picture.channels().count();
    let mut of = vec![Vec::new(); segments.count()];
    for (pixel, &label) in picture.pixels().chunks_exact(channels).zip(segments.labels()) {
        of[label as usize].push(pixel);
    }
    let colours: Vec<[u8; 3]> = of.into_iter().map(|pixels| mean(pixels.into_iter(), fill)).collect();
    segments.labels().iter().flat_map(|&label| colours[label as usize].into_iter().take(channels)).collect()
}

/// The mean of each channel, cut down to a whole level as NumPy does when it is put into bytes; or grey.
fn mean<'p>(pixels: impl Iterator<Item = &'p [u8]>, fill: Fill) -> [u8; 3] {
    if fill == Fill::Grey {
        return [GREY; 3];
    }
    let (mut sums, mut count) = ([0u64; 3], 0u64);
    for pixel in pixels {
        sums.iter_mut().zip(pixel).for_each(|(sum, &level)| *sum += u64::from(level));
        count += 1;
    }
    sums.map(|sum| (sum / count.max(1)) as u8)
}

#[cfg(test)]
mod tests {
    use plumb_data::pictures::Channels;
    use plumb_data::{Kind, PredictError, Predictions, Predictor};
    use plumb_stats::Task;

    use super::*;

    /// How bright the left upper quarter is, on a scale from 0 to 1.
    struct Corner;

    impl Predictor for Corner {
        fn task(&self) -> Task {
            Task::Regression
        }
        fn classes(&self) -> &[String] {
            &[]
        }
        fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
            let images = table.columns()[1].images().unwrap();
            let value = |&row: &u32| {
                let picture = images.set.get(row as usize).unwrap();
                let corner = (0..8 * 8).map(|at| f64::from(picture.pixel(at % 8, at / 8)[0]));
                corner.sum::<f64>() / (64.0 * 255.0)
            };
            Ok(Predictions::Numbers(rows.iter().map(value).collect()))
        }
    }

    fn table() -> Table {
        // A bright spot in the corner, and one that the predictor does not see.
        let level =
            |at: usize| if matches!((at % 16, at / 16), (2..4, 2..4) | (12..14, 12..14)) { 250 } else { 10 };
        let picture = Picture::new(16, 16, Channels::Grey, (0..256).map(level).collect()).unwrap();
        let set: PictureSet = [picture.clone(), picture].into_iter().collect();
        let paths = [Some("a.png"), Some("b.png")].into_iter().collect();
        let images = Values::Image(Images { paths, set: Arc::new(set) });
        Table::new(vec![
            Column::number("x", Kind::Number, [Some(1.0), Some(2.0)]),
            Column { name: "picture".to_owned(), kind: Kind::Image, values: images },
        ])
        .unwrap()
    }

    #[test]
    fn what_the_predictor_sees_is_found_and_nothing_else() {
        let table = table();
        let asked = Asked { predictor: &Corner, table: &table, inputs: &[] };
        for fill in [Fill::Mean, Fill::Grey] {
            let config =
                PicturesConfig { segments: 16, samples: 300, fill, again: 1, ..PicturesConfig::new(Seed(0)) };
            let mut told = 0;
            let found = pictures(&asked, 1, &[(1, 0)], &config, &mut |done| told = done).unwrap();
            let of = &found[0];
            assert_eq!((of.row, told, of.segments.count(), of.again.len()), (1, 1, 16, 16));
            if fill == Fill::Mean {
                // Covering a patch with the mean takes the bright spot away.
                assert!(of.occlusion.drops[8 + 1] > 0.02, "{:?}", of.occlusion);
            } else {
                assert!(of.coefficients[2].abs() < 0.05 && of.coefficients[1] < -0.05, "{of:?}");
                assert!(of.r2.is_some_and(|r2| r2 > 0.9), "{of:?}");
            }
            let beyond = of.occlusion.drops[63].abs().max(of.coefficients[15].abs());
            assert!(beyond < 0.01, "{of:?}");
        }
        assert!(pictures(&asked, 0, &[(0, 0)], &PicturesConfig::new(Seed(0)), &mut |_| {}).is_err());
        let shown = Shown::new(&asked, 1, 0, 0).unwrap();
        let few = Segments::given(2, &[0, 1]).unwrap();
        assert!(shown.local(&few, &[true, true], Fill::Mean).is_err());
        assert!(Shown::new(&asked, 1, 9, 0).is_err());
    }
}
