//! What evaluation, explanation and serving see of any model.

use plumb_ledger::Seed;
use plumb_stats::Task;
use plumb_stats::attribution::Terms;

use crate::Table;

/// The predictions for some rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    /// Class probabilities, row-major: `rows x classes`.
    Probabilities {
        /// Probabilities; each row sums to 1.
        values: Vec<f64>,
        /// How many classes there are.
        classes: usize,
    },
    /// One number a row.
    Numbers(Vec<f64>),
}

impl Predictions {
    /// How many rows are predicted.
    pub fn len(&self) -> usize {
        match self {
            Self::Probabilities { values, classes } => values.len() / (*classes).max(1),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether no row is predicted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most probable class of each row, the first one among ties; empty for regression.
    pub fn classes(&self) -> Vec<u32> {
        let Self::Probabilities { values, classes } = self else { return Vec::new() };
        let best = |row: &[f64]| {
            row.iter().enumerate().fold(0, |best, (class, p)| if *p > row[best] { class } else { best })
                as u32
        };
        values.chunks_exact((*classes).max(1)).map(best).collect()
    }
}

/// Why rows could not be predicted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PredictError {
    /// One lower-case sentence.
    pub message: String,
}

/// Points on straight lines between rows, in the space of what a network takes in: scaled numbers, flags, vectors of categories.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    /// The rows that lines end in.
    pub rows: &'a [u32],
    /// What lines start from: each the mean, in that space, of some rows.
    pub starts: &'a [Vec<u32>],
    /// The points.
    pub points: &'a [Point],
    /// Exchanges the values within each of the network's tensors by this seed, so that it knows nothing; none for the network as it is.
    pub shuffled: Option<Seed>,
}

/// A point on a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The place among the rows of the end of its line.
    pub row: u32,
    /// The place among the starts of the start of its line.
    pub start: u32,
    /// The share of the way that lies behind it: 0 at the start, 1 at the row.
    pub share: f64,
}

/// What a network says at points on lines, and how that changes along them.
#[derive(Debug, Clone, PartialEq)]
pub struct Slopes {
    /// The answer, `points x outputs`: a probability, or a number in the target's unit.
    pub answers: Vec<f64>,
    /// `points x outputs x columns` of the table: the gradient of the answer by what becomes of the column, times the way that it goes
    /// along the whole line. The sum over columns is the derivative of the answer by the share.
    pub slopes: Vec<f64>,
}

/// Anything that maps rows to predictions.
pub trait Predictor: Send + Sync {
    /// What it predicts.
    fn task(&self) -> Task;
    /// The names of the classes, in the order of the probabilities; empty for regression.
    fn classes(&self) -> &[String];
    /// Whether it only knows what was predicted for the rows of one table: nothing can be asked about changed rows.
    fn is_given(&self) -> bool {
        false
    }
    /// Whether its probabilities are more than the name of a class: 1 for one and 0 for the others says nothing of how sure it is.
    fn knows_how_sure(&self) -> bool {
        true
    }
    /// What a network shows of these rows before its head, row by row, and how many numbers a row has; none of a model that shows nothing.
    fn embed(&self, _table: &Table, _rows: &[u32]) -> Option<Result<(Vec<f32>, usize), PredictError>> {
        None
    }
    /// Its scores as sums of terms, for rows that are put together from those of `rows` and those of `background`; none of a model that is not
    /// known to be such. The players are the columns at the places `inputs`.
    fn as_sum<'a>(
        &'a self,
        _table: &Table,
        _inputs: &[usize],
        _rows: &[u32],
        _background: &[u32],
    ) -> Option<Result<Box<dyn SumOfTerms + 'a>, PredictError>> {
        None
    }
    /// What it says at points on lines between rows and how that changes; none of a model that has no gradients by its columns.
    fn slopes(&self, _table: &Table, _lines: &Lines<'_>) -> Option<Result<Slopes, PredictError>> {
        None
    }
    /// Predicts these rows of the table, in their order.
    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError>;
}

/// A predictor from inside: its predictions are a function of scores, and each score of a row that is put together from two is a sum of
/// terms, which depend on which columns come from which. So coalitions of columns are worth what can be added up, without a row for each.
pub trait SumOfTerms: Send + Sync {
    /// How many scores a row has.
    fn scores(&self) -> usize;
    /// Whether the predictions are the scores themselves, class by class.
    fn is_additive(&self) -> bool;
    /// Whether each score is what one class, or the number, is judged by before a link function: a margin.
    fn are_margins(&self) -> bool;
    /// Adds the terms of the row at a place of `rows` and the background row at a place of `background`.
    fn terms(&self, row: usize, other: usize, terms: &mut Terms);
    /// The predictions for rows of scores, row-major.
    fn predictions(&self, scores: &[f64]) -> Result<Predictions, PredictError>;
}
