//! DeLong's test: the difference of two AUROCs on the same rows, by placements (Sun and Xu 2014).

use super::PairedDifference;
use crate::distributions::{normal_quantile, normal_two_sided};
use crate::ranks::mid_ranks;

/// The AUROC of scores `a` minus that of scores `b` on the same rows, its normal interval at `level` and p-value.
/// `None` when a class is missing, lengths differ or a class has one row. Three sorts for each of the scores.
pub fn delong(positive: &[bool], a: &[f64], b: &[f64], level: f64) -> Option<PairedDifference> {
    if a.len() != positive.len() || b.len() != positive.len() {
        return None;
    }
    let (first, second) = (placements(positive, a), placements(positive, b));
    let (hits, misses) = (first.positives.len(), first.negatives.len());
    if hits < 2 || misses < 2 {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let difference = mean(&first.positives) - mean(&second.positives);
    // The variance of the difference is that of the differences of placements, class by class.
    let part = |a: &[f64], b: &[f64]| {
        let gaps: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
        crate::describe::variance(&gaps).map(|variance| variance / gaps.len() as f64)
    };
    let variance = part(&first.positives, &second.positives)? + part(&first.negatives, &second.negatives)?;
    let error = variance.sqrt();
    let half = normal_quantile(0.5 + 0.5 * level) * error;
    let p = if error > 0.0 {
        normal_two_sided(difference / error)
    } else {
        f64::from(u8::from(difference == 0.0))
    };
    Some(PairedDifference { difference, low: difference - half, high: difference + half, p })
}

/// For each positive the share of negatives that it beats; for each negative the share of positives that beat it.
struct Placements {
    positives: Vec<f64>,
    negatives: Vec<f64>,
}

fn placements(positive: &[bool], scores: &[f64]) -> Placements {
    let of = |wanted: bool| -> Vec<f64> {
        positive.iter().zip(scores).filter(|(p, _)| **p == wanted).map(|(_, s)| *s).collect()
    };
    let overall = mid_ranks(scores);
    let (hits, misses) = (of(true), of(false));
    let (m, n) = (hits.len() as f64, misses.len() as f64);
    let pooled =
        |wanted: bool| positive.iter().zip(&overall).filter(move |(p, _)| **p == wanted).map(|(_, r)| *r);
    let positives = pooled(true).zip(mid_ranks(&hits)).map(|(all, own)| (all - own) / n).collect();
    let negatives = pooled(false).zip(mid_ranks(&misses)).map(|(all, own)| 1.0 - (all - own) / m).collect();
    Placements { positives, negatives }
}
