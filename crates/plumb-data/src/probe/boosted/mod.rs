//! Gradient boosted decision trees on histograms, after LightGBM (Ke et al. 2017) and with its defaults.
//!
//! Inputs are cut into at most 255 bins, missing values go to the side that they fit, categories are split by
//! their gradient statistics. Sums run over rows in their order, whatever the number of threads.

mod bins;
mod histogram;
mod tree;

use rayon::prelude::*;

use super::features::FeatureValues;
use super::link::Link;
use bins::Binning;
use tree::{Grower, Tree};

/// Rounds of boosting, LightGBM's default.
const ROUNDS: usize = 100;
/// Trees in all: with more than ten classes there are fewer rounds, so that the cost stays bounded.
const TREES: usize = 1000;
/// What is added of each tree, LightGBM's default.
const RATE: f64 = 0.1;

/// A fitted ensemble.
#[derive(Debug, Clone)]
pub(super) struct Boosted {
    link: Link,
    binning: Binning,
    prior: Vec<f64>,
    /// One tree for each output, round after round.
    rounds: Vec<Vec<Tree>>,
}

/// Fits on labels as [`super::link::outcome`] gives them. Costs about `rounds x rows x inputs x depth`.
pub(super) fn fit(features: &[FeatureValues], link: Link, labels: &[f64]) -> Boosted {
    let binning = Binning::fit(features);
    let bins = binning.apply(features);
    let prior = link.prior(labels);
    let mut scores: Vec<Vec<f64>> = prior.iter().map(|&score| vec![score; labels.len()]).collect();
    let grower = Grower::new(&binning, &bins, labels.len());
    let outputs = link.outputs();
    let mut rounds = Vec::new();
    for _ in 0..(TREES / outputs.max(1)).clamp(10, ROUNDS) {
        let means = activated(link, &scores);
        let trees: Vec<Tree> = scores
            .par_iter_mut()
            .enumerate()
            .map(|(output, scores)| {
                let gradients = gradients(link, &means, labels, output);
                grower.grow(&gradients, RATE, scores)
            })
            .collect();
        if trees.iter().all(Tree::is_leaf) {
            break;
        }
        rounds.push(trees);
    }
    Boosted { link, binning, prior, rounds }
}

/// The predicted probabilities or numbers, row-major.
fn activated(link: Link, scores: &[Vec<f64>]) -> Vec<f64> {
    let outputs = scores.len();
    let rows = scores.first().map_or(0, Vec::len);
    let mut means = vec![0.0; rows * outputs];
    if outputs > 0 {
        means.par_chunks_exact_mut(outputs).enumerate().with_min_len(1024).for_each(|(row, means)| {
            for (mean, scores) in means.iter_mut().zip(scores) {
                *mean = scores[row];
            }
            link.activate(means);
        });
    }
    means
}

/// First and second derivative of the loss by the score of one output, for each row.
fn gradients(link: Link, means: &[f64], labels: &[f64], output: usize) -> Vec<[f64; 2]> {
    let outputs = link.outputs();
    // LightGBM's factor: with K scores, one of them is redundant.
    let factor = if outputs > 1 { outputs as f64 / (outputs - 1) as f64 } else { 1.0 };
    let of_row = |(means, &label): (&[f64], &f64)| {
        let mean = means[output];
        let curvature = match link {
            Link::Identity { .. } => 1.0,
            _ => (factor * mean * (1.0 - mean)).max(1e-16),
        };
        [mean - link.wanted(label, output), curvature]
    };
    means.chunks_exact(outputs).zip(labels).map(of_row).collect()
}

impl Boosted {
    /// Answers for each row, row-major. Costs about `trees x depth` steps a row.
    pub(super) fn predict(&self, features: &[FeatureValues], rows: usize) -> Vec<f64> {
        let bins = self.binning.apply(features);
        let outputs = self.link.outputs();
        let mut scores = vec![0.0; rows * outputs];
        if outputs > 0 {
            scores.par_chunks_exact_mut(outputs).enumerate().with_min_len(256).for_each(|(row, scores)| {
                scores.copy_from_slice(&self.prior);
                for trees in &self.rounds {
                    for (score, tree) in scores.iter_mut().zip(trees) {
                        *score += tree.value(&bins, row);
                    }
                }
            });
        }
        self.link.answers(scores)
    }
}
