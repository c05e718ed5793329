//! How each picture looks as a whole: what differs between cameras, scanners and studios rather than between classes.
//!
//! One pass over all pixels, pictures in parallel.

use rayon::prelude::*;

use crate::pictures::{Picture, PictureSet};
use crate::{Column, Kind, Table};

/// What is measured of a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// The mean level, 0 to 255.
    pub(super) brightness: f64,
    /// The deviation of the levels.
    pub(super) contrast: f64,
    /// Mean square of the differences of neighbours over the variance: what a blur takes away.
    pub(super) sharpness: f64,
    /// The logarithm of width over height.
    pub(super) shape: f64,
}

/// A measure by its name.
pub(super) type Measure = (&'static str, fn(&Look) -> f64);

/// Every measure.
pub(super) const MEASURES: [Measure; 4] = [
    ("brightness", |of| of.brightness),
    ("contrast", |of| of.contrast),
    ("sharpness", |of| of.sharpness),
    ("shape", |of| of.shape),
];

/// The look of each picture.
pub(super) fn looks(set: &PictureSet) -> Vec<Option<Look>> {
    (0..set.len()).into_par_iter().map(|row| Some(look(&set.get(row)?))).collect()
}

/// The table with a column of numbers for each measure in place of a column of pictures. Columns are not copied.
pub(super) fn with_measures(table: &Table) -> Table {
    let of_column = |column: &Column| -> Vec<Column> {
        let Some(images) = column.images() else { return vec![column.clone()] };
        let looks = looks(&images.set);
        let of_measure = |(name, measure): &Measure| {
            let name = format!("{}: {name}", column.name);
            Column::number(&name, Kind::Number, looks.iter().map(|look| look.as_ref().map(measure)))
        };
        MEASURES.iter().map(of_measure).collect()
    };
    let columns = table.columns().iter().flat_map(of_column).collect();
    Table::new(columns).unwrap_or_else(|_| table.clone())
}

fn look(picture: &Picture) -> Look {
    let (width, height) = (picture.width(), picture.height());
    let grey = picture.grey();
    let pixels: Vec<f64> = grey.pixels().iter().map(|&level| f64::from(level)).collect();
    let count = pixels.len() as f64;
    let brightness = pixels.iter().sum::<f64>() / count;
    let variance = pixels.iter().map(|level| (level - brightness).powi(2)).sum::<f64>() / count;
    let rows = pixels.chunks_exact(width);
    let along = rows.clone().flat_map(|row| row.windows(2).map(|pair| (pair[0] - pair[1]).powi(2)));
    let down = rows.clone().zip(rows.skip(1));
    let down = down.flat_map(|(above, below)| above.iter().zip(below).map(|(a, b)| (a - b).powi(2)));
    let sharpness = (along.sum::<f64>() + down.sum::<f64>()) / (2.0 * count * variance.max(1e-9));
    let shape = (width as f64 / height.max(1) as f64).ln();
    Look { brightness, contrast: variance.sqrt(), sharpness, shape }
}
