//! The confusion matrix and the table of figures for each class that follows from it.

use serde::Serialize;

/// How often class `t` was predicted as `p`, at `t * classes + p`. Pairs out of range are left out.
pub fn confusion(truth: &[u32], predicted: &[u32], classes: usize) -> Vec<u64> {
    let mut counts = vec![0; classes * classes];
    for (&t, &p) in truth.iter().zip(predicted) {
        let (t, p) = (t as usize, p as usize);
        if t < classes && p < classes {
            counts[t * classes + p] += 1;
        }
    }
    counts
}

/// Precision, recall and F1 of one class against the rest. A ratio with an empty denominator is 0
/// (scikit-learn's `zero_division = 0`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassReport {
    /// Share of the rows predicted as this class that belong to it.
    pub precision: f64,
    /// Share of the rows of this class that were predicted as it.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// How many rows belong to the class.
    pub support: u64,
    /// How many rows were predicted as the class.
    pub predicted: u64,
}

/// The report of every class of a confusion matrix.
pub fn per_class(counts: &[u64], classes: usize) -> Vec<ClassReport> {
    (0..classes).map(|class| report(counts, classes, class)).collect()
}

/// The report of one class; all zeros when the matrix is too small for it.
pub(crate) fn report(counts: &[u64], classes: usize, class: usize) -> ClassReport {
    let at = |t: usize, p: usize| counts.get(t * classes + p).copied().unwrap_or(0);
    let support: u64 = (0..classes).map(|p| at(class, p)).sum();
    let predicted: u64 = (0..classes).map(|t| at(t, class)).sum();
    let hits = at(class, class);
    ClassReport {
        precision: share(hits, predicted),
        recall: share(hits, support),
        f1: share(2 * hits, support + predicted),
        support,
        predicted,
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_reports_of_a_small_case() {
        let counts = confusion(&[0, 0, 1, 2, 9], &[0, 1, 1, 1, 0], 3);
        assert_eq!(counts, [1, 1, 0, 0, 1, 0, 0, 1, 0]);
        let reports = per_class(&counts, 3);
        assert_eq!((reports[0].precision, reports[0].recall, reports[0].support), (1.0, 0.5, 2));
        assert_eq!((reports[2].precision, reports[2].f1, reports[2].predicted), (0.0, 0.0, 0));
    }
}
