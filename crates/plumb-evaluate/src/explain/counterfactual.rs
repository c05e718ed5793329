//! Counterfactuals: the fewest changes of a row, towards a real row, with which the predictor says another class.
//!
//! From the nearest rows that the predictor takes for another class, values are given back one after the other as long as the answer
//! stays: what is left differs in as few columns as this greedy way finds, and every value occurs in the data (Brughmans, Leyman,
//! Martens 2023 start from the nearest unlike neighbour too).

use plumb_data::Column;
use plumb_stats::describe::deviation;
use plumb_stats::most_probable;

use super::ask::{Asked, Mixture};
use crate::EvaluateError;

/// A row changed so that the answer is another.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterfactual {
    /// The row.
    pub row: u32,
    /// What the predictor says of it.
    pub before: usize,
    /// What it says of the changed row.
    pub after: usize,
    /// The probability of that class for the changed row.
    pub probability: f64,
    /// The row that the changed values come from.
    pub other: u32,
    /// The places among the inputs that are changed.
    pub changed: Vec<usize>,
}

/// Neighbours from which a way back is tried.
const NEIGHBOURS: usize = 5;

/// The best counterfactual of a row: that with the fewest changed columns, then the nearest. `others` are rows to take values from; none
/// where the predictor says the same of all of them. It is asked about `neighbours x inputs²` rows at most.
pub fn counterfactual(
    asked: &Asked<'_>,
    row: u32,
    others: &[u32],
) -> Result<Option<Counterfactual>, EvaluateError> {
    let width = asked.width();
    if width < 2 {
        return Ok(None);
    }
    let before = most_probable(&asked.rows(&[row])?);
    let answers = asked.rows(others)?;
    let unlike =
        answers.chunks_exact(width).zip(others).filter(|(answer, _)| most_probable(answer) != before);
    let mut unlike: Vec<(f64, u32)> = {
        let scales = scales(asked, others);
        unlike.map(|(_, &other)| (distance(asked, &scales, row, other), other)).collect()
    };
    unlike.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best: Option<(usize, f64, Counterfactual)> = None;
    for &(distance, other) in unlike.iter().take(NEIGHBOURS) {
        let found = back(asked, row, other, before)?;
        let key = (found.changed.len(), distance);
        if best.as_ref().is_none_or(|(count, apart, _)| key.0 < *count || key.0 == *count && key.1 < *apart) {
            best = Some((key.0, key.1, found));
        }
    }
    Ok(best.map(|(_, _, found)| found))
}

/// Gives values back to the row, each time the one after which the other class is most likely, while it stays the answer.
fn back(asked: &Asked<'_>, row: u32, other: u32, before: usize) -> Result<Counterfactual, EvaluateError> {
    let (inputs, width) = (asked.inputs.len(), asked.width());
    let differs = |&input: &usize| {
        let column = &asked.table.columns()[asked.inputs[input]];
        column.display(row as usize) != column.display(other as usize)
    };
    let mut changed: Vec<usize> = (0..inputs).filter(differs).collect();
    let answer = asked.rows(&[other])?;
    let mut now = (most_probable(&answer), answer[most_probable(&answer)]);
    while changed.len() > 1 {
        let mut mixture = Mixture::new(inputs);
        for back in &changed {
            // Inside: the row's own value.
            mixture.push(row, other, (0..inputs).map(|input| input == *back || !changed.contains(&input)));
        }
        let answers = asked.mixture(&mixture)?;
        let options =
            answers.chunks_exact(width).enumerate().map(|(at, answer)| (at, most_probable(answer), answer));
        let kept = options.filter(|(_, class, _)| *class != before);
        let Some((at, class, answer)) = kept.max_by(|a, b| a.2[a.1].total_cmp(&b.2[b.1])) else { break };
        now = (class, answer[class]);
        changed.remove(at);
    }
    Ok(Counterfactual { row, before, after: now.0, probability: now.1, other, changed })
}

/// What a step is in each input: a standard deviation of numbers, 0 for all else.
fn scales(asked: &Asked<'_>, rows: &[u32]) -> Vec<f64> {
    let scale = |&place: &usize| {
        let column = &asked.table.columns()[place];
        let numbers = column.numbers()?;
        let present = rows.iter().filter(|&&row| !column.is_missing(row as usize));
        deviation(&present.map(|&row| numbers.value(row as usize)).collect::<Vec<_>>())
    };
    asked.inputs.iter().map(|place| scale(place).unwrap_or(0.0)).collect()
}

/// Gower's distance: numbers by their steps, one for any other difference.
fn distance(asked: &Asked<'_>, scales: &[f64], a: u32, b: u32) -> f64 {
    let of = |(&place, scale): (&usize, &f64)| {
        let column: &Column = &asked.table.columns()[place];
        let (a, b) = (a as usize, b as usize);
        match (column.is_missing(a), column.is_missing(b), column.numbers()) {
            (true, true, _) => 0.0,
            (false, false, Some(numbers)) if *scale > 0.0 => {
                (numbers.value(a) - numbers.value(b)).abs() / scale
            }
            (false, false, _) => f64::from(u8::from(column.display(a) != column.display(b))),
            _ => 1.0,
        }
    };
    asked.inputs.iter().zip(scales).map(of).sum()
}
