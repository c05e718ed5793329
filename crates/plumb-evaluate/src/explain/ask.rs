//! Asking a predictor about rows that are put together from others.

use plumb_data::{PredictError, Predictions, Predictor, Table};

use crate::EvaluateError;

/// Rows that are asked about at once: a table of some dozens of columns then stays in the cache from one step to the next.
const ROWS: usize = 1 << 12;

/// A predictor, and the table whose rows it is asked about.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The predictor.
    pub predictor: &'a dyn Predictor,
    /// The table.
    pub table: &'a Table,
    /// The places of the columns that are inputs.
    pub inputs: &'a [usize],
}

impl std::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

/// Rows put together: for each input the row that its value comes from, column by column; all other columns come from `base`.
#[derive(Debug, Clone)]
pub(super) struct Mixture {
    pub(super) base: Vec<u32>,
    pub(super) inputs: Vec<Vec<u32>>,
}

impl Mixture {
    /// No row yet.
    pub(super) fn new(inputs: usize) -> Self {
        Self { base: Vec::new(), inputs: vec![Vec::new(); inputs] }
    }

    /// Adds the row `own` in which the inputs outside `members` have the values of the row `other`.
    pub(super) fn push(&mut self, own: u32, other: u32, members: impl Iterator<Item = bool>) {
        self.base.push(own);
        for (rows, inside) in self.inputs.iter_mut().zip(members) {
            rows.push(if inside { own } else { other });
        }
    }

    fn len(&self) -> usize {
        self.base.len()
    }
}

impl Asked<'_> {
    /// How many numbers the answer for a row has: one for each class, or one.
    pub fn width(&self) -> usize {
        self.predictor.classes().len().max(1)
    }

    /// The names of the inputs.
    pub fn names(&self) -> Vec<String> {
        self.inputs.iter().map(|&place| self.table.columns()[place].name.clone()).collect()
    }

    /// The answers for rows of the table as they are, row-major.
    pub fn rows(&self, rows: &[u32]) -> Result<Vec<f64>, EvaluateError> {
        self.values(self.table, rows)
    }

    /// The answers for rows put together, row-major.
    pub(super) fn mixture(&self, mixture: &Mixture) -> Result<Vec<f64>, EvaluateError> {
        let mut answers = Vec::with_capacity(mixture.len() * self.width());
        for from in (0..mixture.len()).step_by(ROWS) {
            let part = from..mixture.len().min(from + ROWS);
            let rows_of = |place: usize| {
                let input = self.inputs.iter().position(|&input| input == place);
                &input.map_or(&mixture.base, |input| &mixture.inputs[input])[part.clone()]
            };
            let table =
                self.table.gather(rows_of).ok_or_else(|| unreadable("rows cannot be put together"))?;
            let all: Vec<u32> = (0..part.len() as u32).collect();
            answers.extend(self.values(&table, &all)?);
        }
        Ok(answers)
    }

    /// The answers for all rows of another table of the same columns.
    pub(super) fn values(&self, table: &Table, rows: &[u32]) -> Result<Vec<f64>, EvaluateError> {
        if self.predictor.is_given() {
            return Err(unreadable("predictions are given, there is no model to ask"));
        }
        self.checked(self.predictor.predict(table, rows)?, rows.len(), |place| rows[place])
    }

    /// The numbers of predictions for so many rows, all of which must be finite; `row` tells which row one is about.
    pub(super) fn checked(
        &self,
        predictions: Predictions,
        rows: usize,
        row: impl Fn(usize) -> u32,
    ) -> Result<Vec<f64>, EvaluateError> {
        let values = match predictions {
            Predictions::Probabilities { values, .. } => values,
            Predictions::Numbers(numbers) => numbers,
        };
        let (width, found) = (self.width(), values.len());
        if found != rows * width {
            return Err(EvaluateError::Shape { found, rows, width });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(bad) => Err(EvaluateError::NotFinite { row: row(bad / width) }),
            None => Ok(values),
        }
    }
}

/// An error in words.
pub(super) fn unreadable(message: &str) -> EvaluateError {
    PredictError { message: message.to_owned() }.into()
}
