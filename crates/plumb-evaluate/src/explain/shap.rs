//! Shapley values of single predictions against a background of rows (Lundberg, Lee 2017).
//!
//! A column that is not in a coalition takes its values from the background rows, as in `shap`'s kernel and permutation explainers:
//! the values are interventional and marginal, and say what the model does, not what causes what.

use plumb_ledger::Seed;
use plumb_stats::attribution::{Coalitions, Walked, Walks};
use rayon::prelude::*;

use super::ask::Asked;
use super::plan::{Plan, Seen};
use super::sampling::Sampling;
use super::sum::Sum;
use crate::EvaluateError;

/// How coalitions are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapMethod {
    /// In closed form where the predictor's answers are sums of terms, else by coalitions.
    Any,
    /// In closed form from the leaves of trees and the columns of linear models; an error where answers are no sums of them.
    Exact,
    /// Weighted least squares over coalitions; exact where the budget holds all of them.
    Kernel,
    /// Players join in random orders and their reverses.
    Permutation,
    /// The same, with one drawn background row in place of all.
    Sampling,
}

/// How to explain.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapConfig {
    /// How coalitions are chosen.
    pub method: ShapMethod,
    /// Coalitions asked for at most, for each row.
    pub budget: usize,
    /// Whether margins are explained, the scores before a link function, and not answers: in closed form alone.
    pub of_margins: bool,
    /// Where draws come from.
    pub seed: Seed,
}

impl ShapConfig {
    /// As many coalitions as `shap` takes by itself: `2 * inputs + 2048`, all of them up to eleven inputs; for sampling 1,000 for each
    /// input, each with one background row. Answers are explained, not margins.
    pub fn new(method: ShapMethod, inputs: usize, seed: Seed) -> Self {
        let budget = if method == ShapMethod::Sampling { 1000 * inputs } else { 2 * inputs + 2048 };
        Self { method, budget, of_margins: false, seed }
    }
}

/// The values of some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapValues {
    /// The rows.
    pub rows: Vec<u32>,
    /// How many numbers an answer has.
    pub width: usize,
    /// How many inputs there are.
    pub inputs: usize,
    /// The mean answer over the background, one for each output.
    pub base: Vec<f64>,
    /// The answer for each row, row-major.
    pub answers: Vec<f64>,
    /// What each input adds: `rows x outputs x inputs`.
    pub values: Vec<f64>,
    /// The standard errors of the values, where what was drawn tells them; empty otherwise.
    pub errors: Vec<f64>,
    /// How near the values of a row come to what they explain.
    pub additivity: Additivity,
    /// Whether no chance is left: the closed form, or every coalition was asked for.
    pub is_exact: bool,
    /// Whether they come in closed form from the model's trees or columns.
    pub is_closed_form: bool,
}

/// How near the values of a row come to what they explain, by the way they are found.
#[derive(Debug, Clone, PartialEq)]
pub enum Additivity {
    /// Up to rounding.
    Exact,
    /// Up to the size of the steps in which a slope is summed.
    Steps,
    /// Up to chance: the standard error of each sum, like the answers.
    Drawn(Vec<f64>),
}

impl ShapValues {
    /// What the inputs add to an output of the row at a place.
    pub fn of(&self, place: usize, output: usize) -> &[f64] {
        &self.values[(place * self.width + output) * self.inputs..][..self.inputs]
    }

    /// The standard errors of these; none where none are known.
    pub fn errors_of(&self, place: usize, output: usize) -> Option<&[f64]> {
        self.errors.get((place * self.width + output) * self.inputs..)?.get(..self.inputs)
    }

