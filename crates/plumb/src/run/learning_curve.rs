//! The learning curve over shares of the train rows: would more rows help, and is the table hard or only short?

use plumb_data::probe::{self, ProbeKind};
use plumb_data::split::Split;
use plumb_data::{Predictor, Target};
use plumb_evaluate::Scored;
use plumb_learn::preflight::CurvePoint;
use plumb_ledger::Seed;
use plumb_stats::Metric;

use super::stage_data::Data;
use crate::fault::Fault;

/// Shares of the train rows, ascending.
const SHARES: [f64; 3] = [0.25, 0.5, 1.0];
/// Train rows, and valid rows, looked at: boosted trees see these in a fraction of a second.
const MOST_ROWS: usize = 10_000;
/// The same of texts, which have hundreds of terms each.
const MOST_TEXTS: usize = 4_000;
/// Cells of the table looked at, times the classes, for which a tree each is grown in every round.
const MOST_WORK: usize = 3_000_000;
/// Fewer rows than this make no point.
const FEWEST_ROWS: usize = 20;

/// Fits boosted trees, which need no tuning, or a linear model of the terms of texts, on growing shares and scores them on the rows that they saw and on the valid
/// rows. Every share holds the smaller ones. Shares that cannot be fitted or scored are left out.
pub(super) fn measure(
    data: &Data,
    split: &Split,
    metric: &Metric,
    seed: Seed,
) -> Result<Vec<CurvePoint>, Fault> {
    let target = data.target()?;
    // Trees see nothing of texts.
    let of_texts = ProbeKind::TfIdf.is_for(&data.table, target);
    let kind = if of_texts { ProbeKind::TfIdf } else { ProbeKind::BoostedTrees };
    let most = if of_texts { MOST_TEXTS } else { MOST_ROWS }
        .min(MOST_WORK / (data.table.columns().len() * target.classes.len().max(1)).max(1));
    let valid = some(split.valid(), most, seed.stream("learning-curve-valid"));
    let train = some(split.train(), most, seed.stream("learning-curve-train"));
    let point = |share: f64| {
        let rows = &train[..(train.len() as f64 * share) as usize];
        (rows.len() >= FEWEST_ROWS).then_some(())?;
        let fitted = probe::fit(kind, &data.table, target, rows, seed).ok()?;
        let score = |rows: &[u32]| score(&fitted, data, target, rows, metric);
        Some(CurvePoint { rows: rows.len(), train: score(rows)?, valid: score(&valid)? })
    };
    Ok(SHARES.into_iter().filter_map(point).collect())
}

fn score(model: &dyn Predictor, data: &Data, target: &Target, rows: &[u32], metric: &Metric) -> Option<f64> {
    let scored = Scored::predict(model, &data.table, target, rows).ok()?;
    (metric.compute)(&scored.outcome())
}

fn some(mut rows: Vec<u32>, most: usize, stream: plumb_ledger::Stream) -> Vec<u32> {
    stream.shuffle(&mut rows);
    rows.truncate(most);
    rows
}
