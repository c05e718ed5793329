//! Calibration: do probabilities mean what they say, and the one-parameter repair, temperature scaling.

use serde::Serialize;

use crate::Outcome;
use crate::metrics::metric;
use crate::outcome::most_probable;

/// The bins of the expected calibration error, as many as torchmetrics takes.
pub const BINS: usize = 15;

/// One bin of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Its lower edge, included.
    pub low: f64,
    /// Its upper edge, left out except in the last bin.
    pub high: f64,
    /// How many rows fell into it.
    pub rows: u64,
    /// Their mean confidence; NaN never, 0 when empty.
    pub confidence: f64,
    /// The share that was right; 0 when empty.
    pub accuracy: f64,
}

/// The bin of a probability among `bins` of equal width, [low, high), the last one closed.
pub fn bin_of(p: f64, bins: usize) -> usize {
    ((p.clamp(0.0, 1.0) * bins as f64) as usize).min(bins.saturating_sub(1))
}

/// For each row the confidence and whether it was right. Two classes: p(class 1), and whether the row is of class 1;
/// more: the largest probability, and whether its class is the true one.
pub fn confidences(outcome: &Outcome<'_>) -> Option<(Vec<f64>, Vec<bool>)> {
    let Outcome::Classes { truth, probabilities, classes } = *outcome else { return None };
    let row = |(row, &truth): (&[f64], &u32)| {
        if let [_, positive] = row {
            return (*positive, truth == 1);
        }
        let best = most_probable(row);
        (row[best], best == truth as usize)
    };
    outcome.is_valid().then(|| probabilities.chunks_exact(classes).zip(truth).map(row).unzip())
}

/// The expected calibration error: the metric `ece`.
pub fn ece(outcome: &Outcome<'_>) -> Option<f64> {
    (metric("ece")?.compute)(outcome)
}

/// The reliability diagram.
pub fn reliability(outcome: &Outcome<'_>, bins: usize) -> Option<Vec<ReliabilityBin>> {
    let (confidence, correct) = confidences(outcome)?;
    let mut sums = vec![(0u64, 0.0, 0u64); bins.max(1)];
    for (p, right) in confidence.iter().zip(correct) {
        let sum = &mut sums[bin_of(*p, bins.max(1))];
        *sum = (sum.0 + 1, sum.1 + p, sum.2 + u64::from(right));
    }
    let width = 1.0 / bins.max(1) as f64;
    let bin = |(i, (rows, confidence, right)): (usize, (u64, f64, u64))| ReliabilityBin {
        low: i as f64 * width,
        high: (i + 1) as f64 * width,
        rows,
        confidence: confidence / rows.max(1) as f64,
        accuracy: right as f64 / rows.max(1) as f64,
    };
    Some(sums.into_iter().enumerate().map(bin).collect())
}

/// A fitted temperature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Temperature {
    /// The temperature: above 1 softens, below 1 sharpens.
    pub value: f64,
    /// The log loss before, on the rows it was fitted on.
    pub log_loss_before: f64,
    /// The log loss after.
    pub log_loss_after: f64,
}

/// How far the search goes to both sides of 1: beyond, the model needs another repair.
const RANGE: f64 = 20.0;

/// Fits the temperature that minimises the log loss (Guo et al. 2017) by golden section on its logarithm; the log
/// loss is convex in 1/T, hence unimodal. About 40 passes over the rows.
pub fn temperature(outcome: &Outcome<'_>) -> Option<Temperature> {
    let Outcome::Classes { truth, probabilities, classes } = *outcome else { return None };
    if !outcome.is_valid() {
        return None;
    }
    let logits: Vec<f64> = probabilities.iter().map(|p| log_of(*p)).collect();
    let loss = |t: f64| {
        let rows = logits.chunks_exact(classes).zip(truth);
        rows.map(|(row, &t_class)| scaled_surprise(row, t_class as usize, t.exp())).sum::<f64>()
            / truth.len() as f64
    };
    let best = golden_section(loss, -RANGE.ln(), RANGE.ln());
    Some(Temperature { value: best.exp(), log_loss_before: loss(0.0), log_loss_after: loss(best) })
}

/// The probabilities at a temperature: `p^(1/T)`, each row scaled to sum 1.
pub fn at_temperature(probabilities: &[f64], classes: usize, temperature: f64) -> Vec<f64> {
    let mut scaled: Vec<f64> = probabilities.iter().map(|p| log_of(*p) / temperature).collect();
    for row in scaled.chunks_exact_mut(classes.max(1)) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for x in row.iter_mut() {
            *x = (*x - largest).exp();
        }
        let total: f64 = row.iter().sum();
        for x in row {
            *x /= total;
        }
    }
    scaled
}

/// Where probabilities end: files round them to six or seven decimals, and a softmax of 32 bits ends about there. A 0 taken as it
/// stands would be a logit of -700 and decide the temperature alone.
const LEAST: f64 = 1e-7;

/// The logarithm of a probability, held at [`LEAST`].
fn log_of(p: f64) -> f64 {
    p.max(LEAST).ln()
}

fn scaled_surprise(logits: &[f64], class: usize, temperature: f64) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|x| ((x - largest) / temperature).exp()).sum();
    total.ln() - (logits[class] - largest) / temperature
}

/// The minimum of a unimodal function, to 1e-8.
fn golden_section(of: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (of(left), of(right));
    while high - low > 1e-8 {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = of(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = of(right);
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn a_temperature_that_was_applied_is_found() {
        let stream = Seed(9).stream("calibration");
        let rows = 20_000u64;
        let fair: Vec<f64> = (0..rows).map(|i| 1.0 / (1.0 + (-1.5 * stream.normal(i)).exp())).collect();
        let draw = Seed(10).stream("labels");
        let truth: Vec<u32> =
            fair.iter().enumerate().map(|(i, p)| u32::from(draw.uniform(i as u64) < *p)).collect();
        let fair: Vec<f64> = fair.iter().flat_map(|p| [1.0 - p, *p]).collect();
        let sharp = at_temperature(&fair, 2, 0.5);
        let of = |probabilities| Outcome::Classes { truth: &truth, probabilities, classes: 2 };
        let fitted = temperature(&of(&sharp)).unwrap();
        assert!((fitted.value - 2.0).abs() < 0.1, "{fitted:?}");
        assert!(fitted.log_loss_after < fitted.log_loss_before);
        assert!(ece(&of(&at_temperature(&sharp, 2, fitted.value))).unwrap() < ece(&of(&sharp)).unwrap());
    }

    #[test]
    fn bins_hold_every_row_once() {
        let outcome = Outcome::Classes { truth: &[1, 0], probabilities: &[0.0, 1.0, 0.5, 0.5], classes: 2 };
        let bins = reliability(&outcome, 10).unwrap();
        assert_eq!(bins.iter().map(|bin| bin.rows).sum::<u64>(), 2);
        assert_eq!((bins[9].accuracy, bins[5].accuracy), (1.0, 0.0));
    }
}
