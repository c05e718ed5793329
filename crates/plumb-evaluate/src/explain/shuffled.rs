//! The explanation of a model that learned nothing, to hold others against.

use plumb_data::probe::{self, ProbeKind};
use plumb_data::{Labels, Target};
use plumb_ledger::Seed;

use super::ask::Asked;
use super::shap::{ShapConfig, ShapMethod, ShapValues, shap};

/// Train rows that are fitted: enough for trees to find what there is.
const ROWS: usize = 20_000;

/// Fits boosted trees to the train rows with their labels in another order, and explains them on the same rows. An error says why it
/// could not be done.
pub fn of_shuffled_labels(
    asked: &Asked<'_>,
    target: &Target,
    train: &[u32],
    rows: &[u32],
    background: &[u32],
    config: &ShapConfig,
) -> Result<ShapValues, String> {
    if train.is_empty() {
        return Err("there are no train rows to fit a model of shuffled labels on".to_owned());
    }
    if !ProbeKind::BoostedTrees.is_for(asked.table, target) {
        return Err("boosted trees see nothing of these columns".to_owned());
    }
    let step = train.len().div_ceil(ROWS).max(1);
    let train: Vec<u32> = train.iter().copied().step_by(step).collect();
    let target = shuffled(target, &train, config.seed);
    let probe = probe::fit(ProbeKind::BoostedTrees, asked.table, &target, &train, config.seed)
        .map_err(|error| error.to_string())?;
    let asked = Asked { predictor: &probe, ..*asked };
    // The other model has no closed form, whatever the one that is explained has.
    let method = if config.method == ShapMethod::Exact { ShapMethod::Any } else { config.method };
    let config = ShapConfig { method, ..config.clone() };
    shap(&asked, rows, background, &config, &mut |_| {}).map_err(|error| error.to_string())
}

/// The target with the labels of some rows exchanged among them.
fn shuffled(target: &Target, rows: &[u32], seed: Seed) -> Target {
    fn exchanged<T: Copy>(labels: &[T], rows: &[u32], order: &[u32]) -> Vec<T> {
        let mut all = labels.to_vec();
        for (&row, &from) in rows.iter().zip(order) {
            all[row as usize] = labels[rows[from as usize] as usize];
        }
        all
    }
    let order = seed.stream("shuffled labels").permutation(rows.len());
    let labels = match &target.labels {
        Labels::Classes(codes) => Labels::Classes(exchanged(codes, rows, &order)),
        Labels::Numbers(numbers) => Labels::Numbers(exchanged(numbers, rows, &order)),
    };
    Target { labels, ..target.clone() }
}