    /// The mean size of what each input adds to any output: how much it matters over all rows.
    pub fn importance(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.inputs];
        for values in self.values.chunks_exact(self.inputs.max(1)) {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value.abs());
        }
        let all = (self.rows.len() * self.width).max(1) as f64;
        sums.iter().map(|sum| sum / all).collect()
    }

    /// The distance of the sum of each row's values, output by output, from what is to be explained: `told`, asked for once more.
    pub fn additivity_gaps(&self, told: &Told) -> Vec<f64> {
        let gap = |(at, answer): (usize, &f64)| {
            let sum: f64 = self.of(at / self.width, at % self.width).iter().sum();
            (sum - (answer - told.base[at % self.width])).abs()
        };
        told.answers.iter().take(self.answers.len()).enumerate().map(gap).collect()
    }
}

/// What is to be explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The mean answer over the background, one for each output.
    pub base: Vec<f64>,
    /// The answer for each row, row-major.
    pub answers: Vec<f64>,
}

/// Asks for the answers of rows and the mean answer of the background.
pub fn told(asked: &Asked<'_>, rows: &[u32], background: &[u32]) -> Result<Told, EvaluateError> {
    let base = means(&asked.rows(background)?, asked.width(), background.len());
    Ok(Told { base, answers: asked.rows(rows)? })
}

/// The margins of rows and the mean margins of the background: what is to be explained with `of_margins`.
pub fn told_margins(asked: &Asked<'_>, rows: &[u32], background: &[u32]) -> Result<Told, EvaluateError> {
    let sum = Sum::of(asked, rows, background)?.filter(|sum| sum.margins().is_some());
    Ok(sum.ok_or(EvaluateError::NoMargins)?.told(rows.len()))
}

/// Explains rows against background rows, and tells `done` how many there are by now. Rows are explained side by side.
///
/// A predictor that is a sum of terms is not asked about rows: values come from its terms in closed form, or what coalitions are worth is
/// added up. Another one is asked about at most `rows x coalitions x background` rows, all of a row at once, and only once about what is the
/// same: a coalition matters for a background row by those of its members alone whose values the two rows do not share.
pub fn shap(
    asked: &Asked<'_>,
    rows: &[u32],
    background: &[u32],
    config: &ShapConfig,
    done: &mut dyn FnMut(u64),
) -> Result<ShapValues, EvaluateError> {
    if rows.is_empty() || background.is_empty() || asked.inputs.is_empty() {
        return Err(EvaluateError::NoRows);
    }
    let sum = Sum::of(asked, rows, background)?;
    if config.of_margins {
        return of_margins(asked, rows, &sum.ok_or(EvaluateError::NoMargins)?, done);
    }
    let told = told(asked, rows, background)?;
    if config.method == ShapMethod::Sampling {
        let sampling = Sampling::new(*asked, background, config.budget, config.seed.stream("shap"));
        let (values, errors) = sampling.explain(rows, &told.answers, done)?;
        return Ok(told.shared_out(rows, Walked { values, errors }, asked.inputs.len() < 2));
    }
    let is_additive = sum.as_ref().is_some_and(Sum::is_additive);
    match (config.method, &sum) {
        (ShapMethod::Exact | ShapMethod::Any, Some(sum)) if is_additive => {
            let explain = |place: usize, (): &mut ()| closed_form(sum, (place, rows[place]));
            let found = side_by_side(rows.len(), &|| (), &explain, done)?;
            Ok(ShapValues { is_closed_form: true, ..told.shared_out(rows, found, true) })
        }
        (ShapMethod::Exact, _) => Err(EvaluateError::NoClosedForm),
        _ => {
            let of_rows = (rows, told.answers.as_slice());
            let of_background = (background, told.base.as_slice());
            let (found, is_exact) =
                by_coalitions(asked, of_rows, of_background, config, (sum.as_ref(), done))?;
            Ok(told.shared_out(rows, found, is_exact))
        }
    }
}

