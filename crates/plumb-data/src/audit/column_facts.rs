//! What one column looks like: counted once, used by many practices.

use super::far_values::{self, FarValues};
use super::row_hashes::for_cells;
use crate::{Column, Values};

/// Facts of one column.
#[derive(Debug, Clone)]
pub(super) struct ColumnFacts {
    /// Rows with a value.
    pub(super) present: usize,
    /// Rows without one.
    pub(super) missing: usize,
    /// Different values among those present.
    pub(super) distinct: usize,
    /// The chance that two rows agree: both missing, or the same value.
    pub(super) agreement: f64,
    /// For numbers and times.
    pub(super) number: Option<NumberFacts>,
    /// Rows of each level, for categories; in the order of the levels.
    pub(super) levels: Vec<u32>,
}

/// Facts of the finite values of a column of numbers or times (in milliseconds).
#[derive(Debug, Clone)]
pub(super) struct NumberFacts {
    pub(super) finite: usize,
    pub(super) infinite: usize,
    pub(super) mean: f64,
    /// Sample standard deviation.
    pub(super) deviation: f64,
    /// Quantiles at [`LEVELS`], numpy's `linear` convention.
    pub(super) quantiles: [f64; LEVELS.len()],
    /// Whether every finite value is a whole number.
    pub(super) whole: bool,
    /// What one robust standard deviation is: the smaller of deviation and (q75 - q25) / 1.349, unless that is 0.
    pub(super) scale: f64,
    /// The chance that two rows are nearer than [`NEAR`] scales, missing and infinite values agreeing too.
    pub(super) near_agreement: f64,
    /// At most 63 ascending cut points that part the values into bins of about equal count.
    pub(super) cuts: Vec<f64>,
    /// Counts in [`BARS`] equal steps between the 1 % and the 99 % quantile; the tails stand in the outer bars.
    pub(super) histogram: Vec<u32>,
    /// Values beyond a gap that the rest does not explain.
    pub(super) far: Option<FarValues>,
}

/// The levels of [`NumberFacts::quantiles`].
pub(super) const LEVELS: [f64; 9] = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];
/// Two numbers are near when they differ by at most this many robust standard deviations.
pub(super) const NEAR: f64 = 0.01;
/// Bars of a histogram.
const BARS: usize = 24;
/// Bins for the relation with the target.
const BINS: usize = 64;

impl ColumnFacts {
    /// Looks at a column. Numbers and times are sorted once (8 bytes a row while it lasts), texts are hashed and
    /// the hashes sorted, categories are counted.
    pub(super) fn of(column: &Column) -> Self {
        match &column.values {
            Values::Number(array) => Self::of_numbers(column, array.iter().flatten().collect()),
            Values::Time(array) => {
                Self::of_numbers(column, array.iter().flatten().map(|t| t as f64).collect())
            }
            Values::Category(_) => Self::of_categories(column),
            Values::Text(_) | Values::Image(_) => Self::of_texts(column),
        }
    }

    fn of_numbers(column: &Column, values: Vec<f64>) -> Self {
        let sorted = sorted(values);
        let runs = || sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(<[f64]>::len);
        let agreement = agreement(runs().chain([column.missing()]), column.len());
        let number = NumberFacts::of(&sorted, column.missing());
        let present = sorted.len();
        Self {
            present,
            missing: column.missing(),
            distinct: runs().count(),
            agreement,
            number,
            levels: Vec::new(),
        }
    }

    fn of_categories(column: &Column) -> Self {
        let Some(categories) = column.categories() else { return Self::empty(column) };
        let mut levels = vec![0u32; categories.len()];
        for row in 0..column.len() {
            if let Some(count) = categories.code(row).and_then(|code| levels.get_mut(code as usize)) {
                *count += 1;
            }
        }
        let counts = levels.iter().map(|&count| count as usize);
        let distinct = counts.clone().filter(|&count| count > 0).count();
        let agreement = agreement(counts.chain([column.missing()]), column.len());
        Self { distinct, agreement, levels, ..Self::empty(column) }
    }

    fn of_texts(column: &Column) -> Self {
        let mut hashes = Vec::with_capacity(column.len());
        for_cells(0, column, 0..column.len(), |row, hash| {
            if !column.is_missing(row) {
                hashes.push(hash);
            }
        });
        hashes.sort_unstable();
        let runs = || hashes.chunk_by(|a, b| a == b).map(<[u64]>::len);
        let agreement = agreement(runs().chain([column.missing()]), column.len());
        Self { distinct: runs().count(), agreement, ..Self::empty(column) }
    }

    fn empty(column: &Column) -> Self {
        let missing = column.missing();
        let present = column.len() - missing;
        Self { present, missing, distinct: 0, agreement: 1.0, number: None, levels: Vec::new() }
    }

    /// The share of rows without a value; 0 for no rows.
    pub(super) fn missing_share(&self) -> f64 {
        self.missing as f64 / (self.present + self.missing).max(1) as f64
    }
}

/// The chance that two rows drawn with replacement agree, from the sizes of the groups of equal rows.
fn agreement(groups: impl Iterator<Item = usize>, rows: usize) -> f64 {
    groups.map(|size| (size as f64 / rows.max(1) as f64).powi(2)).sum()
}

/// Ascending; -0 becomes 0. Sorts integers that keep the order of the numbers, which is quicker than comparing.
fn sorted(values: Vec<f64>) -> Vec<f64> {
    const SIGN: u64 = 1 << 63;
    let ordered = |x: f64| {
        let bits = (x + 0.0).to_bits();
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    };
    let mut keys: Vec<u64> = values.into_iter().map(ordered).collect();
    keys.sort_unstable();
    let back = |key: u64| f64::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN });
    keys.into_iter().map(back).collect()
}

