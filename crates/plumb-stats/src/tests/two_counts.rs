//! Two samples of categories: do their shares differ?

use crate::tests::{chi_squared, fisher_exact};

/// Expected rows of a category in either sample from which Pearson's statistic is near its limit (Cochran 1954).
pub const LEAST_EXPECTED: f64 = 5.0;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoCounts {
    /// The p-value of equal shares.
    pub p: f64,
    /// `chi-squared`, or `fisher` where two categories are left and one of them is rare.
    pub method: &'static str,
    /// Categories that were compared; rare ones count as one.
    pub categories: usize,
}

/// Compares counts by category, both in the same order. Categories of which either sample would be expected to have under
/// [`LEAST_EXPECTED`] rows are one category together, which takes the next rarest in until it is not rare. `None` when lengths
/// differ, a sample is empty or fewer than two categories occur. One sort.
pub fn two_counts(first: &[u64], second: &[u64]) -> Option<TwoCounts> {
    if first.len() != second.len() {
        return None;
    }
    let totals = [first.iter().sum::<u64>(), second.iter().sum::<u64>()];
    let mut pairs: Vec<[u64; 2]> =
        first.iter().zip(second).map(|(a, b)| [*a, *b]).filter(|[a, b]| a + b > 0).collect();
    if totals.contains(&0) || pairs.len() < 2 {
        return None;
    }
    pairs.sort_by_key(|[a, b]| std::cmp::Reverse(a + b));
    let smaller = totals[0].min(totals[1]) as f64 / (totals[0] + totals[1]) as f64;
    let is_rare = |[a, b]: [u64; 2]| ((a + b) as f64) * smaller < LEAST_EXPECTED;
    let mut rare = [0, 0];
    while pairs.len() > 1 && (pairs.last().copied().is_some_and(is_rare) || rare != [0, 0] && is_rare(rare)) {
        let [a, b] = pairs.pop()?;
        rare = [rare[0] + a, rare[1] + b];
    }
    if rare != [0, 0] {
        pairs.push(rare);
    }
    let categories = pairs.len();
    if let [[a, c], [b, d]] = pairs.as_slice()
        && (is_rare([*a, *c]) || is_rare([*b, *d]))
    {
        return Some(TwoCounts { p: fisher_exact([[*a, *b], [*c, *d]]), method: "fisher", categories });
    }
    let side = |side: usize| pairs.iter().map(|pair| pair[side] as f64).collect::<Vec<_>>();
    let test = chi_squared(&[side(0), side(1)])?;
    Some(TwoCounts { p: test.p, method: "chi-squared", categories })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_categories_are_one() {
        let test = two_counts(&[50, 50, 1, 1, 1], &[55, 45, 2, 0, 2]).unwrap();
        assert_eq!((test.method, test.categories), ("chi-squared", 2), "a rare rest joins the next rarest");
        let unseen = two_counts(&[100, 0], &[80, 20]).unwrap();
        assert!(unseen.method == "chi-squared" && unseen.p < 1e-5);
        assert_eq!(two_counts(&[100, 0], &[99, 1]).unwrap().method, "fisher");
    }

    #[test]
    fn nothing_to_compare_is_none() {
        assert_eq!(two_counts(&[], &[]), None);
        assert_eq!(two_counts(&[5, 0], &[7, 0]), None);
        assert_eq!(two_counts(&[0, 0], &[7, 1]), None);
        assert_eq!(two_counts(&[1], &[7, 1]), None);
    }
}