/// What inputs add to margins.
fn of_margins(
    asked: &Asked<'_>,
    rows: &[u32],
    sum: &Sum<'_>,
    done: &mut dyn FnMut(u64),
) -> Result<ShapValues, EvaluateError> {
    if sum.margins().is_none() || asked.inputs.is_empty() {
        return Err(EvaluateError::NoMargins);
    }
    let explain = |place: usize, (): &mut ()| closed_form(sum, (place, rows[place]));
    let found = side_by_side(rows.len(), &|| (), &explain, done)?;
    Ok(ShapValues { is_closed_form: true, ..sum.told(rows.len()).shared_out(rows, found, true) })
}

fn closed_form(sum: &Sum<'_>, row: (usize, u32)) -> Result<Walked, EvaluateError> {
    Ok(Walked { values: sum.values(row)?, errors: Vec::new() })
}

/// The values by what coalitions are worth, and whether all of them were asked for.
fn by_coalitions(
    asked: &Asked<'_>,
    (rows, answers): (&[u32], &[f64]),
    (background, base): (&[u32], &[f64]),
    config: &ShapConfig,
    (sum, done): (Option<&Sum<'_>>, &mut dyn FnMut(u64)),
) -> Result<(Walked, bool), EvaluateError> {
    let (inputs, width) = (asked.inputs.len(), base.len());
    let stream = config.seed.stream("shap");
    let coalitions;
    let plan = if config.method == ShapMethod::Permutation {
        let steps = 2 * inputs.saturating_sub(1).max(1);
        Plan::walks(inputs, Walks::new(inputs, (config.budget / steps).max(1), stream))
    } else {
        coalitions = Coalitions::new(inputs, config.budget, stream);
        Plan::kernel(&coalitions).ok_or(EvaluateError::NoRows)?
    };
    let set = sum.map(|sum| (sum, plan.set()));
    let explain = |place: usize, seen: &mut Seen| {
        let worth = match &set {
            Some((sum, set)) => sum.worth(asked, (place, rows[place]), set)?,
            None => plan.worth(asked, rows[place], background, seen)?,
        };
        plan.attribute(&worth, base, &answers[place * width..][..width])
    };
    Ok((side_by_side(rows.len(), &|| plan.seen(), &explain, done)?, plan.is_exact))
}

/// Explains the row at a place.
type Explain<'a, T> = dyn Fn(usize, &mut T) -> Result<Walked, EvaluateError> + Sync + 'a;

/// Explains so many rows, some at once; what a row needs to take notes is handed on to later rows.
fn side_by_side<T: Send>(
    rows: usize,
    notes: &dyn Fn() -> T,
    explain: &Explain<'_, T>,
    done: &mut dyn FnMut(u64),
) -> Result<Walked, EvaluateError> {
    let mut notes: Vec<T> = (0..rows.min(rayon::current_num_threads() * 4)).map(|_| notes()).collect();
    let mut found = Walked { values: Vec::new(), errors: Vec::new() };
    for from in (0..rows).step_by(notes.len()) {
        let of_rows: Vec<Walked> = notes
            .par_iter_mut()
            .enumerate()
            .filter(|(at, _)| from + at < rows)
            .map(|(at, notes)| explain(from + at, notes))
            .collect::<Result<_, _>>()?;
        done((from + of_rows.len()) as u64);
        for of in of_rows {
            found.values.extend(of.values);
            found.errors.extend(of.errors);
        }
    }
    Ok(found)
}

impl Told {
    /// The values that share it out without a rest.
    fn shared_out(self, rows: &[u32], found: Walked, is_exact: bool) -> ShapValues {
        let (width, Self { base, answers }) = (self.base.len(), self);
        let Walked { values, errors } = found;
        let inputs = values.len() / (rows.len() * width).max(1);
        ShapValues {
            rows: rows.to_vec(),
            width,
            inputs,
            base,
            answers,
            values,
            errors,
            additivity: Additivity::Exact,
            is_exact,
            is_closed_form: false,
        }
    }
}

/// The mean over rows of each output.
pub(super) fn means(values: &[f64], width: usize, rows: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in values.chunks_exact(width) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().map(|sum| sum / rows as f64).collect()
}
