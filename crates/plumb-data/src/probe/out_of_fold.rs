//! Predictions for each row by a probe that was fitted without it.

use plumb_ledger::Seed;
use rayon::prelude::*;

use crate::{Predictions, Predictor as _, Table, Target};

use super::features::FeatureValues;
use super::{ProbeError, ProbeKind, fit, labelled, linear, link};

/// Predicts each of `rows` by a probe fitted on the other folds; row `i` of the answer is `rows[i]`.
///
/// Folds are stratified by class. A row without a label is predicted but not fitted on. Costs `folds` fits.
pub fn out_of_fold(
    kind: ProbeKind,
    table: &Table,
    target: &Target,
    rows: &[u32],
    folds: usize,
    seed: Seed,
) -> Result<Predictions, ProbeError> {
    let known = labelled(table, target, rows)?.len();
    if folds < 2 || folds > known {
        return Err(ProbeError::Folds { folds, rows: known });
    }
    by_fold(target, rows, folds, seed, |fold, inside, outside| {
        let of = |places: &[usize]| -> Vec<u32> { places.iter().map(|&at| rows[at]).collect() };
        let probe = fit(kind, table, target, &of(outside), seed.derive(fold as u64))?;
        Ok(probe.predict(table, &of(inside))?)
    })
}

/// The same by logistic regression on given numbers: `columns` holds, one after the other, all values of a feature, in the
/// order of `rows`, which must all have a label.
pub(crate) fn out_of_fold_by_numbers(
    columns: &[Vec<f64>],
    target: &Target,
    rows: &[u32],
    folds: usize,
    seed: Seed,
) -> Result<Predictions, ProbeError> {
    if folds < 2 || folds > rows.len() {
        return Err(ProbeError::Folds { folds, rows: rows.len() });
    }
    let values = |places: &[usize]| -> Vec<FeatureValues> {
        let of = |column: &Vec<f64>| FeatureValues::Numbers(places.iter().map(|&at| column[at]).collect());
        columns.iter().map(of).collect()
    };
    by_fold(target, rows, folds, seed, |_, inside, outside| {
        let fitted_on: Vec<u32> = outside.iter().map(|&at| rows[at]).collect();
        let (link, labels) = link::outcome(target, &fitted_on);
        let model = linear::fit(&values(outside), link, &labels);
        let outputs = model.predict(&values(inside), inside.len());
        Ok(if target.task.is_classification() {
            Predictions::Probabilities { values: outputs, classes: target.classes.len() }
        } else {
            Predictions::Numbers(outputs)
        })
    })
}

/// Predicts each fold by what `predict` makes of the number of the fold, the places inside it and those outside.
fn by_fold(
    target: &Target,
    rows: &[u32],
    folds: usize,
    seed: Seed,
    predict: impl Fn(usize, &[usize], &[usize]) -> Result<Predictions, ProbeError> + Sync,
) -> Result<Predictions, ProbeError> {
    let fold_of = stratified_folds(target, rows, folds, seed);
    let parts: Vec<(Vec<usize>, Predictions)> = (0..folds)
        .into_par_iter()
        .map(|fold| {
            let (inside, outside): (Vec<usize>, Vec<usize>) =
                (0..rows.len()).partition(|&at| fold_of[at] == fold);
            let predictions = predict(fold, &inside, &outside)?;
            Ok((inside, predictions))
        })
        .collect::<Result<_, ProbeError>>()?;
    Ok(gather(target, rows.len(), parts))
}

/// The fold of each row. Rows in random order, then by class, are dealt out in turn: every class is spread
/// evenly, and so is the whole.
fn stratified_folds(target: &Target, rows: &[u32], folds: usize, seed: Seed) -> Vec<usize> {
    let mut order = seed.stream("probe folds").permutation(rows.len());
    let class_of = |at: u32| match &target.labels {
        crate::Labels::Classes(codes) => codes[rows[at as usize] as usize],
        crate::Labels::Numbers(numbers) => numbers[rows[at as usize] as usize].map(|_| 0),
    };
    // Unlabelled rows stand at the end, so that the labelled ones reach every fold.
    order.sort_by_key(|&at| class_of(at).map_or((1, 0), |class| (0, class)));
    let mut fold_of = vec![0; rows.len()];
    for (turn, &at) in order.iter().enumerate() {
        fold_of[at as usize] = turn % folds;
    }
    fold_of
}

/// Puts the folds' predictions back into the order of the rows.
fn gather(target: &Target, rows: usize, parts: Vec<(Vec<usize>, Predictions)>) -> Predictions {
    let classes = target.classes.len();
    let width = if target.task.is_classification() { classes } else { 1 };
    let mut all = vec![0.0; rows * width];
    for (inside, predictions) in parts {
        let (Predictions::Probabilities { values, .. } | Predictions::Numbers(values)) = predictions;
        for (at, row) in inside.into_iter().zip(values.chunks_exact(width.max(1))) {
            all[at * width..][..width].copy_from_slice(row);
        }
    }
    if target.task.is_classification() {
        Predictions::Probabilities { values: all, classes }
    } else {
        Predictions::Numbers(all)
    }
}