impl NumberFacts {
    fn of(sorted: &[f64], missing: usize) -> Option<Self> {
        let first = sorted.iter().position(|x| x.is_finite())?;
        let last = sorted.iter().rposition(|x| x.is_finite())?;
        let finite = &sorted[first..=last];
        let infinite = sorted.len() - finite.len();
        let quantiles = LEVELS.map(|level| quantile(finite, level));
        let (mean, deviation) = moments(finite);
        let scale = scale(deviation, quantiles[5] - quantiles[3]);
        let near = near_pairs(finite, NEAR * scale);
        let rows = (sorted.len() + missing) as f64;
        let apart = [first, sorted.len() - 1 - last, missing].map(|count| (count as f64 / rows).powi(2));
        Some(Self {
            finite: finite.len(),
            infinite,
            mean,
            deviation,
            quantiles,
            whole: finite.iter().all(|x| x.fract() == 0.0),
            scale,
            near_agreement: near / rows / rows + apart.iter().sum::<f64>(),
            cuts: cuts(finite),
            histogram: histogram(finite, quantiles[1], quantiles[7]),
            far: far_values::find(finite, quantiles[4]),
        })
    }

    /// The smallest finite value.
    pub(super) fn min(&self) -> f64 {
        self.quantiles[0]
    }

    /// The largest finite value.
    pub(super) fn max(&self) -> f64 {
        self.quantiles[LEVELS.len() - 1]
    }

    /// The median of the finite values.
    pub(super) fn median(&self) -> f64 {
        self.quantiles[4]
    }
}

/// Mean and sample deviation, in units of the largest magnitude so that no square overflows or vanishes.
fn moments(finite: &[f64]) -> (f64, f64) {
    let unit = finite.iter().fold(0.0f64, |unit, x| unit.max(x.abs()));
    if unit == 0.0 {
        return (0.0, 0.0);
    }
    let n = finite.len() as f64;
    let mean = finite.iter().map(|x| x / unit).sum::<f64>() / n;
    let squares = finite.iter().map(|x| (x / unit - mean).powi(2)).sum::<f64>();
    (mean * unit, (squares / (n - 1.0).max(1.0)).sqrt() * unit)
}

fn scale(deviation: f64, quartile_range: f64) -> f64 {
    let robust = quartile_range / 1.349;
    if robust > 0.0 && robust < deviation { robust } else { deviation }
}

/// Numpy's `linear` quantile of ascending values.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let at = level * (sorted.len() - 1) as f64;
    let (below, share) = (at.floor() as usize, at.fract());
    let above = (below + 1).min(sorted.len() - 1);
    // Not `a + (b - a) * share`: the difference of two finite numbers may overflow.
    if share == 0.0 { sorted[below] } else { sorted[below] * (1.0 - share) + sorted[above] * share }
}

/// Ordered pairs (with themselves) that differ by at most `distance`; one sweep.
fn near_pairs(sorted: &[f64], distance: f64) -> f64 {
    let (mut low, mut high, mut pairs) = (0, 0, 0u64);
    for &x in sorted {
        while sorted[low] < x - distance {
            low += 1;
        }
        while high < sorted.len() && sorted[high] <= x + distance {
            high += 1;
        }
        pairs += (high - low) as u64;
    }
    pairs as f64
}

/// The different values at the 63 inner 64-quantiles, none below or at the minimum.
fn cuts(sorted: &[f64]) -> Vec<f64> {
    let mut cuts: Vec<f64> = (1..BINS).map(|bin| sorted[bin * sorted.len() / BINS]).collect();
    cuts.dedup();
    cuts.retain(|&cut| cut > sorted[0]);
    cuts
}

fn histogram(sorted: &[f64], low: f64, high: f64) -> Vec<u32> {
    let step = high / BARS as f64 - low / BARS as f64;
    let mut bars = vec![0u32; BARS];
    for x in sorted {
        let bar = if step > 0.0 { ((x - low) / step).clamp(0.0, BARS as f64 - 1.0) as usize } else { 0 };
        bars[bar] += 1;
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn facts(values: &[f64]) -> ColumnFacts {
        ColumnFacts::of(&Column::number("x", Kind::Number, values.iter().copied().map(Some)))
    }

    #[test]
    fn quantiles_and_moments_are_numpys() {
        let facts = facts(&[4.0, 1.0, 3.0, 2.0]);
        let number = facts.number.unwrap();
        assert_eq!(number.quantiles[3..6], [1.75, 2.5, 3.25]);
        assert!((number.deviation - 1.290_994_448_735_805_6).abs() < 1e-15);
        assert_eq!((facts.distinct, facts.agreement), (4, 0.25));
    }

    #[test]
    fn extreme_numbers_neither_overflow_nor_vanish() {
        let number = facts(&[-1e308, 1e308, 1.7e308, f64::INFINITY]).number.unwrap();
        assert!(number.mean.is_finite() && number.deviation.is_finite() && number.infinite == 1);
        let tiny = facts(&[0.0, 5e-324, 1e-310]).number.unwrap();
        assert!(tiny.deviation > 0.0);
        assert!(facts(&[f64::INFINITY]).number.is_none());
    }

    #[test]
    fn sorting_keeps_signs_and_order() {
        let order = sorted(vec![2.0, -0.0, f64::NEG_INFINITY, -1.5, 0.0, f64::INFINITY]);
        assert_eq!(order, [f64::NEG_INFINITY, -1.5, 0.0, 0.0, 2.0, f64::INFINITY]);
        assert!(order[2].is_sign_positive());
    }
}
