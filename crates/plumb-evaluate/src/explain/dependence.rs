//! Partial dependence: what the predictor says on average when a column has a value (Friedman 2001), and row by row (Goldstein et al. 2015).

use plumb_data::{Column, Kind};
use plumb_stats::describe::quantile;

use super::ask::Asked;
use crate::EvaluateError;

/// How the answers depend on one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// The place of the column among the inputs.
    pub input: usize,
    /// The values that it was given, as text.
    pub labels: Vec<String>,
    /// The values as numbers; empty for categories.
    pub values: Vec<f64>,
    /// The mean answer for each value: `values x outputs`.
    pub mean: Vec<f64>,
    /// The answer of each row for each value: `rows x values x outputs`.
    pub rows: Vec<f64>,
}

/// Values of a number that are tried: quantiles from 5 to 95 %.
const NUMBERS: usize = 20;
/// Categories that are tried, the most frequent first.
const CATEGORIES: usize = 12;

/// The dependence on one input over some rows. The predictor is asked about `values x rows` rows. None for a column that is neither a
/// number nor a category, or has one value.
pub fn dependence(
    asked: &Asked<'_>,
    input: usize,
    rows: &[u32],
) -> Result<Option<Dependence>, EvaluateError> {
    let place = asked.inputs[input];
    let column = &asked.table.columns()[place];
    let (labels, values) = grid(column, rows);
    if labels.len() < 2 || rows.is_empty() {
        return Ok(None);
    }
    let width = asked.width();
    let Some(own) = asked.table.gather(|_| rows) else { return Err(EvaluateError::NoRows) };
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let mut of_values = Vec::with_capacity(labels.len());
    for (at, label) in labels.iter().enumerate() {
        let constant = match values.get(at) {
            Some(&value) => {
                Column::number(&column.name, column.kind, std::iter::repeat_n(Some(value), rows.len()))
            }
            None => {
                Column::category(&column.name, Kind::Category, std::iter::repeat_n(Some(label), rows.len()))
            }
        };
        of_values.push(asked.values(&own.with_values(place, column.kind, constant.values), &all)?);
    }
    let mean = of_values.iter().flat_map(|answers| {
        (0..width)
            .map(move |output| answers.iter().skip(output).step_by(width).sum::<f64>() / rows.len() as f64)
    });
    let by_row = (0..rows.len())
        .flat_map(|row| of_values.iter().flat_map(move |of| of[row * width..][..width].to_vec()));
    Ok(Some(Dependence { input, mean: mean.collect(), rows: by_row.collect(), labels, values }))
}

/// The values that are tried.
fn grid(column: &Column, rows: &[u32]) -> (Vec<String>, Vec<f64>) {
    let present = rows.iter().map(|&row| row as usize).filter(|&row| !column.is_missing(row));
    if let Some(numbers) = column.numbers() {
        let known: Vec<f64> = present.map(|row| numbers.value(row)).filter(|x| x.is_finite()).collect();
        let share = |at: usize| 0.05 + 0.9 * at as f64 / (NUMBERS - 1) as f64;
        let mut values: Vec<f64> = (0..NUMBERS).filter_map(|at| quantile(&known, share(at))).collect();
        values.dedup();
        return (values.iter().map(f64::to_string).collect(), values);
    }
    let Some(categories) = column.categories() else { return (Vec::new(), Vec::new()) };
    let mut counts = vec![0u64; categories.len()];
    for code in present.filter_map(|row| categories.code(row)) {
        counts[code as usize] += 1;
    }
    let mut order: Vec<u32> =
        (0..categories.len() as u32).filter(|&code| counts[code as usize] > 0).collect();
    order.sort_by_key(|&code| std::cmp::Reverse(counts[code as usize]));
    (order.into_iter().take(CATEGORIES).map(|code| categories.level(code).to_owned()).collect(), Vec::new())
}
