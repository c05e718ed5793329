//! LIME for tables: a linear model of which columns keep their value near one row (Ribeiro, Singh, Guestrin 2016).
//!
//! As `lime_tabular` with its defaults: numbers are cut at the quartiles of the train rows, a neighbour takes each column's value from the
//! train rows independently, and what counts is whether the value falls into the same bin as the row's. Values are drawn from the
//! rows themselves where `lime` draws from a normal distribution cut off at the bin.
//!
//! Which values neighbours have does not depend on the row, only what counts as near does: so they are drawn and asked about once for
//! all rows, where `lime` draws others for each.

use plumb_data::Column;
use plumb_ledger::Seed;
use plumb_ledger::digest::xxh3;
use plumb_stats::attribution::{kernel_width, local_model, proximity, strongest};
use plumb_stats::describe::quantile_of_sorted;
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

/// Neighbours of any row, with what the model says of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// The train row that each input of each neighbour comes from, input by input.
    pub from: Vec<Vec<u32>>,
    /// The bins of the same.
    bins: Vec<Vec<u64>>,
    /// Where numbers are cut, input by input.
    edges: Vec<Vec<f64>>,
    /// The answers, row-major.
    answers: Vec<f64>,
}

/// What was asked about one row: whoever has it can fit the linear model once more. The first neighbour is the row itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbourhood {
    /// The row.
    pub row: u32,
    /// Whether each value falls into the same bin as the row's own, 1 or 0: neighbour by neighbour.
    pub same: Vec<f64>,
    /// The answers for the output that is explained.
    pub answers: Vec<f64>,
}

impl Neighbours {
    /// Draws neighbours from train rows and asks about them, once.
    pub fn draw(asked: &Asked<'_>, train: &[u32], config: &LimeConfig) -> Result<Self, EvaluateError> {
        let (Some(&first), true) = (train.first(), !asked.inputs.is_empty() && config.neighbours >= 2) else {
            return Err(EvaluateError::NoRows);
        };
        // The first is the row itself.
        let count = config.neighbours - 1;
        let stream = config.seed.stream("lime");
        let drawn = |input: usize| {
            let stream = stream.at(input as u64);
            (0..count).map(|at| train[stream.below(at as u64, train.len())]).collect::<Vec<u32>>()
        };
        let from: Vec<Vec<u32>> = (0..asked.inputs.len()).map(drawn).collect();
        let columns: Vec<&Column> = asked.inputs.iter().map(|&place| &asked.table.columns()[place]).collect();
        let edges: Vec<Vec<f64>> = columns.par_iter().map(|column| quartiles(column, train)).collect();
        let bins = columns
            .iter()
            .zip(&from)
            .zip(&edges)
            .map(|((column, from), edges)| from.iter().map(|&row| bin(column, edges, row)).collect())
            .collect();
        let mixture = Mixture { base: vec![first; count], inputs: from };
        let answers = asked.mixture(&mixture)?;
        Ok(Self { from: mixture.inputs, bins, edges, answers })
    }
}

/// Explains one output for each row, and hands each over with what it was fitted to. The predictor is asked about the rows alone; the
/// linear models of all rows are fitted side by side, `neighbours x columns²` operations each.
pub fn lime(
    asked: &Asked<'_>,
    rows: &[(u32, usize)],
    neighbours: &Neighbours,
    config: &LimeConfig,
    done: &mut dyn FnMut(LimeExplanation, Neighbourhood),
) -> Result<(), EvaluateError> {
    let width = asked.width();
    for rows in rows.chunks(rayon::current_num_threads() * 4) {
        let own = asked.rows(&rows.iter().map(|&(row, _)| row).collect::<Vec<u32>>())?;
        let explained: Vec<(LimeExplanation, Neighbourhood)> = rows
            .par_iter()
            .zip(own.par_chunks(width))
            .map(|(&(row, output), own)| explain(asked, (row, output), own, neighbours, config.columns))
            .collect::<Result<_, _>>()?;
        for (of, near) in explained {
            done(of, near);
        }
    }
    Ok(())
}

