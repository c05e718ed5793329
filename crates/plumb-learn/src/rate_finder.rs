//! The range test (Smith 2015, <https://arxiv.org/abs/1506.01186>): the rate rises with every step until the loss
//! explodes; a good rate lies in the valley before that. Settings and the pick are fastai's.

use plumb_data::prepare::Prepared;
use plumb_ledger::Seed;

use crate::batches::{Batches, Sampling};
use crate::losses::Loss;
use crate::network::Network;
use crate::optim::{OptimizerConfig, OptimizerError};
use crate::trial::Trial;

/// How the test goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RangeTest {
    /// The first rate.
    pub first: f64,
    /// The last rate.
    pub last: f64,
    /// Steps between them, at even ratios.
    pub steps: u64,
    /// Rows of a step.
    pub batch_size: usize,
}

impl RangeTest {
    /// fastai's: from 1e-7 to 10 in 100 steps.
    pub const DEFAULT: Self = Self { first: 1e-7, last: 10.0, steps: 100, batch_size: 256 };

    fn rate(&self, step: u64) -> f64 {
        self.first * (self.last / self.first).powf(step as f64 / self.steps.saturating_sub(1).max(1) as f64)
    }
}

/// What the test saw.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RateCurve {
    /// The rates tried, rising.
    pub rates: Vec<f64>,
    /// The smoothed loss at each, as fastai draws it.
    pub losses: Vec<f64>,
    /// The rate half into the longest fall of the loss (fastai's `valley`); none where it never fell.
    pub suggestion: Option<f64>,
    /// The rate at which the loss exceeded four times its best, where it did.
    pub exploded_at: Option<f64>,
}

/// Weight of the past in the smoothed loss (fastai).
const SMOOTHING: f64 = 0.98;
/// The test ends when the smoothed loss exceeds its best by this factor (fastai).
const EXPLODED: f64 = 4.0;

/// Runs the test on a copy of `network`: the real run is not disturbed. At most `test.steps` training steps, with a call
/// of `stepped` after each.
pub fn find<N: Network>(
    network: &N,
    data: &Prepared,
    loss: &Loss,
    optimizer: &OptimizerConfig,
    seed: Seed,
    test: &RangeTest,
    stepped: &mut dyn FnMut(),
) -> Result<RateCurve, OptimizerError> {
    let batches = Batches::new(data.rows, test.batch_size, seed.stream("range-test"), Sampling::Shuffled);
    let mut curve = RateCurve::default();
    if batches.per_epoch() == 0 {
        return Ok(curve);
    }
    let mut trial = Trial::new(network, data, loss, optimizer, seed)?;
    let (mut average, mut best) = (0.0, f64::INFINITY);
    let mut order = Vec::new();
    for step in 0..test.steps {
        let (epoch, index) = (step / batches.per_epoch() as u64, step as usize % batches.per_epoch());
        if index == 0 {
            order = batches.order(epoch);
        }
        let (next, shown) = trial.step(batches.slice(&order, index), test.rate(step), 1.0)?;
        trial = next;
        stepped();
        average = SMOOTHING * average + (1.0 - SMOOTHING) * shown.loss;
        let smoothed = average / (1.0 - SMOOTHING.powf(step as f64 + 1.0));
        if !smoothed.is_finite() || smoothed > EXPLODED * best {
            curve.exploded_at = Some(test.rate(step));
            break;
        }
        best = best.min(smoothed);
        curve.rates.push(test.rate(step));
        curve.losses.push(smoothed);
    }
    // fastai leaves out the first tenth, where nothing moves yet, and the last five points.
    let skipped = test.steps as usize / 10;
    let losses = curve.losses.get(skipped..curve.losses.len().saturating_sub(5)).unwrap_or_default();
    curve.suggestion = valley(losses).and_then(|index| curve.rates.get(skipped + index).copied());
    Ok(curve)
}

/// Half into the longest fall: fastai's `valley`, in `n^2` for the hundred points of a test. A fall is a
/// subsequence in which each loss is below the one before; it is taken to start its own length before its end.
fn valley(losses: &[f64]) -> Option<usize> {
    let mut lengths = vec![1usize; losses.len()];
    for end in 0..losses.len() {
        let longer =
            (0..end).filter(|&before| losses[before] > losses[end]).map(|before| lengths[before] + 1);
        lengths[end] = longer.max().unwrap_or(1);
    }
    // The first one of the longest, as in fastai.
    let end = (0..losses.len()).rev().max_by_key(|&end| lengths[end]).filter(|&end| lengths[end] > 1)?;
    let start = end.saturating_sub(lengths[end]);
    let section = (end - start) / 3;
    Some(start + section + (end - start) / 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_is_in_the_longest_fall() {
        // Flat, a fall from 10 to 40, an explosion.
        let losses: Vec<f64> = (0..50)
            .map(|i| match i {
                0..10 => 1.0,
                10..41 => 1.0 - 0.02 * f64::from(i - 10),
                _ => 2.0,
            })
            .collect();
        assert_eq!(valley(&losses), Some(9 + 10 + 5), "half into the fall");
        assert_eq!(valley(&[]), None);
        assert_eq!(valley(&[1.0, 2.0, 3.0]), None, "a loss that only rises has none");
        assert_eq!(valley(&[f64::NAN, f64::NAN]), None);
    }

    #[test]
    fn rates_rise_from_first_to_last() {
        let test = RangeTest::DEFAULT;
        assert!((test.rate(0) - 1e-7).abs() < 1e-20);
        assert!((test.rate(99) - 10.0).abs() < 1e-9);
    }
}
