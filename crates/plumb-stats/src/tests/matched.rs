//! A difference of means between some rows and the others, held against others of the same make: matched stratum by stratum.

use serde::Serialize;

use crate::distributions::{normal_quantile, normal_two_sided};

/// A difference between rows and a control of the same strata.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MatchedDifference {
    /// The mean of the rows.
    pub mean: f64,
    /// The mean that other rows would have with the rows' shares of the strata: direct standardisation.
    pub expected: f64,
    /// The first minus the second.
    pub difference: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The two-sided p-value of no difference.
    pub p: f64,
    /// Rows that were compared: those of strata that the others have too.
    pub rows: usize,
}

/// Sums of a stratum on one side.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, x: f64) {
        self.count += 1.0;
        self.sum += x;
        self.squares += x * x;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// Of both together.
    fn with(&self, other: &Self) -> Self {
        let (count, sum) = (self.count + other.count, self.sum + other.sum);
        Self { count, sum, squares: self.squares + other.squares }
    }

    /// The sample variance; 0 of one value.
    fn variance(&self) -> f64 {
        let beyond = (self.squares - self.sum * self.mean()).max(0.0);
        if self.count > 1.0 { beyond / (self.count - 1.0) } else { 0.0 }
    }

    /// The variance of the mean. Values that are all the same, as few errors are, are taken to vary as `others` do.
    fn error(&self, others: &Self) -> f64 {
        let own = self.variance();
        (if own > 0.0 { own } else { others.variance() }) / self.count
    }
}

/// Compares the values at `places` with all others, stratum by stratum: `strata[i]` is that of `values[i]`. The interval is the normal one at
/// `level`; the p-value rests on the variance of both sides together, which is what it is where they do not differ. `None` where no stratum has a row on one side and two on the other, or a value is not finite. One pass.
pub fn matched(values: &[f64], strata: &[u32], places: &[u32], level: f64) -> Option<MatchedDifference> {
    if values.len() != strata.len() || values.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let count = strata.iter().max().map_or(0, |&last| last as usize + 1);
    let mut sides = vec![[Sums::default(); 2]; count];
    let mut is_own = vec![false; values.len()];
    for &place in places {
        *is_own.get_mut(place as usize)? = true;
    }
    for ((x, &stratum), is_own) in values.iter().zip(strata).zip(&is_own) {
        sides[stratum as usize][usize::from(!is_own)].add(*x);
    }
    let usable: Vec<&[Sums; 2]> =
        sides.iter().filter(|[own, rest]| own.count > 0.0 && rest.count > 1.0).collect();
    let rows: f64 = usable.iter().map(|[own, _]| own.count).sum();
    if rows <= 0.0 {
        return None;
    }
    let (mut mean, mut expected, mut variance, mut of_none) = (0.0, 0.0, 0.0, 0.0);
    for [own, rest] in &usable {
        let share = own.count / rows;
        mean += share * own.mean();
        expected += share * rest.mean();
        variance += share * share * (own.error(rest) + rest.error(own));
        of_none += share * share * own.with(rest).variance() * (1.0 / own.count + 1.0 / rest.count);
    }
    let (difference, error) = (mean - expected, variance.sqrt());
    let half = normal_quantile(0.5 + 0.5 * level) * error;
    let p = if of_none > 0.0 {
        normal_two_sided(difference / of_none.sqrt())
    } else {
        f64::from(u8::from(difference.abs() <= 0.0))
    };
    let (low, high) = (difference - half, difference + half);
    Some(MatchedDifference { mean, expected, difference, low, high, p, rows: rows as usize })
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    /// Errors that are frequent in stratum 1; the rows in question are mostly of it and err by `more`.
    fn case(at: u64, more: f64) -> (Vec<f64>, Vec<u32>, Vec<u32>) {
        let stream = Seed(at).stream("matched");
        let own = |row: u64| row < 200;
        let stratum = |row: u64| u32::from(stream.uniform(3 * row) < if own(row) { 0.8 } else { 0.2 });
        let error = |row: u64| {
            let chance = [0.05, 0.4][stratum(row) as usize] + if own(row) { more } else { 0.0 };
            f64::from(u8::from(stream.uniform(3 * row + 1) < chance))
        };
        ((0..1000).map(error).collect(), (0..1000).map(stratum).collect(), (0..200).collect())
    }

    #[test]
    fn another_mix_is_no_difference_and_a_difference_is() {
        let found = |at, more| {
            let (values, strata, places) = case(at, more);
            matched(&values, &strata, &places, 0.95).unwrap()
        };
        let same = (0..200).filter(|&at| found(at, 0.0).p < 0.05).count();
        assert!((3..=20).contains(&same), "{same} of 200 at one in twenty");
        let covered =
            (0..200).filter(|&at| (found(at, 0.15).low..found(at, 0.15).high).contains(&0.15)).count();
        assert!(covered >= 180, "{covered} of 200");
        let (values, _, places) = case(0, 0.0);
        let unmatched = matched(&values, &vec![0; 1000], &places, 0.95).unwrap();
        assert!(unmatched.p < 0.001, "without strata the mix itself looks like a difference: {unmatched:?}");
    }

    #[test]
    fn a_side_without_an_error_is_no_proof() {
        let values: Vec<f64> = (0..1650).map(|row| f64::from(u8::from(row < 10))).collect();
        let own: Vec<u32> = (0..1400).collect();
        let found = matched(&values, &vec![0; 1650], &own, 0.95).unwrap();
        assert!(found.p > 0.1 && found.low < 0.0, "10 errors of 1,400 beside none of 250: {found:?}");
        let many: Vec<f64> = (0..1650).map(|row| f64::from(u8::from(row < 140))).collect();
        assert!(matched(&many, &vec![0; 1650], &own, 0.95).unwrap().p < 1e-5);
    }

    #[test]
    fn rows_without_others_of_their_make_are_left_out() {
        let found = matched(&[1.0, 0.0, 0.0, 1.0, 0.0], &[0, 0, 1, 1, 1], &[0, 1, 2], 0.95).unwrap();
        assert_eq!((found.rows, found.mean, found.expected), (1, 0.0, 0.5));
        assert_eq!(matched(&[1.0, 0.0], &[0, 0], &[0, 1], 0.95), None);
        assert_eq!(matched(&[1.0, f64::NAN], &[0, 0], &[0], 0.95), None);
        assert_eq!(matched(&[1.0, 0.0], &[0, 0], &[7], 0.95), None);
    }
}
