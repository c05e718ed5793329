//! Pictures as a network sees them that was trained on others.

use plumb_ledger::Seed;
use rayon::prelude::*;

use super::{AuditContext, subsample};
use crate::prepare::mean_and_deviation;

/// Rows that are embedded at most: a minute of a small network. The confident fifth of them has a standard error of 0.6 % for
/// a rate of 3 %.
const ROWS: usize = 4_000;
/// Directions that features are projected on: distances stay within a tenth (Johnson, Lindenstrauss 1984).
const DIRECTIONS: usize = 256;

/// What a network sees of the pictures of some rows. It has not seen their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// The name of the network.
    pub network: String,
    /// The rows.
    pub rows: Vec<u32>,
    /// What it sees of each, row by row.
    pub features: Vec<f32>,
}

impl AuditContext {
    /// The labelled rows whose pictures are worth embedding, ascending; none without pictures or classes.
    pub fn rows_to_embed(&self) -> Vec<u32> {
        match self.labelled() {
            Ok((target, rows)) if target.task.is_classification() && self.pictures().is_some() => {
                subsample(&rows, ROWS, self.seed)
            }
            _ => Vec::new(),
        }
    }
}

impl Embedding {
    /// The features as columns: standardised, and projected on random directions where they are many.
    ///
    /// Costs `rows x width x 256` multiplications, and 8 bytes a number twice over.
    pub(super) fn columns(&self, seed: Seed) -> Vec<Vec<f64>> {
        let width = self.features.len().checked_div(self.rows.len()).unwrap_or(0);
        let standardised = |feature: usize| -> Vec<f64> {
            let values = self.features.iter().skip(feature).step_by(width);
            let values: Vec<f64> = values.map(|&value| f64::from(value)).collect();
            let (mean, deviation) = mean_and_deviation(&values);
            let factor = if deviation > 0.0 { 1.0 / deviation } else { 0.0 };
            values.into_iter().map(|value| (value - mean) * factor).collect()
        };
        let features: Vec<Vec<f64>> = (0..width).into_par_iter().map(standardised).collect();
        if width <= DIRECTIONS {
            return features;
        }
        let stream = seed.stream("embedding directions");
        let along = |direction: usize| -> Vec<f64> {
            let direction = stream.at(direction as u64);
            let mut sum = vec![0.0; self.rows.len()];
            for (at, feature) in features.iter().enumerate() {
                let weight = direction.normal(at as u64) / (DIRECTIONS as f64).sqrt();
                sum.iter_mut().zip(feature).for_each(|(sum, value)| *sum += weight * value);
            }
            sum
        };
        (0..DIRECTIONS).into_par_iter().map(along).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_keeps_distances() {
        let (rows, width) = (20, 1000);
        let noise = Seed(3).stream("features");
        let features: Vec<f32> = (0..rows * width).map(|at| noise.normal(at as u64) as f32).collect();
        let embedding = Embedding {
            network: "some".to_owned(),
            rows: (0..rows as u32).collect(),
            features: features.clone(),
        };
        let columns = embedding.columns(Seed(0));
        assert_eq!(columns.len(), DIRECTIONS);
        let before = |a: usize, b: usize| -> f64 {
            let pairs = features[a * width..][..width].iter().zip(&features[b * width..][..width]);
            pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
        };
        let after = |a: usize, b: usize| columns.iter().map(|of| (of[a] - of[b]).powi(2)).sum::<f64>().sqrt();
        for b in 1..rows {
            // Columns are standardised over 20 rows first, which changes distances by a few per cent.
            assert!((after(0, b) / before(0, b) - 1.0).abs() < 0.2, "{} {}", after(0, b), before(0, b));
        }
    }

    #[test]
    fn few_features_stay_as_they_are_but_for_their_scale() {
        let features = vec![1.0, 7.0, 3.0, 7.0];
        let embedding = Embedding { network: "some".to_owned(), rows: vec![4, 9], features };
        assert_eq!(embedding.columns(Seed(0)), [vec![-1.0, 1.0], vec![0.0, 0.0]]);
    }
}
