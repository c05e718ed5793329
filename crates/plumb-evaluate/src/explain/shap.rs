//! Shapley values of single predictions against a background of rows (Lundberg, Lee 2017).
//!
//! A column that is not in a coalition takes its values from the background rows, as in `shap`'s kernel and permutation explainers:
//! the values are interventional and marginal, and say what the model does, not what causes what.

use plumb_ledger::Seed;
use plumb_stats::attribution::{Coalitions, KernelShap, Walks};

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

    /// Adds the values of other rows, explained in the same way.
    pub fn append(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.answers.extend(other.answers);
        self.values.extend(other.values);
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

/// Explains rows against background rows. The predictor is asked about `rows x coalitions x background` rows, all coalitions of a row
/// at once.
pub fn shap(
    asked: &Asked<'_>,
    rows: &[u32],
    background: &[u32],
    config: &ShapConfig,
) -> Result<ShapValues, EvaluateError> {
    if rows.is_empty() || background.is_empty() || asked.inputs.is_empty() {
        return Err(EvaluateError::NoRows);
    }
    let (inputs, width) = (asked.inputs.len(), asked.width());
    let Told { base, answers } = told(asked, rows, background)?;
    let plan = Plan::new(inputs, config);
    let mut values = Vec::with_capacity(rows.len() * width * inputs);
    for (&row, answer) in rows.iter().zip(answers.chunks_exact(width)) {
        let coalitions = asked.mixture(&plan.mixture(row, background))?;
        let means: Vec<Vec<f64>> = coalitions
            .chunks_exact(background.len() * width)
            .map(|of| means(of, width, background.len()))
            .collect();
        for output in 0..width {
            let worth: Vec<f64> = means.iter().map(|mean| mean[output]).collect();
            values.extend(plan.attribute(&worth, base[output], answer[output]).ok_or(EvaluateError::NoRows)?);
        }
    }
    let is_exact = plan.is_exact();
    Ok(ShapValues { rows: rows.to_vec(), width, inputs, base, answers, values, is_exact })
}

/// The mean over rows of each output.
fn means(values: &[f64], width: usize, rows: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in values.chunks_exact(width) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    sums.iter().map(|sum| sum / rows as f64).collect()
}

/// The coalitions that are asked for, the same for every row.
enum Plan {
    Kernel(Coalitions),
    Walks(Walks),
}

impl Plan {
    fn new(inputs: usize, config: &ShapConfig) -> Self {
        let stream = config.seed.stream("shap");
        match config.method {
            ShapMethod::Kernel => Self::Kernel(Coalitions::new(inputs, config.budget, stream)),
            ShapMethod::Permutation => {
                let steps = 2 * inputs.saturating_sub(1).max(1);
                Self::Walks(Walks::new(inputs, (config.budget / steps).max(1), stream))
            }
        }
    }

    fn is_exact(&self) -> bool {
        match self {
            Self::Kernel(coalitions) => {
                let players = coalitions.players() as u32;
                players < usize::BITS && coalitions.len() + 2 == 1 << players || players == 1
            }
            Self::Walks(walks) => walks.orders().first().is_some_and(|order| order.len() <= 2),
        }
    }

    /// The row in every coalition with every background row: coalition by coalition.
    fn mixture(&self, row: u32, background: &[u32]) -> Mixture {
        let mut mixture = Mixture::new(self.players());
        let mut add = |members: &[bool]| {
            for &other in background {
                mixture.push(row, other, members.iter().copied());
            }
        };
        match self {
            Self::Kernel(coalitions) => coalitions.iter().for_each(add),
            Self::Walks(walks) => {
                for order in walks.orders() {
                    let mut members = vec![false; order.len()];
                    for &player in order.iter().take(order.len().saturating_sub(1)) {
                        members[player as usize] = true;
                        add(&members);
                    }
                }
            }
        }
        mixture
    }

    fn players(&self) -> usize {
        match self {
            Self::Kernel(coalitions) => coalitions.players(),
            Self::Walks(walks) => walks.orders().first().map_or(0, Vec::len),
        }
    }

    fn attribute(&self, worth: &[f64], empty: f64, full: f64) -> Option<Vec<f64>> {
        match self {
            Self::Kernel(coalitions) => KernelShap::new(coalitions)?.attribute(worth, empty, full),
            Self::Walks(walks) => {
                let between = self.players().saturating_sub(1);
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