fn explain(
    asked: &Asked<'_>,
    (row, output): (u32, usize),
    own: &[f64],
    neighbours: &Neighbours,
    columns: usize,
) -> Result<(LimeExplanation, Neighbourhood), EvaluateError> {
    let inputs = neighbours.from.len();
    let answers: Vec<f64> = std::iter::once(own[output])
        .chain(neighbours.answers.iter().skip(output).step_by(own.len()).copied())
        .collect();
    let mut same = vec![1.0; answers.len() * inputs];
    for (input, bins) in neighbours.bins.iter().enumerate() {
        let column = &asked.table.columns()[asked.inputs[input]];
        let bin = bin(column, &neighbours.edges[input], row);
        for (place, other) in same.iter_mut().skip(inputs + input).step_by(inputs).zip(bins) {
            *place = f64::from(u8::from(*other == bin));
        }
    }
    // As many weights as numbers of columns that can differ.
    let width = kernel_width(inputs);
    let by_distance: Vec<f64> = (0..=inputs).map(|differ| proximity((differ as f64).sqrt(), width)).collect();
    let weight = |of: &[f64]| by_distance[of.iter().filter(|same| **same < 0.5).count()];
    let weights: Vec<f64> = same.chunks_exact(inputs).map(weight).collect();
    let fit =
        |data: &[f64], features: usize, alpha: f64| local_model(data, features, &weights, &answers, alpha);
    let first = fit(&same, inputs, 0.01).ok_or(EvaluateError::NoRows)?;
    let kept = strongest(&first, &vec![1.0; inputs], columns);
    let data: Vec<f64> = same.chunks_exact(inputs).flat_map(|of| kept.iter().map(|&at| of[at])).collect();
    let model = fit(&data, kept.len(), 1.0).ok_or(EvaluateError::NoRows)?;
    let mut coefficients: Vec<(usize, f64)> = kept.into_iter().zip(model.coefficients).collect();
    coefficients.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let (intercept, r2) = (model.intercept, model.r2);
    let explanation = LimeExplanation { row, output, answer: own[output], coefficients, intercept, r2 };
    Ok((explanation, Neighbourhood { row, same, answers }))
}

/// Where the numbers of a column are cut; nowhere for other columns.
fn quartiles(column: &Column, train: &[u32]) -> Vec<f64> {
    let Some(numbers) = column.numbers() else { return Vec::new() };
    let is_there = |row: &&u32| !column.is_missing(**row as usize);
    let mut known: Vec<f64> = train.iter().filter(is_there).map(|&row| numbers.value(row as usize)).collect();
    if known.is_empty() {
        return Vec::new();
    }
    known.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = [0.25, 0.5, 0.75].iter().map(|&q| quantile_of_sorted(&known, q)).collect();
    edges.dedup();
    edges
}

/// The bin of a row's value: of a number the quarter, of other values the value. A missing value is a bin of its own.
fn bin(column: &Column, edges: &[f64], row: u32) -> u64 {
    let row = row as usize;
    if column.is_missing(row) {
        return u64::MAX;
    }
    match (column.numbers(), column.categories()) {
        (Some(numbers), _) => edges.partition_point(|edge| *edge < numbers.value(row)) as u64,
        (_, Some(categories)) => categories.code(row).map_or(u64::MAX, u64::from),
        _ => xxh3(column.display(row).as_bytes()),
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
        let neighbours = Neighbours::draw(&asked, &train, &config).unwrap();
        let mut found = Vec::new();
        lime(&asked, &rows, &neighbours, &config, &mut |of, near| found.push((of, near))).unwrap();
        assert_eq!(found.iter().map(|(of, _)| of.row).collect::<Vec<_>>(), [5, 17]);
        for (explained, near) in found {
            assert!((near.answers[0] - explained.answer).abs() < 1e-12 && near.same[..3] == [1.0; 3]);
            assert_eq!(explained.coefficients[0].0, 0, "{explained:?}");
            assert!(
                explained.coefficients[1].1.abs() < 0.1 * explained.coefficients[0].1.abs(),
                "{explained:?}"
            );
        }
        assert!(Neighbours::draw(&asked, &[], &config).is_err());
    }
}
