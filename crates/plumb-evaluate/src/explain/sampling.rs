//! Shapley values by sampling: columns join in random orders, those that have not joined have the values of one drawn background row
//! (Strumbelj, Kononenko 2014; `shap`'s `SamplingExplainer`).
//!
//! Permutations ask about each step with the whole background, sampling with one row of it: as many steps cost a hundredth, and chance is in
//! the rows as well. Each round draws each background row once, so that the values sum to what they explain, and how far rounds are apart
//! tells the standard errors.

use plumb_ledger::Stream;
use plumb_stats::attribution::Walks;
use plumb_stats::describe::{mean, variance};
use rayon::prelude::*;

use super::ask::{Asked, Mixture};
use crate::EvaluateError;

/// Cells that are put together at once: 4 MiB, whatever the budget.
const CELLS: usize = 1 << 20;

/// Rounds at least: of fewer the spread tells little.
const LEAST_ROUNDS: usize = 8;

/// Orders of the players, each and its reverse with one background row.
pub(super) struct Sampling<'a> {
    asked: Asked<'a>,
    background: &'a [u32],
    orders: Vec<Vec<u32>>,
    /// The place in the background of the row of each pair of walks.
    drawn: Vec<u32>,
}

impl<'a> Sampling<'a> {
    /// So many pairs of walks that their steps are at least `budget`, in whole rounds over the background.
    pub(super) fn new(asked: Asked<'a>, background: &'a [u32], budget: usize, stream: Stream) -> Self {
        let players = asked.inputs.len();
        let steps = 2 * players.saturating_sub(1).max(1);
        let rounds = budget.div_ceil(steps * background.len()).max(LEAST_ROUNDS);
        let drawn = (0..rounds as u64).flat_map(|round| stream.at(1).at(round).permutation(background.len()));
        let drawn: Vec<u32> = drawn.collect();
        let walks = Walks::new(players, drawn.len(), stream.at(0));
        Self { asked, background, orders: walks.orders().to_vec(), drawn }
    }

    /// What each input adds to each output, and the standard errors of that, of rows with these answers: `rows x outputs x inputs`.
    pub(super) fn explain(
        &self,
        rows: &[u32],
        answers: &[f64],
        done: &mut dyn FnMut(u64),
    ) -> Result<(Vec<f64>, Vec<f64>), EvaluateError> {
        let width = self.asked.width();
        let of_background = self.asked.rows(self.background)?;
        let side_by_side = rayon::current_num_threads() * 2;
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for (group, rows) in rows.chunks(side_by_side).enumerate() {
            let place = |at: usize| (group * side_by_side + at) * width;
            let found: Vec<(Vec<f64>, Vec<f64>)> = rows
                .par_iter()
                .enumerate()
                .map(|(at, &row)| self.row(row, &of_background, &answers[place(at)..][..width]))
                .collect::<Result<_, _>>()?;
            for (value, error) in found {
                values.extend(value);
                errors.extend(error);
            }
            done((group * side_by_side + rows.len()) as u64);
        }
        Ok((values, errors))
    }

    /// What each input adds to each output of one row. `of_background` are the answers for the background rows.
    fn row(
        &self,
        row: u32,
        of_background: &[f64],
        answer: &[f64],
    ) -> Result<(Vec<f64>, Vec<f64>), EvaluateError> {
        let width = answer.len();
        let between = self.asked.inputs.len().saturating_sub(1);
        let mut along: Vec<Vec<Vec<f64>>> = vec![Vec::with_capacity(self.orders.len()); width];
        let at_once = (CELLS / (between * (between + 1)).max(1)).max(1);
        for (part, orders) in self.orders.chunks(at_once).enumerate() {
            let answers = self.asked.mixture(&self.questions(row, part * at_once, orders))?;
            for (at, walk) in (0..orders.len()).zip(part * at_once..) {
                let drawn = self.drawn[walk / 2] as usize;
                let inner = &answers[at * between * width..][..between * width];
                for (output, along) in along.iter_mut().enumerate() {
                    let first = std::iter::once(of_background[drawn * width + output]);
                    let steps = inner.iter().skip(output).step_by(width).copied();
                    along.push(first.chain(steps).chain(std::iter::once(answer[output])).collect());
                }
            }
        }
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for along in &along {
            for of_input in self.by_round(along).ok_or(EvaluateError::NoRows)? {
                values.extend(mean(&of_input));
                errors.push(variance(&of_input).map_or(0.0, |of| (of / of_input.len() as f64).sqrt()));
            }
        }
        Ok((values, errors))
    }

    /// What each input adds by each round.
    fn by_round(&self, along: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
        let round = 2 * self.background.len();
        let mut found = vec![Vec::new(); self.asked.inputs.len()];
        for (orders, along) in self.orders.chunks(round).zip(along.chunks(round)) {
            let walked = Walks::given(orders.to_vec()).attribute(along)?;
            found.iter_mut().zip(walked.values).for_each(|(found, value)| found.push(value));
        }
        Some(found)
    }

    /// The row after each step of each walk but the last, where the others have not joined.
    fn questions(&self, row: u32, first: usize, orders: &[Vec<u32>]) -> Mixture {
        let players = self.asked.inputs.len();
        let mut questions = Mixture::new(players);
        for (order, walk) in orders.iter().zip(first..) {
            let other = self.background[self.drawn[walk / 2] as usize];
            let mut joined = vec![false; players];
            for &player in order.iter().take(players.saturating_sub(1)) {
                joined[player as usize] = true;
                questions.push(row, other, joined.iter().copied());
            }
        }
        questions
    }
}
