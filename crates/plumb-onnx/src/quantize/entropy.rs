//! The range whose codes diverge least from the values (Migacz 2017; ONNX Runtime's `entropy`).

use super::ranges::Range;

/// The bins within the threshold beside the codes that they become.
fn divergence(bins: &[f64], beyond: f64, levels: usize) -> f64 {
    let mut wanted = bins.to_vec();
    if let Some(last) = wanted.last_mut() {
        *last += beyond;
    }
    let total: f64 = wanted.iter().sum();
    let mut found = vec![0.0; bins.len()];
    for level in 0..levels {
        let (from, to) = (level * bins.len() / levels, (level + 1) * bins.len() / levels);
        let filled = bins[from..to].iter().filter(|&&count| count > 0.0).count();
        let mean = bins[from..to].iter().sum::<f64>() / filled.max(1) as f64;
        for at in (from..to).filter(|&at| bins[at] > 0.0) {
            found[at] = mean;
        }
    }
    let inside: f64 = found.iter().sum();
    if total <= 0.0 || inside <= 0.0 {
        return f64::INFINITY;
    }
    // A bin that only what lies beyond has filled is no code of anything: a small share stands in for it.
    let share = |(wanted, found): (&f64, &f64)| {
        let (p, q) = (wanted / total, (found / inside).max(1e-9));
        if p > 0.0 { p * (p / q).ln() } else { 0.0 }
    };
    wanted.iter().zip(&found).map(share).sum()
}

/// The range; `bins` counts values from its low to its high end. Values on both sides of 0 are cut at one magnitude.
pub(super) fn range(all: Range, bins: &[u64]) -> Range {
    /// Codes of one side, or of one of two.
    const LEVELS: [usize; 2] = [256, 128];
    let is_two_sided = all.low < 0.0 && all.high > 0.0;
    let levels = LEVELS[usize::from(is_two_sided)];
    let (magnitudes, width) = magnitudes(all, bins);
    let mut beyond: f64 = magnitudes.iter().sum();
    let (mut best, mut least) = (magnitudes.len(), f64::INFINITY);
    for (at, count) in magnitudes.iter().enumerate() {
        beyond -= count;
        let kept = at + 1;
        // Thresholds between which codes differ by a fortieth of a step are not told apart.
        if kept < levels || !(kept - levels).is_multiple_of(8) && kept != magnitudes.len() {
            continue;
        }
        let found = divergence(&magnitudes[..kept], beyond.max(0.0), levels);
        if found < least {
            (best, least) = (kept, found);
        }
    }
    let threshold = best as f32 * width;
    Range { low: all.low.max(-threshold), high: all.high.min(threshold) }
}

/// Counts by magnitude, and how wide a bin of them is.
fn magnitudes(all: Range, bins: &[u64]) -> (Vec<f64>, f32) {
    let most = all.high.max(-all.low);
    let width = most / bins.len().max(1) as f32;
    let own = (all.high - all.low) / bins.len().max(1) as f32;
    let mut counts = vec![0.0; bins.len()];
    for (at, &count) in bins.iter().enumerate() {
        let middle = (all.low + (at as f32 + 0.5) * own).abs();
        let bin = (middle / width.max(f32::MIN_POSITIVE)) as usize;
        if let Some(of) = counts.get_mut(bin.min(bins.len() - 1)) {
            *of += count as f64;
        }
    }
    (counts, width)
}
