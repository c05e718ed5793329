//! Histograms of gradients and the best cut through them.

use super::bins::Cuts;

/// Sums over the rows of a bin or of a leaf.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) gradient: f64,
    pub(super) curvature: f64,
    pub(super) rows: u32,
}

impl Sums {
    #[inline]
    pub(super) fn add(&mut self, [gradient, curvature]: [f64; 2]) {
        self.gradient += gradient;
        self.curvature += curvature;
        self.rows += 1;
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            curvature: self.curvature + other.curvature,
            rows: self.rows + other.rows,
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            curvature: self.curvature - other.curvature,
            rows: self.rows - other.rows,
        }
    }

    fn score(self, penalty: f64) -> f64 {
        self.gradient * self.gradient / (self.curvature + penalty)
    }
}

/// The bins that go left, one bit each.
pub(super) type LeftBins = [u64; 4];

/// A way to part a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub(super) gain: f64,
    pub(super) feature: usize,
    pub(super) left_bins: LeftBins,
    pub(super) left: Sums,
    pub(super) right: Sums,
}

/// Curvature that each side needs, LightGBM's default.
const CURVATURE: f64 = 1e-3;
/// Extra penalty on the sides of a cut between levels, LightGBM's `cat_l2`.
const LEVEL_PENALTY: f64 = 10.0;
/// Smooths the order of levels, and the rows that a level needs to leave the right side: `cat_smooth`.
const LEVEL_SMOOTH: f64 = 10.0;
/// Levels on the left side at most, LightGBM's `max_cat_threshold`.
const LEVELS_LEFT: usize = 32;
/// Gains below are rounding.
const NOTHING: f64 = 1e-10;

/// The best cut of one input; the first one among equals.
pub(super) fn best_cut(
    cuts: &Cuts,
    histogram: &[Sums],
    total: Sums,
    feature: usize,
    fewest: u32,
) -> Option<Cut> {
    let mut best = Best { total, feature, fewest, cut: None };
    match cuts {
        Cuts::Bounds(_) => cut_between_numbers(histogram, &mut best),
        Cuts::Codes(_) => cut_between_levels(histogram, &mut best),
    }
    best.cut
}

struct Best {
    total: Sums,
    feature: usize,
    fewest: u32,
    cut: Option<Cut>,
}

impl Best {
    fn offer(&mut self, left: Sums, left_bins: LeftBins, penalty: f64) {
        let right = self.total.minus(left);
        let enough = |side: Sums| side.rows >= self.fewest && side.curvature >= CURVATURE;
        if !enough(left) || !enough(right) {
            return;
        }
        let gain = left.score(penalty) + right.score(penalty) - self.total.score(0.0);
        if gain > self.cut.map_or(NOTHING, |cut| cut.gain) {
            self.cut = Some(Cut { gain, feature: self.feature, left_bins, left, right });
        }
    }
}

fn set(bins: &mut LeftBins, bin: usize) {
    bins[bin / 64] |= 1 << (bin % 64);
}

/// Tries every bound, missing values on either side.
fn cut_between_numbers(histogram: &[Sums], best: &mut Best) {
    let Some((&missing, present)) = histogram.split_first() else { return };
    let (mut below, mut bins) = (Sums::default(), LeftBins::default());
    for (at, &sums) in present.iter().enumerate() {
        below = below.plus(sums);
        set(&mut bins, at + 1);
        if sums.rows == 0 {
            continue;
        }
        let mut with_missing = bins;
        set(&mut with_missing, 0);
        if missing.rows > 0 {
            best.offer(below, bins, 0.0);
            best.offer(below.plus(missing), with_missing, 0.0);
        } else {
            // Never missing in this leaf: at prediction a missing value follows the many.
            let many_left = below.rows * 2 >= best.total.rows;
            best.offer(below, if many_left { with_missing } else { bins }, 0.0);
        }
    }
}

/// Orders the levels by their mean gradient and tries the cuts from either end (Fisher 1958).
fn cut_between_levels(histogram: &[Sums], best: &mut Best) {
    let mut levels: Vec<(f64, usize)> = (0..histogram.len())
        .filter(|&bin| f64::from(histogram[bin].rows) >= LEVEL_SMOOTH)
        .map(|bin| (histogram[bin].gradient / (histogram[bin].curvature + LEVEL_SMOOTH), bin))
        .collect();
    levels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for reversed in [false, true] {
        if reversed {
            levels.reverse();
        }
        let (mut left, mut bins) = (Sums::default(), LeftBins::default());
        for &(_, bin) in levels.iter().take(LEVELS_LEFT) {
            left = left.plus(histogram[bin]);
            set(&mut bins, bin);
            best.offer(left, bins, LEVEL_PENALTY);
        }
    }
}
