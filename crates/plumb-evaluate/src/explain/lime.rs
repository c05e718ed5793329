//! LIME for tables: a linear model of which columns keep their value near one row (Ribeiro, Singh, Guestrin 2016).
//!
//! As `lime_tabular` with its defaults: numbers are cut at the quartiles of the train rows, a neighbour takes each column's value from the
//! train rows independently, and what counts is whether the value falls into the same bin as the row's. Values are drawn from the
//! rows themselves where `lime` draws from a normal distribution cut off at the bin.

use plumb_data::Column;
use plumb_ledger::Seed;
use plumb_stats::attribution::{kernel_width, local_model, proximity, strongest};
use plumb_stats::describe::quantile;
use rayon::prelude::*;

use super::ask::{Asked, Mixture};
use crate::EvaluateError;

/// How to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimeConfig {
    /// Neighbours that are asked about.
    pub neighbours: usize,
    /// Columns that the linear model keeps.
    pub columns: usize,
    /// Where draws come from.
    pub seed: Seed,
}

impl LimeConfig {
    /// `lime`'s numbers: 5,000 neighbours, ten columns.
    pub fn new(seed: Seed) -> Self {
        Self { neighbours: 5000, columns: 10, seed }
    }
}

/// The linear model around a row for one output.
#[derive(Debug, Clone, PartialEq)]
pub struct LimeExplanation {
    /// The row.
    pub row: u32,
    /// The output.
    pub output: usize,
    /// The answer for the row.
    pub answer: f64,
    /// The places among the inputs that it keeps with their coefficients, the largest first.
    pub coefficients: Vec<(usize, f64)>,
    /// Its constant.
    pub intercept: f64,
    /// How much of what the model does there is linear; none where it is constant.
    pub r2: Option<f64>,
}

/// What was asked about one row: whoever has it can fit the linear model once more.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbourhood {
    /// The row.
    pub row: u32,
    /// The row that each input of each neighbour comes from, input by input. The first neighbour is the row itself.
    pub from: Vec<Vec<u32>>,
    /// Whether it falls into the same bin as the row's own value, 1 or 0: neighbour by neighbour.
    pub same: Vec<f64>,
    /// The answers for the output that is explained.
    pub answers: Vec<f64>,
}

/// Explains one output for each row, and hands each over with its neighbours. The predictor is asked about `rows x neighbours` rows;
/// rows are explained side by side.
pub fn lime(
    asked: &Asked<'_>,
    rows: &[(u32, usize)],
    train: &[u32],
    config: &LimeConfig,
    done: &mut dyn FnMut(LimeExplanation, Neighbourhood),
) -> Result<(), EvaluateError> {
    if train.is_empty() || asked.inputs.is_empty() || config.neighbours < 2 {
        return Err(EvaluateError::NoRows);
    }
    let bins: Vec<Bins> =
        asked.inputs.iter().map(|&place| Bins::of(&asked.table.columns()[place], train)).collect();
    for rows in rows.chunks(rayon::current_num_threads() * 2) {
        let explained: Vec<(LimeExplanation, Neighbourhood)> = rows
            .par_iter()
            .map(|&(row, output)| explain(asked, row, output, train, &bins, config))
            .collect::<Result<_, _>>()?;
        for (of, neighbourhood) in explained {
            done(of, neighbourhood);
        }
    }
    Ok(())
}

fn explain(
    asked: &Asked<'_>,
    row: u32,
    output: usize,
    train: &[u32],
    bins: &[Bins],
    config: &LimeConfig,
) -> Result<(LimeExplanation, Neighbourhood), EvaluateError> {
    let inputs = bins.len();
    let stream = config.seed.stream("lime").at(u64::from(row));
    let mut mixture = Mixture::new(inputs);
    let mut same = Vec::with_capacity(config.neighbours * inputs);
    for neighbour in 0..config.neighbours {
        mixture.base.push(row);
        for (input, bins) in bins.iter().enumerate() {
            // The first neighbour is the row itself.
            let from = if neighbour == 0 {
                row
            } else {
                train[stream.at(input as u64).below(neighbour as u64, train.len())]
            };
            mixture.inputs[input].push(from);
            let column = &asked.table.columns()[asked.inputs[input]];
            same.push(f64::from(u8::from(bins.hold_both(column, from, row))));
        }
    }
    let answers: Vec<f64> =
        asked.mixture(&mixture)?.chunks_exact(asked.width()).map(|answer| answer[output]).collect();
    let width = kernel_width(inputs);
    let distance = |of: &[f64]| of.iter().filter(|same| **same < 0.5).count() as f64;
    let weights: Vec<f64> =
        same.chunks_exact(inputs).map(|of| proximity(distance(of).sqrt(), width)).collect();
    let fit =
        |data: &[f64], features: usize, alpha: f64| local_model(data, features, &weights, &answers, alpha);
    let first = fit(&same, inputs, 0.01).ok_or(EvaluateError::NoRows)?;
    let kept = strongest(&first, &vec![1.0; inputs], config.columns);
    let data: Vec<f64> = same.chunks_exact(inputs).flat_map(|of| kept.iter().map(|&at| of[at])).collect();
    let model = fit(&data, kept.len(), 1.0).ok_or(EvaluateError::NoRows)?;
    let mut coefficients: Vec<(usize, f64)> = kept.into_iter().zip(model.coefficients).collect();
    coefficients.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let (intercept, r2) = (model.intercept, model.r2);
    let explanation = LimeExplanation { row, output, answer: answers[0], coefficients, intercept, r2 };
    Ok((explanation, Neighbourhood { row, from: mixture.inputs, same, answers }))
}

