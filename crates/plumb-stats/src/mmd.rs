//! Maximum mean discrepancy: are two samples of points from one distribution (Gretton et al. 2012)?

use plumb_ledger::Stream;
use rayon::prelude::*;

use crate::ranks::sorted;

/// The similarities of all pairs of points of two samples, those of the first sample first.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelMatrix {
    values: Vec<f64>,
    first: usize,
    size: usize,
}

/// The answer of the test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MmdTest {
    /// The unbiased estimate of the squared discrepancy; may be below 0.
    pub squared: f64,
    /// The share of permutations with at least as much, the samples themselves counted: `(1 + above) / (1 + permutations)`.
    pub p: f64,
}

impl KernelMatrix {
    /// Gaussian similarities `exp(-d² / (2 s²))` of row-major points; without a scale `s²` is half the median squared distance,
    /// as in alibi-detect. `None` when a sample has under two points, lengths do not fit or a number is not finite.
    /// `points² * width` operations.
    pub fn gaussian(first: &[f64], second: &[f64], width: usize, scale: Option<f64>) -> Option<Self> {
        let fits =
            |sample: &[f64]| width > 0 && sample.len().is_multiple_of(width) && sample.len() >= 2 * width;
        if !fits(first) || !fits(second) || first.iter().chain(second).any(|x| !x.is_finite()) {
            return None;
        }
        let points: Vec<&[f64]> = first.chunks_exact(width).chain(second.chunks_exact(width)).collect();
        let size = points.len();
        let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>();
        let mut values: Vec<f64> = (0..size * size)
            .into_par_iter()
            .map(|at| distance(points[at / size], points[at % size]))
            .collect();
        let scale = scale.map_or_else(|| half_median(&values, size), |scale| scale * scale);
        values.par_iter_mut().for_each(|d| *d = if scale > 0.0 { (-*d / (2.0 * scale)).exp() } else { 1.0 });
        Some(Self { values, first: first.len() / width, size })
    }

    /// Similarities that were computed elsewhere, row-major. `None` when a sample has under two points or it is not square.
    pub fn given(values: Vec<f64>, first: usize) -> Option<Self> {
        let size = values.len().isqrt();
        let fits = size * size == values.len() && first >= 2 && size >= first + 2;
        fits.then_some(Self { values, first, size })
    }

    /// The unbiased estimate: a point is not compared with itself.
    pub fn squared(&self) -> f64 {
        let order: Vec<u32> = (0..self.size as u32).collect();
        self.squared_in(&order)
    }

    fn squared_in(&self, order: &[u32]) -> f64 {
        let (first, second) = order.split_at(self.first);
        let sum = |rows: &[u32], columns: &[u32]| -> f64 {
            let row = |row: &u32| -> f64 {
                let values = &self.values[*row as usize * self.size..][..self.size];
                columns.iter().filter(|column| *column != row).map(|column| values[*column as usize]).sum()
            };
            rows.iter().map(row).sum()
        };
        let pairs = |n: usize| (n * (n - 1)) as f64;
        sum(first, first) / pairs(first.len()) + sum(second, second) / pairs(second.len())
            - 2.0 * sum(first, second) / (first.len() * second.len()) as f64
    }

    /// The permutation test: points change sides at random.
    pub fn test(&self, permutations: usize, stream: Stream) -> MmdTest {
        let squared = self.squared();
        let is_above = |at: usize| self.squared_in(&stream.at(at as u64).permutation(self.size)) >= squared;
        let above = (0..permutations).into_par_iter().filter(|at| is_above(*at)).count();
        MmdTest { squared, p: (1 + above) as f64 / (1 + permutations) as f64 }
    }
}

fn half_median(distances: &[f64], size: usize) -> f64 {
    // alibi-detect takes the median over the sorted distances at place (n² - n) / 2 - 1 past the n zeros of the diagonal.
    let sorted = sorted(distances);
    let place = size + (size * size - size) / 2;
    0.5 * sorted.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    fn sample(at: u64, shift: f64) -> Vec<f64> {
        (0..80).map(|i| Seed(2).stream("mmd").at(at).normal(i) + shift).collect()
    }

    #[test]
    fn a_shift_is_seen_and_none_is_not() {
        let test = |shift| KernelMatrix::gaussian(&sample(0, 0.0), &sample(1, shift), 2, None).unwrap();
        let stream = Seed(0).stream("permutations");
        let (same, moved) = (test(0.0).test(199, stream), test(1.0).test(199, stream));
        assert!(same.p > 0.05 && moved.p <= 1.0 / 200.0, "{same:?} {moved:?}");
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert_eq!(KernelMatrix::gaussian(&[1.0], &[1.0, 2.0], 1, None), None);
        assert_eq!(KernelMatrix::gaussian(&[1.0, f64::NAN], &[1.0, 2.0], 1, None), None);
        assert_eq!(KernelMatrix::given(vec![1.0; 10], 2), None);
        let constant = KernelMatrix::gaussian(&[1.0; 4], &[1.0; 4], 1, None).unwrap();
        assert_eq!(constant.test(9, Seed(0).stream("x")), MmdTest { squared: 0.0, p: 1.0 });
    }
}
