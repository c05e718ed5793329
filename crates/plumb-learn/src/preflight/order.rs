//! How far the order of the batches is from that of the data.

use std::collections::BTreeMap;

use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_ledger::Seed;

use super::BatchOrder;
use crate::batches::{Batches, Sampling};
use crate::train::TrainConfig;

/// Batches whose classes are counted.
const BATCHES: usize = 20;

/// Looks at the first two epochs that training will see.
pub(super) fn look(train: &Prepared, config: &TrainConfig) -> BatchOrder {
    let sampling = if config.balanced { Sampling::balanced(&train.labels) } else { Sampling::Shuffled };
    let stream = Seed(config.seed).stream("shuffle");
    let batches = Batches::new(train.rows, config.batch_size, stream, sampling);
    let (first, second) = (batches.order(0), batches.order(1));
    let slices: Vec<&[u32]> =
        (0..batches.per_epoch().min(BATCHES)).map(|i| batches.slice(&first, i)).collect();
    of([&first, &second], &slices, &train.labels)
}

/// How the rows of somebody else's batches lie: the orders of two epochs, the rows of the first one's batches, and the
/// label of every row.
pub fn of([first, second]: [&[u32]; 2], batches: &[&[u32]], labels: &PreparedLabels) -> BatchOrder {
    let together = first.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
    BatchOrder {
        rows: first.len(),
        repeats: first == second,
        neighbours: together as f64 / first.len().saturating_sub(1).max(1) as f64,
        class_deviation: match labels {
            PreparedLabels::Classes(codes) => deviation(batches, codes),
            _ => None,
        },
    }
}

/// Pearson's chi-squared of batches by classes, as standard errors above what a shuffle gives (Wilson, Hilferty
/// 1931: the cube root of chi-squared is nearly normal, for few batches too).
fn deviation(batches: &[&[u32]], codes: &[u32]) -> Option<f64> {
    let mut totals: BTreeMap<u32, f64> = BTreeMap::new();
    let counts: Vec<BTreeMap<u32, f64>> = (batches.iter())
        .map(|rows| {
            let mut counts = BTreeMap::new();
            for code in rows.iter().filter_map(|&row| codes.get(row as usize)) {
                *counts.entry(*code).or_default() += 1.0;
                *totals.entry(*code).or_default() += 1.0;
            }
            counts
        })
        .collect();
    let all: f64 = totals.values().sum();
    let mut chi_squared = 0.0;
    for (rows, counts) in batches.iter().zip(&counts) {
        for (code, total) in &totals {
            let expected = total * rows.len() as f64 / all;
            chi_squared += (counts.get(code).copied().unwrap_or(0.0) - expected).powi(2) / expected;
        }
    }
    let freedom = (batches.len().saturating_sub(1) * totals.len().saturating_sub(1)) as f64;
    let variance = 2.0 / (9.0 * freedom);
    (freedom > 0.0).then(|| ((chi_squared / freedom).cbrt() - (1.0 - variance)) / variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffles_are_judged_as_shuffles() {
        let codes: Vec<u32> = (0..600).map(|row| row / 300).collect();
        let deviation = |seed| {
            let order = Seed(seed).stream("shuffle").permutation(600);
            deviation(&order.chunks_exact(128).collect::<Vec<_>>(), &codes).unwrap()
        };
        let deviations: Vec<f64> = (0..400).map(deviation).collect();
        let mean = deviations.iter().sum::<f64>() / 400.0;
        assert!(mean.abs() < 0.25, "five standard errors: {mean}");
        assert!(deviations.iter().all(|deviation| *deviation < 4.5));
    }
}
