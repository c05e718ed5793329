//! Inputs cut into bins of a byte: bin 0 is missing, the others are intervals or levels.

use rayon::prelude::*;

use super::super::features::FeatureValues;

/// Bins of an input beside the one for missing values: all fit a byte.
const BINS: usize = 254;
/// Bins of all inputs together; with many inputs each gets fewer, so that histograms stay under 1 GiB.
const TOTAL: usize = 1 << 20;
/// Rows that the cuts are found from, evenly spaced; LightGBM's default.
const SAMPLE: usize = 200_000;

/// The cuts of every input.
#[derive(Debug, Clone)]
pub(super) struct Binning(Vec<Cuts>);

#[derive(Debug, Clone)]
pub(super) enum Cuts {
    /// Bin `1 + i` holds the numbers above `i` bounds.
    Bounds(Vec<f64>),
    /// The bin is the code; so many codes.
    Codes(usize),
}

impl Binning {
    /// Cuts numbers where equally many fall into each bin, between neighbouring values.
    pub(super) fn fit(features: &[FeatureValues]) -> Self {
        let most = (TOTAL / features.len().max(1)).clamp(8, BINS);
        let cuts = |values: &FeatureValues| match values {
            FeatureValues::Numbers(numbers) => Cuts::Bounds(bounds(numbers, most)),
            FeatureValues::Codes { count, .. } => Cuts::Codes(*count),
        };
        Self(features.par_iter().map(cuts).collect())
    }

    /// The cuts of each input.
    pub(super) fn cuts(&self) -> &[Cuts] {
        &self.0
    }

    /// The bins of each input, column-major.
    pub(super) fn apply(&self, features: &[FeatureValues]) -> Vec<Vec<u8>> {
        let bins = |(cuts, values): (&Cuts, &FeatureValues)| match (cuts, values) {
            (Cuts::Bounds(bounds), FeatureValues::Numbers(numbers)) => {
                let bin = |&number: &f64| match number {
                    number if number.is_nan() => 0,
                    number => 1 + bounds.partition_point(|&bound| bound < number) as u8,
                };
                numbers.iter().map(bin).collect()
            }
            (_, FeatureValues::Codes { codes, .. }) => codes.iter().map(|&code| code as u8).collect(),
            (Cuts::Codes(_), FeatureValues::Numbers(numbers)) => vec![0; numbers.len()],
        };
        self.0.par_iter().zip(features).map(bins).collect()
    }
}

impl Cuts {
    /// How many bins there are, the one for missing values included.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bounds(bounds) => bounds.len() + 2,
            Self::Codes(count) => *count,
        }
    }
}

/// Ascending bounds, fewer than `most`: at most `most` intervals.
fn bounds(numbers: &[f64], most: usize) -> Vec<f64> {
    let step = numbers.len().div_ceil(SAMPLE).max(1);
    let mut values: Vec<f64> = numbers.iter().copied().step_by(step).filter(|x| !x.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    // `-0.0` and `0.0` are one value.
    let runs: Vec<&[f64]> = values.chunk_by(|a, b| a >= b).collect();
    let (mut bounds, mut inside, mut left) = (Vec::new(), 0, values.len());
    for pair in runs.windows(2) {
        inside += pair[0].len();
        let wanted = left.div_ceil(most - bounds.len());
        if (runs.len() <= most || inside >= wanted) && bounds.len() + 1 < most {
            let (low, high) = (pair[0][0], pair[1][0]);
            let middle = low / 2.0 + high / 2.0;
            bounds.push(if middle >= high || middle < low { low } else { middle });
            left -= inside;
            inside = 0;
        }
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_get_a_bin_each_and_many_share_evenly() {
        assert_eq!(bounds(&[3.0, 1.0, f64::NAN, 1.0, 2.0], 254), [1.5, 2.5]);
        let many: Vec<f64> = (0..10_000).map(f64::from).collect();
        let binning = Binning::fit(&[FeatureValues::Numbers(many.clone())]);
        let bins = &binning.apply(&[FeatureValues::Numbers(many)])[0];
        let mut counts = [0; 256];
        for &bin in bins {
            counts[bin as usize] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!(counts[1..=BINS].iter().all(|&count| (30..=50).contains(&count)), "{counts:?}");
    }

    #[test]
    fn neighbouring_floats_are_told_apart() {
        let (low, high) = (1.0, 1.0f64.next_up());
        let values = [FeatureValues::Numbers(vec![low, high])];
        assert_eq!(Binning::fit(&values).apply(&values), [[1, 2]]);
    }
}
