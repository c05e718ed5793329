//! Curves of a binary score: ROC, precision-recall, and thinning for a chart.

use serde::Serialize;

use crate::ranks::Ranked;

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RocPoint {
    /// Share of negatives at or above the threshold.
    pub false_positive_rate: f64,
    /// Share of positives at or above the threshold.
    pub true_positive_rate: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrecisionRecallPoint {
    /// Share of positives at or above the threshold.
    pub recall: f64,
    /// Share of rows at or above the threshold that are positive.
    pub precision: f64,
}

/// Counts (positives, negatives) at or above each distinct score, the highest first, and the totals.
fn cumulative(positive: &[bool], scores: &[f64]) -> Option<Vec<(u64, u64)>> {
    if positive.len() != scores.len() || scores.iter().any(|s| !s.is_finite()) {
        return None;
    }
    let (mut hits, mut misses) = (0, 0);
    let mut points = Vec::new();
    Ranked::new(scores, |row| positive[row]).for_each_tie(&vec![1; scores.len()], |h, m| {
        hits += h;
        misses += m;
        points.push((hits, misses));
    });
    (hits > 0 && misses > 0).then_some(points)
}

/// The ROC curve from (0, 0) to (1, 1), one point for each distinct score. `None` when a class is missing.
pub fn roc(positive: &[bool], scores: &[f64]) -> Option<Vec<RocPoint>> {
    let points = cumulative(positive, scores)?;
    let &(all_hits, all_misses) = points.last()?;
    let point = |&(hits, misses): &(u64, u64)| RocPoint {
        false_positive_rate: misses as f64 / all_misses as f64,
        true_positive_rate: hits as f64 / all_hits as f64,
    };
    Some(std::iter::once(&(0, 0)).chain(&points).map(point).collect())
}

/// The precision-recall curve, one point for each distinct score, recall ascending. `None` when a class is missing.
pub fn precision_recall(positive: &[bool], scores: &[f64]) -> Option<Vec<PrecisionRecallPoint>> {
    let points = cumulative(positive, scores)?;
    let &(all_hits, _) = points.last()?;
    let point = |&(hits, misses): &(u64, u64)| PrecisionRecallPoint {
        recall: hits as f64 / all_hits as f64,
        precision: hits as f64 / (hits + misses) as f64,
    };
    Some(points.iter().map(point).collect())
}

/// At most `keep` points, evenly spaced by position, both ends kept.
pub fn thin<T: Copy>(points: &[T], keep: usize) -> Vec<T> {
    if points.len() <= keep || keep < 2 {
        return points.iter().copied().take(keep.max(1)).collect();
    }
    (0..keep).map(|i| points[i * (points.len() - 1) / (keep - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_of_a_small_case() {
        let (positive, scores) = ([true, false, true, false], [0.9, 0.8, 0.8, 0.1]);
        let roc = roc(&positive, &scores).unwrap();
        let points: Vec<_> = roc.iter().map(|p| (p.false_positive_rate, p.true_positive_rate)).collect();
        assert_eq!(points, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
        let curve = precision_recall(&positive, &scores).unwrap();
        assert_eq!((curve[1].recall, curve[1].precision), (1.0, 2.0 / 3.0));
        assert_eq!(super::roc(&[true], &[0.5]), None);
    }

    #[test]
    fn thinning_keeps_the_ends() {
        assert_eq!(thin(&[0, 1, 2, 3, 4, 5, 6], 3), [0, 3, 6]);
        assert_eq!(thin(&[0, 1], 5), [0, 1]);
    }
}
