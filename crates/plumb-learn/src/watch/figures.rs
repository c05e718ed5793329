//! The figures of a closer look: norms of parameters, moments of activations. Fixed order, 64-bit sums.
//!
//! On plain slices, so that a loop which is not Plumb's has them too.

use crate::optim::clip::sum_of_squares;
use crate::train::{ActivationStats, Histogram, LayerStats};

/// One parameter's figures from its values before and after a step. Six passes.
pub fn layer(before: &[f32], after: &[f32], gradient: &[f32]) -> LayerStats {
    let change: Vec<f32> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    let weight_norm = sum_of_squares(before).sqrt();
    let moved = sum_of_squares(&change).sqrt();
    let update_ratio = if weight_norm > 0.0 { moved / weight_norm } else { 0.0 };
    LayerStats {
        grad_norm: sum_of_squares(gradient).sqrt(),
        weight_norm,
        update_ratio,
        values: Histogram::of(before),
        gradient: Histogram::of(gradient),
    }
}

/// Entries of a layer's activations that are looked at; beyond, every n-th row is. A hundred thousand say what ten million
/// would, and a look at a wide layer over a large batch costs a fraction of a step.
const ENTRIES: usize = 1 << 17;

/// Of so many entries, every how many-th row is looked at.
pub(crate) fn row_step(entries: usize) -> usize {
    entries.div_ceil(ENTRIES).max(1)
}

/// One layer's figures from its activations, `[rows, units]`, row by row.
pub fn activation(values: &[f32], units: usize) -> ActivationStats {
    let step = row_step(values.len());
    if step > 1 {
        let rows = values.chunks_exact(units.max(1)).step_by(step);
        let some: Vec<f32> = rows.flatten().copied().collect();
        return activation(&some, units);
    }
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let variance = values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    let dead = (0..units).filter(|&unit| is_constant(values, unit, units)).count();
    ActivationStats {
        mean,
        sd: variance.sqrt(),
        dead: dead as f64 / units.max(1) as f64,
        saturated: saturated(values),
        values: Histogram::of(values),
    }
}

fn is_constant(values: &[f32], unit: usize, units: usize) -> bool {
    let mut column = values.iter().skip(unit).step_by(units.max(1));
    let Some(first) = column.next() else { return false };
    column.all(|value| value.to_bits() == first.to_bits())
}

/// Zeros do not count: a sparse layer of rectified units is healthy.
fn saturated(values: &[f32]) -> f64 {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let margin = 0.01 * (high - low);
    let at_an_end = |value: f32| value - low <= margin || high - value <= margin;
    let (mut entries, mut ends) = (0u64, 0u64);
    for &value in values.iter().filter(|value| **value != 0.0) {
        entries += 1;
        ends += u64::from(at_an_end(value));
    }
    ends as f64 / entries.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_unit_and_saturated_entries_are_counted() {
        // Unit 0 is dead; unit 1 sits at the ends of a squashing function.
        let values = [0.0, 1.0, 0.0, -1.0, 0.0, 0.999, 0.0, 0.2];
        let stats = activation(&values, 2);
        assert_eq!((stats.dead, stats.saturated), (0.5, 0.75));
    }

    #[test]
    fn of_many_rows_some_are_looked_at() {
        let units = 1024;
        let values: Vec<f32> = (0..4096 * units).map(|at| ((at / units) % 7) as f32).collect();
        let stats = activation(&values, units);
        let counted: u32 = stats.values.unwrap().counts.iter().sum();
        assert_eq!(counted as usize, ENTRIES, "every 32nd row");
        assert!((stats.mean - 3.0).abs() < 0.1 && stats.dead == 0.0);
    }

    #[test]
    fn the_update_ratio_is_the_change_over_the_weight() {
        let stats = layer(&[3.0, 4.0], &[3.0, 4.5], &[1.0, 0.0]);
        assert_eq!((stats.weight_norm, stats.update_ratio, stats.grad_norm), (5.0, 0.1, 1.0));
    }
}
