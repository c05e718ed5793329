//! What each way to a model says of rows, and how far two of them agree.

use plumb_data::{PredictError, Predictions, Predictor, Table};
use plumb_learn::predict::TrainedModel;
use plumb_package::practices::Agreement;

use crate::fault::Fault;
use crate::predictors::Exported;

/// A difference up to which two answers are called the same: single precision, and sums in another order.
pub(crate) const SAME: f64 = 1e-4;
/// The same for a quantized network beside its own answers: on another processor a value may round to the next of 256 levels.
pub(crate) const QUANTIZED: f64 = 0.02;

fn failed(error: &PredictError) -> Fault {
    Fault::failed(error.message.clone())
}

fn all(table: &Table) -> Vec<u32> {
    (0..table.rows() as u32).collect()
}

/// Probabilities, row-major, or numbers.
pub(crate) fn values(of: Predictions) -> Vec<f64> {
    match of {
        Predictions::Probabilities { values, .. } | Predictions::Numbers(values) => values,
    }
}

/// What the trained model says.
pub(crate) fn native(model: &TrainedModel, table: &Table) -> Result<Vec<f64>, Fault> {
    Ok(values(model.predict(table, &all(table)).map_err(|error| failed(&error))?))
}

/// What a file that was written from the model says.
pub(crate) fn onnx(file: Vec<u8>, model: &TrainedModel, table: &Table) -> Result<Vec<f64>, Fault> {
    let written = Exported::new(model.clone(), file).map_err(|error| Fault::failed(error.to_string()))?;
    Ok(values(written.predict(table, &all(table)).map_err(|error| failed(&error))?))
}

/// How `found` agrees with `recorded`, both of as many rows of `width` values. Answers of another number agree in nothing.
pub(crate) fn agreement(recorded: &[f64], found: &[f64], width: usize, tolerance: f64) -> Agreement {
    let rows = recorded.len() / width.max(1);
    let unit = if width > 1 { 1.0 } else { range(recorded) };
    let off = recorded.iter().zip(found).map(|(recorded, found)| (recorded - found).abs() / unit);
    let worst = |most: f64, off: f64| if off > most || off.is_nan() { off } else { most };
    let difference = if recorded.len() == found.len() { off.fold(0.0, worst) } else { f64::NAN };
    let flipped = if width > 1 {
        let pairs = recorded.chunks_exact(width).zip(found.chunks_exact(width));
        pairs.filter(|(recorded, found)| top(recorded) != top(found)).count()
    } else {
        0
    };
    Agreement { rows, difference, tolerance, flipped }
}

fn top(row: &[f64]) -> Option<usize> {
    let better = |best: Option<usize>, (at, value): (usize, &f64)| match best.and_then(|best| row.get(best)) {
        Some(known) if known >= value => best,
        _ => Some(at),
    };
    row.iter().enumerate().fold(None, better)
}

fn range(numbers: &[f64]) -> f64 {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high > low { high - low } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_agree_or_do_not() {
        let same = agreement(&[0.2, 0.8, 0.6, 0.4], &[0.2, 0.8, 0.6, 0.4], 2, SAME);
        assert!(same.holds() && (same.rows, same.flipped) == (2, 0));
        let off = agreement(&[0.2, 0.8, 0.6, 0.4], &[0.2, 0.8, 0.4, 0.6], 2, SAME);
        assert!(!off.holds() && off.flipped == 1 && (off.difference - 0.2).abs() < 1e-12);
        for strange in [vec![f64::NAN, 0.8], vec![0.2], vec![], vec![0.2, f64::INFINITY]] {
            assert!(!agreement(&[0.2, 0.8], &strange, 2, SAME).holds(), "{strange:?}");
        }
        let numbers = agreement(&[100.0, 300.0], &[100.01, 300.0], 1, SAME);
        assert!(numbers.holds() && (numbers.difference - 5e-5).abs() < 1e-9);
        assert!(!agreement(&[3.0, 3.0], &[3.0, 3.1], 1, SAME).holds());
    }
}
