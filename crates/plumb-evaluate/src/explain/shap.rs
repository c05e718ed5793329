//! Shapley values of single predictions against a background of rows (Lundberg, Lee 2017).
//!
//! A column that is not in a coalition takes its values from the background rows, as in `shap`'s kernel and permutation explainers:
//! the values are interventional and marginal, and say what the model does, not what causes what.

use std::collections::HashMap;

use plumb_ledger::Seed;
use plumb_stats::attribution::{Coalitions, KernelShap, Walks};
use rayon::prelude::*;

use super::ask::{Asked, Mixture};
use crate::EvaluateError;

/// How coalitions are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapMethod {
    /// Weighted least squares over coalitions; exact where the budget holds all of them.
    Kernel,
    /// Players join in random orders and their reverses.
    Permutation,
}

/// How to explain.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapConfig {
    /// How coalitions are chosen.
    pub method: ShapMethod,
    /// Coalitions asked for at most, for each row.
    pub budget: usize,
    /// Where draws come from.
    pub seed: Seed,
}

impl ShapConfig {
    /// As many coalitions as `shap` takes by itself: `2 * inputs + 2048`, all of them up to eleven inputs.
    pub fn new(inputs: usize, seed: Seed) -> Self {
        Self { method: ShapMethod::Kernel, budget: 2 * inputs + 2048, seed }
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
    /// Whether every coalition was asked for, so that no chance is left.
    pub is_exact: bool,
}

impl ShapValues {
    /// What the inputs add to an output of the row at a place.
    pub fn of(&self, place: usize, output: usize) -> &[f64] {
        &self.values[(place * self.width + output) * self.inputs..][..self.inputs]
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

    /// The largest distance of the sum of a row's values from what is to be explained: `told`, asked for once more.
    pub fn additivity_gap(&self, told: &Told) -> f64 {
        let gap = |(at, answer): (usize, &f64)| {
            let sum: f64 = self.of(at / self.width, at % self.width).iter().sum();
            (sum - (answer - told.base[at % self.width])).abs()
        };
        told.answers.iter().take(self.answers.len()).enumerate().map(gap).fold(0.0, f64::max)
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

/// Explains rows against background rows, and tells `done` how many there are by now. The predictor is asked about at most
/// `rows x coalitions x background` rows, all of a row at once, and only once about what is the same: a coalition matters for a background
/// row by those of its members alone whose values the two rows do not share. Rows are explained side by side.
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
    let (inputs, width) = (asked.inputs.len(), asked.width());
    let told = told(asked, rows, background)?;
    let stream = config.seed.stream("shap");
    let coalitions;
    let plan = match config.method {
        ShapMethod::Kernel => {
            coalitions = Coalitions::new(inputs, config.budget, stream);
            Plan::kernel(&coalitions).ok_or(EvaluateError::NoRows)?
        }
        ShapMethod::Permutation => {
            let steps = 2 * inputs.saturating_sub(1).max(1);
            Plan::walks(inputs, Walks::new(inputs, (config.budget / steps).max(1), stream))
        }
    };
    let side_by_side = rayon::current_num_threads() * 2;
    let mut values = Vec::with_capacity(rows.len() * width * inputs);
    for (rows, answers) in rows.chunks(side_by_side).zip(told.answers.chunks(side_by_side * width)) {
        let explained: Vec<Vec<f64>> = rows
            .par_iter()
            .zip(answers.par_chunks(width))
            .map(|(&row, answer)| plan.explain(asked, row, background, &told.base, answer))
            .collect::<Result<_, _>>()?;
        values.extend(explained.into_iter().flatten());
        done((values.len() / (width * inputs)) as u64);
    }
    let Told { base, answers } = told;
    Ok(ShapValues { rows: rows.to_vec(), width, inputs, base, answers, values, is_exact: plan.is_exact })
}

/// The mean over rows of each output.
fn means(values: &[f64], width: usize, rows: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in values.chunks_exact(width) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().map(|sum| sum / rows as f64).collect()
}

/// The coalitions that are asked for, the same for every row, and how what they are worth becomes what each player adds.
struct Plan<'a> {
    players: usize,
    /// Whether each player is in it, coalition by coalition.
    members: Vec<bool>,
    solver: Solver<'a>,
    is_exact: bool,
}

enum Solver<'a> {
    Kernel(KernelShap<'a>),
    Walks(Walks),
}

impl<'a> Plan<'a> {
    /// None where the coalitions are too few to tell the players apart.
    fn kernel(coalitions: &'a Coalitions) -> Option<Self> {
        let players = coalitions.players();
        let all = u32::try_from(players).ok().and_then(|players| 1usize.checked_shl(players));
        Some(Self {
            players,
            members: coalitions.iter().flatten().copied().collect(),
            solver: Solver::Kernel(KernelShap::new(coalitions)?),
            is_exact: players == 1 || all == Some(coalitions.len() + 2),
        })
    }

    /// Everybody who has joined after each step of each walk but the last.
    fn walks(players: usize, walks: Walks) -> Self {
        let mut members = Vec::new();
        for order in walks.orders() {
            let mut joined = vec![false; players];
            for &player in order.iter().take(players.saturating_sub(1)) {
                joined[player as usize] = true;
                members.extend_from_slice(&joined);
            }
        }
        Self { players, members, solver: Solver::Walks(walks), is_exact: players <= 2 }
    }

