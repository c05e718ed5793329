//! How many numbers lie where: what a closer look keeps of a layer's values.

use serde::{Deserialize, Serialize};

/// Bins: enough to see a second hump, few enough for a line of `history.jsonl`.
const BINS: usize = 24;

/// Counts of numbers in bins of equal width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The least number, where the first bin begins.
    pub low: f64,
    /// The greatest number, where the last bin ends.
    pub high: f64,
    /// Numbers in each bin; one equal to `high` is in the last. All are in the first bin where all are equal.
    pub counts: Vec<u32>,
}

impl Histogram {
    /// Of the finite numbers among `values`; none where there are none. Two passes.
    pub fn of(values: &[f32]) -> Option<Self> {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) =
            finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if low > high {
            return None;
        }
        let (low, high) = (f64::from(low), f64::from(high));
        let scale = if high > low { BINS as f64 / (high - low) } else { 0.0 };
        let mut counts = vec![0u32; BINS];
        for value in finite() {
            let bin = ((f64::from(value) - low) * scale) as usize;
            counts[bin.min(BINS - 1)] = counts[bin.min(BINS - 1)].saturating_add(1);
        }
        Some(Self { low, high, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_is_in_one_bin() {
        let values: Vec<f32> = (0..=48).map(|i| i as f32).chain([f32::NAN, f32::INFINITY]).collect();
        let found = Histogram::of(&values).unwrap();
        assert_eq!((found.low, found.high), (0.0, 48.0));
        assert_eq!(found.counts[..23], [2; 23]);
        assert_eq!(found.counts[23], 3, "the greatest number lies in the last bin");
    }

    #[test]
    fn equal_numbers_and_none_at_all() {
        assert_eq!(Histogram::of(&[2.5; 4]).unwrap().counts[0], 4);
        assert_eq!(Histogram::of(&[f32::NAN]), None);
        assert_eq!(Histogram::of(&[]), None);
    }
}
