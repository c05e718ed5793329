//! Learning a few rows by heart, which a sound network can.

use std::collections::BTreeMap;

use burn::tensor::{Int, Tensor};
use plumb_data::prepare::Prepared;
use plumb_ledger::Seed;

use super::measure::{dear, plain, predict};
use super::{Gradient, Subject, Subset, overfit_subset};
use crate::batches::{Batch, Batches, Sampling};
use crate::losses::Loss;
use crate::network::Network;
use crate::optim::OptimizerError;
use crate::rate_finder::RateCurve;
use crate::trial::Trial;

/// Rows to learn by heart, and dear ones: as few show as well whether anything is learned, at a quarter of the price.
const ROWS: usize = 32;
const DEAR_ROWS: usize = 8;
/// Steps to learn them.
const STEPS: u64 = 100;
/// The most steps of all tries.
pub(super) const MOST_STEPS: u64 = 2 * STEPS;
/// Steps over which the largest gradient norms are taken: a last layer of zeros needs one to let gradients through.
const GRADIENT_STEPS: u64 = 5;
/// The share of the first loss at which the rows count as learned.
const LEARNED: f64 = 0.05;

/// Trains a copy on a few rows, of as many classes as have room, without dropout: at the job's rate, and where that does not do, at
/// the one that the range test suggests. Answers with the better of both, and with the gradients of the first.
pub(super) fn memorise<N: Network>(
    network: &N,
    subject: &Subject<'_>,
    loss: &Loss,
    curve: &RateCurve,
    stepped: &mut dyn FnMut(),
) -> Result<(Subset, Vec<Gradient>), OptimizerError> {
    let rows = rows_to_learn(subject.train, Seed(subject.config.seed));
    let mut at = |lr| attempt(network, subject, loss, &rows, lr, stepped);
    let (first, gradients) = at(subject.config.lr)?;
    let left = |of: &Subset| of.last_loss / of.first_loss;
    let again =
        curve.suggestion.filter(|_| left(&first).is_nan() || left(&first) > overfit_subset::MEMORISED.value);
    let Some(lr) = again else { return Ok((first, gradients)) };
    let (second, _) = at(lr)?;
    let is_better = left(&first).is_nan() || left(&second) < left(&first);
    Ok((if is_better { second } else { first }, gradients))
}

fn attempt<N: Network>(
    network: &N,
    subject: &Subject<'_>,
    loss: &Loss,
    rows: &[u32],
    lr: f64,
    stepped: &mut dyn FnMut(),
) -> Result<(Subset, Vec<Gradient>), OptimizerError> {
    let Subject { train, config, .. } = *subject;
    let mut trial = Trial::new(network, train, loss, &config.optimizer, Seed(config.seed))?;
    let mut subset = Subset { rows: rows.len(), lr, first_loss: f64::NAN, ..Subset::default() };
    // What the loss does not reach has no gradient at all, which is one of 0.
    let mut largest: BTreeMap<String, f64> = trial.trained().into_iter().map(|name| (name, 0.0)).collect();
    for step in 0..STEPS {
        let (next, shown) = trial.step(rows, lr, 0.0)?;
        trial = next;
        stepped();
        if step == 0 {
            subset.first_loss = shown.loss;
        }
        (subset.steps, subset.last_loss) = (step + 1, shown.loss);
        for (name, norm) in shown.norms.into_iter().filter(|_| step < GRADIENT_STEPS) {
            let known = largest.entry(name).or_insert(norm);
            *known = if norm.is_nan() { norm } else { known.max(norm) };
        }
        if !shown.loss.is_finite() || (shown.loss < LEARNED * subset.first_loss && step >= GRADIENT_STEPS) {
            break;
        }
    }
    subset.zeroed_loss = zeroed_loss(trial.network(), train, rows, loss);
    Ok((subset, largest.into_iter().map(|(name, norm)| Gradient { name, norm }).collect()))
}

fn rows_to_learn(train: &Prepared, seed: Seed) -> Vec<u32> {
    let most = if dear(train) { DEAR_ROWS } else { ROWS };
    let sampling = Sampling::balanced(&train.labels);
    let mut rows = Batches::new(train.rows, most, seed.stream("subset"), sampling).order(0);
    rows.truncate(most);
    rows.sort_unstable();
    rows.dedup();
    rows
}

fn zeroed_loss<N: Network>(network: &N, train: &Prepared, rows: &[u32], loss: &Loss) -> f64 {
    let (network, device) = plain(network);
    let mut batch = Batch::gather(train, rows, &device);
    batch.numbers = Tensor::zeros(batch.numbers.dims(), &device);
    batch.flags = Tensor::zeros(batch.flags.dims(), &device);
    batch.images = batch.images.map(|images| Tensor::zeros(images.dims(), &device));
    batch.codes = Tensor::<2, Int>::zeros(batch.codes.dims(), &device);
    let padding = train.texts.as_ref().map_or(0, |texts| texts.padding);
    batch.tokens.iter_mut().for_each(|tokens| tokens.ids.fill(padding));
    loss.on_host(&predict(&network, &batch), &batch.labels)
}
