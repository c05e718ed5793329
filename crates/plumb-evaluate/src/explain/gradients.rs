//! What each column adds to single predictions of a network, by its gradients on straight lines from a baseline to the row.
//!
//! Integrated gradients (Sundararajan, Taly, Yan 2017) go from one baseline in even steps; expected gradients, `shap`'s
//! `GradientExplainer`, from many background rows to points that are drawn (Erion et al. 2021). They share out the answers that
//! [`super::shap()`] shares out, and for a model that is linear in what is prepared of its columns they give the same.

use plumb_data::{Lines, Point, Slopes};
use plumb_ledger::{Seed, Stream};

use super::ask::{Asked, unreadable};
use super::shap::{Additivity, ShapValues, Told, means, told};
use crate::EvaluateError;

/// Where lines start, and which of their points are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gradients {
    /// Lines start from the mean of the background rows in the space of prepared inputs; the middles of so many even steps.
    Integrated {
        /// Steps.
        steps: usize,
    },
    /// Lines start from single background rows; whole rounds over all of them, at least so many points.
    Expected {
        /// Draws for each row.
        draws: usize,
        /// Where draws come from.
        seed: Seed,
    },
}

/// Rounds over the background at least: how far apart they are tells how far their mean may be off.
const LEAST_ROUNDS: usize = 8;
/// Slopes that are asked for at once: 16 MiB.
const NUMBERS: usize = 1 << 21;

/// Whether the predictor is a network that has gradients by its columns.
pub fn has_gradients(asked: &Asked<'_>) -> bool {
    let none = Lines { rows: &[], starts: &[], points: &[], shuffled: None };
    asked.predictor.slopes(asked.table, &none).is_some()
}

/// Explains rows by gradients, and tells `done` how many there are by now. None of a predictor that has no gradients. With a seed in
/// `shuffled` it is the network with exchanged weights that is explained. Costs a pass through the network and one back for each
/// point and each output but the last of classes.
pub fn gradients(
    asked: &Asked<'_>,
    rows: &[u32],
    background: &[u32],
    how: Gradients,
    shuffled: Option<Seed>,
    done: &mut dyn FnMut(u64),
) -> Result<Option<ShapValues>, EvaluateError> {
    if rows.is_empty() || background.is_empty() || asked.inputs.is_empty() {
        return Err(EvaluateError::NoRows);
    }
    let plan = Plan::new(how, background);
    let Some(Told { base, answers }) = plan.ends(asked, rows, shuffled)? else { return Ok(None) };
    let (inputs, width) = (asked.inputs.len(), asked.width());
    let mut sums = Sums::new(&plan, width, inputs);
    let at_once = (NUMBERS / (width * asked.table.columns().len()).max(1)).max(1);
    let mut explained = 0;
    for rows_of in rows.chunks((at_once / plan.points()).max(1)) {
        let points: Vec<Point> =
            rows_of.iter().zip(0..).flat_map(|(&row, place)| plan.of(row, place)).collect();
        for points in points.chunks(at_once) {
            let Some(found) = plan.ask(asked, rows_of, points, shuffled)? else { return Ok(None) };
            found.slopes.chunks_exact(width * inputs).for_each(|slopes| sums.point(slopes));
        }
        explained += rows_of.len() as u64;
        done(explained);
    }
    let Sums { values, errors, totals, .. } = sums;
    let (errors, additivity) = match how {
        Gradients::Integrated { .. } => (Vec::new(), Additivity::Steps),
        Gradients::Expected { .. } => (errors, Additivity::Drawn(totals)),
    };
    let rows = rows.to_vec();
    Ok(Some(ShapValues {
        rows,
        width,
        inputs,
        base,
        answers,
        values,
        errors,
        additivity,
        is_exact: false,
        is_closed_form: false,
    }))
}

/// What gradients share out, asked for once more: the answers for the rows, less the answer for the mean of the background in the space
/// of prepared inputs (integrated gradients), or less the mean answer over it. None of a predictor that has no gradients.
pub fn told_by_gradients(
    asked: &Asked<'_>,
    rows: &[u32],
    background: &[u32],
    how: Gradients,
) -> Result<Option<Told>, EvaluateError> {
    let told = told(asked, rows, background)?;
    Ok(match how {
        Gradients::Expected { .. } => Some(told),
        Gradients::Integrated { .. } => {
            let ends = Plan::new(how, background).ends(asked, &rows[..rows.len().min(1)], None)?;
            ends.map(|ends| Told { base: ends.base, ..told })
        }
    })
}

/// Which points of which lines are looked at for a row.
struct Plan {
    starts: Vec<Vec<u32>>,
    how: Gradients,
    rounds: usize,
    /// Points of a round.
    round: usize,
}

impl Plan {
    fn new(how: Gradients, background: &[u32]) -> Self {
        match how {
            Gradients::Integrated { steps } => {
                Self { starts: vec![background.to_vec()], how, rounds: 1, round: steps.max(1) }
            }
            Gradients::Expected { draws, .. } => {
                let starts: Vec<Vec<u32>> = background.iter().map(|&row| vec![row]).collect();
                let round = starts.len();
                Self { starts, how, rounds: draws.div_ceil(round).max(LEAST_ROUNDS), round }
            }
        }
    }

    /// Points for each row.
    fn points(&self) -> usize {
        self.rounds * self.round
    }