    /// What each input adds to each output for one row: `outputs x inputs`.
    fn explain(
        &self,
        asked: &Asked<'_>,
        row: u32,
        background: &[u32],
        base: &[f64],
        answer: &[f64],
    ) -> Result<Vec<f64>, EvaluateError> {
        let width = base.len();
        let questions = self.questions(asked, row, background);
        let answers = asked.mixture(&questions.mixture)?;
        let mut worth = vec![Vec::with_capacity(self.members.len() / self.players); width];
        for places in questions.places.chunks_exact(background.len()) {
            let mut sums = vec![0.0; width];
            for &place in places {
                let told = &answers[place as usize * width..][..width];
                sums.iter_mut().zip(told).for_each(|(sum, value)| *sum += value);
            }
            worth.iter_mut().zip(&sums).for_each(|(worth, sum)| worth.push(sum / background.len() as f64));
        }
        let of_output = |output: usize| self.attribute(&worth[output], base[output], answer[output]);
        let values: Option<Vec<Vec<f64>>> = (0..width).map(of_output).collect();
        Ok(values.ok_or(EvaluateError::NoRows)?.concat())
    }

    /// The row in every coalition with every background row, each put together once.
    fn questions(&self, asked: &Asked<'_>, row: u32, background: &[u32]) -> Questions {
        let coalitions = self.members.len() / self.players;
        let bits: Option<Vec<u64>> = self.members.chunks_exact(self.players).map(as_bits).collect();
        let mut places = vec![0; coalitions * background.len()];
        // What is asked: a coalition and the row that gives the other values.
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(places.len());
        let mut seen = Seen::new(self.players);
        for (at, &other) in background.iter().enumerate() {
            seen.clear();
            let differ: Vec<bool> = asked
                .inputs
                .iter()
                .map(|&place| !asked.table.columns()[place].same(row as usize, other as usize))
                .collect();
            // Where all values differ no two coalitions are alike; of more inputs than bits none is taken to be.
            let shared = as_bits(&differ).filter(|_| differ.contains(&false)).zip(bits.as_ref());
            for coalition in 0..coalitions {
                let next = pairs.len() as u32;
                let place = shared.map_or(next, |(differ, bits)| seen.place(bits[coalition] & differ, next));
                if place == next {
                    pairs.push((coalition as u32, other));
                }
                places[coalition * background.len() + at] = place;
            }
        }
        let column = |input: usize| -> Vec<u32> {
            let inside: Vec<bool> = self.members.iter().skip(input).step_by(self.players).copied().collect();
            pairs.iter().map(|&(of, other)| if inside[of as usize] { row } else { other }).collect()
        };
        let inputs = (0..self.players).map(column).collect();
        let mixture = Mixture { base: vec![row; pairs.len()], inputs };
        Questions { mixture, places }
    }

    fn attribute(&self, worth: &[f64], empty: f64, full: f64) -> Option<Vec<f64>> {
        match &self.solver {
            Solver::Kernel(kernel) => kernel.attribute(worth, empty, full),
            Solver::Walks(walks) => {
                let between = self.players.saturating_sub(1);
                let along = |walk: usize| {
                    let inner = &worth[walk * between..][..between];
                    std::iter::once(empty).chain(inner.iter().copied()).chain(std::iter::once(full)).collect()
                };
                let along: Vec<Vec<f64>> = (0..walks.orders().len()).map(along).collect();
                walks.attribute(&along).map(|walked| walked.values)
            }
        }
    }
}

/// What is asked for one row.
struct Questions {
    mixture: Mixture,
    /// The place in the mixture of each coalition with each background row, coalition by coalition.
    places: Vec<u32>,
}

/// Who is in as bits; none of more than a word has.
fn as_bits(members: &[bool]) -> Option<u64> {
    let bit = |(at, &inside): (usize, &bool)| u64::from(inside) << at;
    (members.len() <= u64::BITS as usize).then(|| members.iter().enumerate().map(bit).sum())
}

/// Players up to which every coalition has a place in a table: 2^16 places, 256 KiB.
const TABLE: usize = 16;

/// The places of coalitions that were met with one background row.
enum Seen {
    Table(Vec<u32>),
    Map(HashMap<u64, u32>),
}

impl Seen {
    fn new(players: usize) -> Self {
        if players <= TABLE { Self::Table(vec![u32::MAX; 1 << players]) } else { Self::Map(HashMap::new()) }
    }

    fn clear(&mut self) {
        match self {
            Self::Table(table) => table.fill(u32::MAX),
            Self::Map(map) => map.clear(),
        }
    }

    /// The place of a coalition: `next` where it is new.
    fn place(&mut self, coalition: u64, next: u32) -> u32 {
        match self {
            Self::Table(table) => {
                let place = &mut table[coalition as usize];
                *place = if *place == u32::MAX { next } else { *place };
                *place
            }
            Self::Map(map) => *map.entry(coalition).or_insert(next),
        }
    }
}
