//! Permutation importance: how much worse the predictor is when a column's values change places (Breiman 2001).

use plumb_data::Target;
use plumb_stats::Metric;
use plumb_stats::describe::deviation;

use super::ask::{Asked, Mixture};
use crate::EvaluateError;
use crate::scored::{Scored, Truth};

/// What a column is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The place of the column among the inputs.
    pub input: usize,
    /// By how much the metric is worse in each repeat: positive is worse, whatever the metric's direction.
    pub losses: Vec<f64>,
    /// The mean of the losses.
    pub mean: f64,
    /// Their standard deviation over repeats (population form, as in scikit-learn).
    pub deviation: f64,
}

/// The importance of every input on some labelled rows by a metric. `order(input, repeat)` is a permutation of their places. The
/// predictor is asked about `inputs x repeats x rows` rows.
///
/// Convention: `sklearn.inspection.permutation_importance`.
pub fn permutation_importance(
    asked: &Asked<'_>,
    target: &Target,
    rows: &[u32],
    metric: &Metric,
    repeats: usize,
    order: &dyn Fn(usize, usize) -> Vec<u32>,
) -> Result<Vec<Importance>, EvaluateError> {
    let clean = Scored::predict(asked.predictor, asked.table, target, rows)?;
    let undefined = || EvaluateError::NoRows;
    let before = (metric.compute)(&clean.outcome()).ok_or_else(undefined)?;
    let of_input = |input: usize| {
        let losses = (0..repeats).map(|repeat| {
            let order = order(input, repeat);
            let mut mixture =
                Mixture { base: clean.rows.clone(), inputs: vec![clean.rows.clone(); asked.inputs.len()] };
            mixture.inputs[input] =
                order.iter().filter_map(|&at| clean.rows.get(at as usize).copied()).collect();
            let answers = asked.mixture(&mixture)?;
            let after = with_answers(&clean, asked, target, answers);
            (metric.compute)(&after.outcome()).map(|value| metric.gain(before, value)).ok_or_else(undefined)
        });
        let losses: Vec<f64> = losses.collect::<Result<_, EvaluateError>>()?;
        let mean = losses.iter().sum::<f64>() / losses.len().max(1) as f64;
        let count = losses.len() as f64;
        let spread = deviation(&losses).map_or(0.0, |sample| sample * ((count - 1.0) / count).sqrt());
        Ok(Importance { input, losses, mean, deviation: spread })
    };
    (0..asked.inputs.len()).map(of_input).collect()
}

/// The same rows with other answers, put into the order of the target's classes.
fn with_answers(clean: &Scored, asked: &Asked<'_>, target: &Target, answers: Vec<f64>) -> Scored {
    if matches!(clean.truth, Truth::Numbers(_)) {
        return Scored { predicted: answers, ..clean.clone() };
    }
    let place = |class: &String| target.classes.iter().position(|known| known == class);
    let places: Vec<usize> = asked.predictor.classes().iter().filter_map(place).collect();
    let mut predicted = vec![0.0; clean.len() * clean.width];
    for (from, to) in answers.chunks_exact(asked.width()).zip(predicted.chunks_exact_mut(clean.width)) {
        for (value, &place) in from.iter().zip(&places) {
            to[place] = *value;
        }
    }
    Scored { predicted, ..clean.clone() }
}

#[cfg(test)]
mod tests {
    use plumb_data::{Column, Kind, Labels, PredictError, Predictions, Predictor, Table};
    use plumb_stats::{Task, metric};
    use serde_json::Value;

    use super::*;

    /// `2 a - b + 3 a c`.
    struct Formula;

    impl Predictor for Formula {
        fn task(&self) -> Task {
            Task::Regression
        }
        fn classes(&self) -> &[String] {
            &[]
        }
        fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
            let numbers: Vec<_> = table.columns().iter().filter_map(Column::numbers).collect();
            let value = |&row: &u32| {
                let at = |column: usize| numbers[column].value(row as usize);
                2.0 * at(0) - at(1) + 3.0 * at(0) * at(2)
            };
            Ok(Predictions::Numbers(rows.iter().map(value).collect()))
        }
    }

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    #[test]
    fn injected_permutations_give_scikit_learns_importance() {
        let path = format!("{}/tests/golden/importance.json", env!("CARGO_MANIFEST_DIR"));
        let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let case = &file["case"];
        let column = |(at, values): (usize, &Value)| {
            Column::number(&format!("x{at}"), Kind::Number, numbers(values).into_iter().map(Some))
        };
        let table =
            Table::new(case["columns"].as_array().unwrap().iter().enumerate().map(column).collect()).unwrap();
        let labels = Labels::Numbers(numbers(&case["target"]).into_iter().map(Some).collect());
        let target = Target { name: "y".to_owned(), task: Task::Regression, classes: Vec::new(), labels };
        let asked = Asked { predictor: &Formula, table: &table, inputs: &[0, 1, 2, 3] };
        let rows: Vec<u32> = (0..table.rows() as u32).collect();
        let order = |input: usize, repeat: usize| -> Vec<u32> {
            numbers(&case["permutations"][input][repeat]).iter().map(|x| *x as u32).collect()
        };
        let found = permutation_importance(&asked, &target, &rows, metric("r2").unwrap(), 4, &order).unwrap();
        for (input, of) in found.iter().enumerate() {
            let near = |found: f64, expected: &Value| (found - expected.as_f64().unwrap()).abs() < 1e-12;
            assert!(
                of.losses
                    .iter()
                    .zip(case["importances"][input].as_array().unwrap())
                    .all(|(a, b)| near(*a, b)),
                "{of:?}"
            );
            assert!(
                near(of.mean, &case["mean"][input]) && near(of.deviation, &case["deviation"][input]),
                "{of:?}"
            );
        }
    }
}
