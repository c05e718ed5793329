//! Sorting once, so that everything that depends on order is a pass.

use crate::Outcome;
use crate::metrics::Plan;

/// The rows in ascending order of value; equal values stay in their order, 0 equals -0, NaN sorts last.
pub(crate) fn ascending(values: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_by(|&a, &b| compare(values[a as usize], values[b as usize]));
    order
}

/// The values in ascending order.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| compare(*a, *b));
    values
}

fn compare(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.total_cmp(&b))
}

/// Ranks from 1, ties sharing their mean rank, in the order of the values.
pub(crate) fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let order = ascending(values);
    let mut ranks = vec![0.0; values.len()];
    for_each_run(&order, values, |from, to| {
        for &row in &order[from..to] {
            ranks[row as usize] = f64::midpoint(from as f64 + 1.0, to as f64);
        }
    });
    ranks
}

/// Calls `visit(from, to)` for every run of equal values in `order`.
pub(crate) fn for_each_run(order: &[u32], values: &[f64], mut visit: impl FnMut(usize, usize)) {
    let mut from = 0;
    for to in 1..=order.len() {
        let ends =
            to == order.len() || compare(values[order[to] as usize], values[order[from] as usize]).is_ne();
        if ends {
            visit(from, to);
            from = to;
        }
    }
}

/// The rows of two classes by descending score of class 1, for outcomes of two classes. A bootstrap may order rows as
/// it likes, and in this order a curve reads its weights one after the other instead of all over memory.
pub(crate) fn by_score(outcome: &Outcome<'_>) -> Option<Vec<u32>> {
    let Outcome::Classes { probabilities, classes: 2, .. } = *outcome else { return None };
    let scores: Vec<f64> = probabilities.chunks_exact(2).map(|row| row[1]).collect();
    let mut order = ascending(&scores);
    order.reverse();
    outcome.is_valid().then_some(order)
}

/// The rows of one class against the rest, in descending order of score.
pub(crate) struct Ranked {
    /// For each place: the row, shifted left by two; bit 0 says positive, bit 1 says last of its tie.
    places: Vec<u64>,
}

impl Ranked {
    pub(crate) fn new(scores: &[f64], positive: impl Fn(usize) -> bool) -> Self {
        let mut order = ascending(scores);
        order.reverse();
        let mut places: Vec<u64> =
            order.iter().map(|&row| u64::from(row) << 2 | u64::from(positive(row as usize))).collect();
        for_each_run(&order, scores, |_, to| places[to - 1] |= 2);
        Self { places }
    }

    /// Calls `visit(positives, negatives)` for every distinct score, the highest first. Without a branch on the
    /// class, which no processor can foresee.
    #[inline]
    pub(crate) fn for_each_tie(&self, weights: &[u32], mut visit: impl FnMut(u64, u64)) {
        let (mut hits, mut all) = (0u64, 0u64);
        for &place in &self.places {
            let weight = u64::from(weights[(place >> 2) as usize]);
            all += weight;
            hits += weight & (place & 1).wrapping_neg();
            if place & 2 != 0 {
                visit(hits, all - hits);
                (hits, all) = (0, 0);
            }
        }
    }

    /// A plan for a curve's area: class 1 for two classes, else the mean of one class against the rest over the
    /// classes where the area is defined. Sorts once for each class.
    pub(crate) fn plan(outcome: &Outcome<'_>, area: fn(&Self, &[u32]) -> Option<f64>) -> Option<Plan> {
        let Outcome::Classes { truth, probabilities, classes } = *outcome else { return None };
        if !outcome.is_valid() {
            return None;
        }
        let ranked = |class: usize| {
            let scores: Vec<f64> = probabilities.chunks_exact(classes).map(|row| row[class]).collect();
            Self::new(&scores, |row| truth[row] as usize == class)
        };
        let first = usize::from(classes == 2);
        let curves: Vec<Self> = (first..classes).map(ranked).collect();
        let of = move |weights: &[u32]| {
            let areas: Vec<f64> = curves.iter().filter_map(|curve| area(curve, weights)).collect();
            (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
        };
        Some(Plan::Weighted { rows: truth.len(), of: Box::new(of) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert!(mid_ranks(&[]).is_empty());
    }
}