/// How values of a column fall into bins.
enum Bins {
    /// Quartiles.
    Numbers(Vec<f64>),
    /// A value is its own bin.
    Values,
}

impl Bins {
    fn of(column: &Column, train: &[u32]) -> Self {
        let Some(numbers) = column.numbers() else { return Self::Values };
        let known: Vec<f64> = train
            .iter()
            .filter(|&&row| !column.is_missing(row as usize))
            .map(|&row| numbers.value(row as usize))
            .collect();
        let mut edges: Vec<f64> = [0.25, 0.5, 0.75].iter().filter_map(|&q| quantile(&known, q)).collect();
        edges.dedup();
        Self::Numbers(edges)
    }

    /// Whether two rows have values of one bin; a missing value is a bin of its own.
    fn hold_both(&self, column: &Column, one: u32, other: u32) -> bool {
        let (one, other) = (one as usize, other as usize);
        match (self, column.numbers()) {
            (Self::Numbers(edges), Some(numbers)) if !column.is_missing(one) && !column.is_missing(other) => {
                let bin = |row: usize| edges.partition_point(|edge| *edge < numbers.value(row));
                bin(one) == bin(other)
            }
            _ => column.same(one, other),
        }
    }
}

#[cfg(test)]
mod tests {
    use plumb_data::{Kind, PredictError, Predictions, Predictor, Table};
    use plumb_stats::Task;

    use super::*;

    /// Sees the first column alone.
    struct FirstColumn;

    impl Predictor for FirstColumn {
        fn task(&self) -> Task {
            Task::Regression
        }
        fn classes(&self) -> &[String] {
            &[]
        }
        fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
            let numbers = table.columns()[0].numbers();
            let value = |row: &u32| {
                numbers.map_or(0.0, |numbers| f64::from(u8::from(numbers.value(*row as usize) > 0.0)))
            };
            Ok(Predictions::Numbers(rows.iter().map(value).collect()))
        }
    }

    #[test]
    fn the_column_that_matters_has_the_largest_coefficient() {
        let stream = Seed(1).stream("lime");
        let number = |at: u64| (0..300).map(move |row| Some(stream.at(at).normal(row)));
        let table = Table::new(vec![
            Column::number("a", Kind::Number, number(0)),
            Column::number("b", Kind::Number, number(1)),
            Column::category("c", Kind::Category, (0..300).map(|row| Some(["x", "y", "z"][row % 3]))),
        ])
        .unwrap();
        let inputs = [0, 1, 2];
        let asked = Asked { predictor: &FirstColumn, table: &table, inputs: &inputs };
        let train: Vec<u32> = (0..300).collect();
        let config = LimeConfig { neighbours: 2000, ..LimeConfig::new(Seed(0)) };
        let rows: Vec<(u32, usize)> = vec![(5, 0), (17, 0)];
        let mut found = Vec::new();
        lime(&asked, &rows, &train, &config, &mut |of, near| found.push((of, near))).unwrap();
        assert_eq!(found.iter().map(|(of, _)| of.row).collect::<Vec<_>>(), [5, 17]);
        for (explained, near) in found {
            assert!((near.answers[0] - explained.answer).abs() < 1e-12 && near.same[..3] == [1.0; 3]);
            assert_eq!(explained.coefficients[0].0, 0, "{explained:?}");
            assert!(
                explained.coefficients[1].1.abs() < 0.1 * explained.coefficients[0].1.abs(),
                "{explained:?}"
            );
        }
        assert!(lime(&asked, &rows, &[], &config, &mut |_, _| {}).is_err());
    }
}