    /// The points for a row, round by round, where it stands at `place`. They do not depend on which other rows are explained.
    fn of(&self, row: u32, place: u32) -> Vec<Point> {
        match self.how {
            Gradients::Integrated { steps } => {
                let middle = |step: usize| (step as f64 + 0.5) / steps.max(1) as f64;
                (0..self.round).map(|step| Point { row: place, start: 0, share: middle(step) }).collect()
            }
            Gradients::Expected { seed, .. } => {
                let stream = seed.stream("expected gradients").at(u64::from(row));
                (0..self.rounds).flat_map(|round| self.drawn(stream.at(round as u64), place)).collect()
            }
        }
    }

    /// A round: each background row once, each with a share from another one of as many even steps (a Latin square). Each draw by itself
    /// is even over rows and shares, so the mean is unbiased; together they are spread better than by chance.
    fn drawn(&self, stream: Stream, place: u32) -> Vec<Point> {
        let (steps, inside) = (stream.at(0).permutation(self.round), stream.at(1));
        let point = |(start, step): (u32, u32)| {
            let share = (f64::from(step) + inside.uniform(u64::from(start))) / self.round as f64;
            Point { row: place, start, share }
        };
        (0..).zip(steps).map(point).collect()
    }

    /// The answers at the ends of the lines, and the mean one at their starts.
    fn ends(
        &self,
        asked: &Asked<'_>,
        rows: &[u32],
        shuffled: Option<Seed>,
    ) -> Result<Option<Told>, EvaluateError> {
        let at_start = (0..self.starts.len() as u32).map(|start| Point { row: 0, start, share: 0.0 });
        let at_end = (0..rows.len() as u32).map(|row| Point { row, start: 0, share: 1.0 });
        let points: Vec<Point> = at_start.chain(at_end).collect();
        let Some(found) = self.ask(asked, rows, &points, shuffled)? else { return Ok(None) };
        let mut base = found.answers;
        let answers = base.split_off(self.starts.len() * asked.width());
        Ok(Some(Told { base: means(&base, asked.width(), self.starts.len()), answers }))
    }

    /// The answers at points, and their slopes by the inputs alone: `points x outputs x inputs`.
    fn ask(
        &self,
        asked: &Asked<'_>,
        rows: &[u32],
        points: &[Point],
        shuffled: Option<Seed>,
    ) -> Result<Option<Slopes>, EvaluateError> {
        let lines = Lines { rows, starts: &self.starts, points, shuffled };
        let Some(found) = asked.predictor.slopes(asked.table, &lines) else { return Ok(None) };
        let (found, columns) = (found?, asked.table.columns().len());
        let wanted = points.len() * asked.width();
        if found.answers.len() != wanted || found.slopes.len() != wanted * columns {
            return Err(unreadable("the network gave another number of slopes"));
        }
        if !found.answers.iter().chain(&found.slopes).all(|value| value.is_finite()) {
            return Err(unreadable("a slope of the network is not a finite number"));
        }
        let of_inputs = |of: &[f64]| asked.inputs.iter().map(|&place| of[place]).collect::<Vec<f64>>();
        let slopes = found.slopes.chunks_exact(columns).flat_map(of_inputs).collect();
        Ok(Some(Slopes { answers: found.answers, slopes }))
    }
}

/// Slopes on their way to means: of a round, of the rounds of a row, of all rows so far.
struct Sums {
    rounds: usize,
    round: usize,
    inputs: usize,
    /// How many points of the round there are by now, and their slopes.
    seen: usize,
    now: Vec<f64>,
    /// How many rounds of the row there are by now; the sums of their means and of the squares of those, with the sum over inputs behind
    /// the inputs of each output.
    ended: usize,
    sum: Vec<f64>,
    squares: Vec<f64>,
    values: Vec<f64>,
    errors: Vec<f64>,
    /// The standard errors of the sums over inputs.
    totals: Vec<f64>,
}

impl Sums {
    fn new(plan: &Plan, width: usize, inputs: usize) -> Self {
        Self {
            rounds: plan.rounds,
            round: plan.round,
            inputs,
            seen: 0,
            now: vec![0.0; width * inputs],
            ended: 0,
            sum: vec![0.0; width * (inputs + 1)],
            squares: vec![0.0; width * (inputs + 1)],
            values: Vec::new(),
            errors: Vec::new(),
            totals: Vec::new(),
        }
    }

    fn point(&mut self, slopes: &[f64]) {
        self.now.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope);
        self.seen += 1;
        if self.seen == self.round {
            self.end_round();
        }
    }

    fn end_round(&mut self) {
        let count = self.round as f64;
        let means = self.now.chunks_exact(self.inputs).flat_map(|of| {
            let total = of.iter().sum::<f64>() / count;
            of.iter().map(move |sum| sum / count).chain(std::iter::once(total))
        });
        for ((sum, square), mean) in self.sum.iter_mut().zip(&mut self.squares).zip(means) {
            *sum += mean;
            *square += mean * mean;
        }
        self.now.fill(0.0);
        (self.seen, self.ended) = (0, self.ended + 1);
        if self.ended == self.rounds {
            self.end_row();
        }
    }

    fn end_row(&mut self) {
        let count = self.rounds as f64;
        for (at, (sum, square)) in self.sum.iter().zip(&self.squares).enumerate() {
            let variance = ((square - sum * sum / count) / (count - 1.0).max(1.0)).max(0.0);
            let error = (variance / count).sqrt();
            if at % (self.inputs + 1) == self.inputs {
                self.totals.push(error);
            } else {
                self.values.push(sum / count);
                self.errors.push(error);
            }
        }
        self.sum.fill(0.0);
        self.squares.fill(0.0);
        self.ended = 0;
    }
}

#[cfg(test)]
mod tests;
