//! Values beyond a gap that the rest of the column does not explain.
//!
//! Distances are taken from the median, on each side by itself. A group of `m` values is far when the nearest of
//! them is at least [`RATIO`] times as far out as the farthest of the rest, and a tail as heavy as the rest's own
//! would leave such a gap with a chance under [`CHANCE`]: for a power-law tail with Hill's index `a`, the chance that
//! `m` values all lie beyond `r` times the next one is `r^(-a m)` (Renyi's representation of order statistics).
//! Heavy tails therefore do not count as far, a unit error in a share of the rows does.

/// The least ratio over a gap. 5: a slip of one decimal digit is 10 and must stay visible after scatter; the widest
/// gaps of clean heavy-tailed columns that were looked at (Adult's capital gain 2.4, flights' distance 2.4) stay below.
pub(super) const RATIO: f64 = 5.0;
/// The largest chance of a gap. 1e-4: with the two sides of 100 columns one false alarm in 50 tables.
pub(super) const CHANCE: f64 = 1e-4;
/// The largest share of a far group. 0.05: more is a second population, not an error.
pub(super) const SHARE: f64 = 0.05;
/// Fewer values than this say nothing about a tail.
pub(super) const LEAST_VALUES: usize = 20;

/// A far group on one side of the median.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FarValues {
    /// How many values are far.
    pub(super) count: usize,
    /// Whether they lie above the median.
    pub(super) above: bool,
    /// The nearest of them.
    pub(super) nearest: f64,
    /// The farthest of the others on that side.
    pub(super) rest: f64,
    /// How many times as far out the nearest is.
    pub(super) ratio: f64,
    /// The power of ten between the middle of the far group and the typical magnitude of the rest.
    pub(super) power_of_ten: i32,
}

/// The most telling far group of ascending finite values, if there is one.
pub(super) fn find(sorted: &[f64], median: f64) -> Option<FarValues> {
    if sorted.len() < LEAST_VALUES {
        return None;
    }
    let above = side(sorted, median, &sorted.iter().rev().copied(), true);
    let below = side(sorted, median, &sorted.iter().copied(), false);
    match (above, below) {
        (Some(above), Some(below)) => Some(if above.count >= below.count { above } else { below }),
        (above, below) => above.or(below),
    }
}

/// Looks at one side; `outward` starts at the farthest value.
fn side(
    sorted: &[f64],
    median: f64,
    outward: &(impl Iterator<Item = f64> + Clone),
    above: bool,
) -> Option<FarValues> {
    // Halved, so that the distance of two finite numbers cannot overflow.
    let distance = |x: f64| (x / 2.0 - median / 2.0).abs();
    let most = (sorted.len() as f64 * SHARE) as usize;
    let pairs = outward.clone().zip(outward.clone().skip(1)).take(most).zip(1usize..);
    let gaps =
        pairs.filter(|&((far, near), _)| distance(near) > 0.0 && distance(far) >= RATIO * distance(near));
    let mut found: Option<FarValues> = None;
    for ((far, near), count) in gaps {
        let ratio = distance(far) / distance(near);
        let tail: Vec<f64> =
            outward.clone().skip(count).map(distance).take(tail_size(sorted.len())).collect();
        if count as f64 * hill_index(&tail) * ratio.ln() >= -CHANCE.ln() {
            let power_of_ten = power_of_ten(sorted, count, above);
            found = Some(FarValues { count, above, nearest: far, rest: near, ratio, power_of_ten });
        }
    }
    found
}

/// A twentieth of the values, at least ten and at most a thousand, stand for the tail.
fn tail_size(values: usize) -> usize {
    (values / 20).clamp(10, 1_000)
}

/// Hill's estimate of the tail index from distances in descending order; at most 50, so that a tail that ends
/// abruptly (equal values) does not make any gap certain by itself.
fn hill_index(tail: &[f64]) -> f64 {
    let Some((&least, rest)) = tail.split_last() else { return 0.0 };
    if least <= 0.0 {
        return hill_index(rest);
    }
    let logs: f64 = rest.iter().map(|distance| (distance / least).ln()).sum();
    let count = rest.len() as f64;
    if count == 0.0 { 0.0 } else { (count / logs.max(count / 50.0)).min(50.0) }
}

/// The nearest power of ten between the middle far magnitude and the middle magnitude of the rest without zeros.
fn power_of_ten(sorted: &[f64], count: usize, above: bool) -> i32 {
    let split = if above { sorted.len() - count } else { count };
    let (low, high) = sorted.split_at(split);
    let (far, rest) = if above { (high, low) } else { (low, high) };
    let middle = |values: &[f64]| {
        let nonzero: Vec<f64> = values.iter().map(|x| x.abs()).filter(|&x| x > 0.0).collect();
        let mut nonzero = nonzero;
        let at = nonzero.len() / 2;
        (!nonzero.is_empty()).then(|| *nonzero.select_nth_unstable_by(at, f64::total_cmp).1)
    };
    middle(far).zip(middle(rest)).map_or(0, |(far, rest)| (far.log10() - rest.log10()).round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_ledger::Seed;

    fn far(mut values: Vec<f64>) -> Option<FarValues> {
        values.sort_by(f64::total_cmp);
        let median = values[values.len() / 2];
        find(&values, median)
    }

    fn lognormal(n: u64, sigma: f64) -> Vec<f64> {
        let stream = Seed(1).stream("lognormal");
        (0..n).map(|i| (10.0 + sigma * stream.normal(i)).exp()).collect()
    }

    #[test]
    fn a_unit_error_in_one_row_of_a_hundred_is_found_with_its_factor() {
        let mut values = lognormal(5_000, 0.6);
        values.iter_mut().step_by(100).for_each(|x| *x *= 1000.0);
        let found = far(values).unwrap();
        assert_eq!((found.count, found.above, found.power_of_ten), (50, true, 3));
    }

    #[test]
    fn heavy_tails_are_not_far() {
        for seed in 0..50 {
            let stream = Seed(seed).stream("pareto");
            let pareto = (0..2_000).map(|i| (1.0 - stream.uniform(i)).powf(-1.0 / 1.5)).collect();
            assert_eq!(far(pareto), None, "seed {seed}");
        }
        assert_eq!(far(lognormal(5_000, 1.5)), None);
    }

    #[test]
    fn one_typing_error_is_found_on_either_side() {
        let mut ages: Vec<f64> = (0..500).map(|i| 20.0 + f64::from(i % 60)).collect();
        assert_eq!(far(ages.clone()), None);
        ages.push(999.0);
        assert_eq!(far(ages.clone()).unwrap().count, 1);
        ages.pop();
        ages.push(-999.0);
        assert!(!far(ages).unwrap().above);
    }

    #[test]
    fn a_column_of_zeros_with_few_values_is_not_far() {
        let mut values = vec![0.0; 1_000];
        values.extend((1..=10).map(f64::from));
        assert_eq!(far(values), None);
    }
}
