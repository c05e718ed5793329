//! True and predicted values of the same rows, kept together.

use plumb_data::{Labels, Predictions, Predictor, Table, Target};
use plumb_stats::{Outcome, Task};

use crate::EvaluateError;

/// The true values.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// Class codes.
    Classes(Vec<u32>),
    /// Numbers.
    Numbers(Vec<f64>),
}

/// Labelled rows with their predictions, in the same order. Probabilities stand in the order of the target's classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The rows of the table.
    pub rows: Vec<u32>,
    /// What is true of them.
    pub truth: Truth,
    /// What was predicted: row-major probabilities, or one number a row.
    pub predicted: Vec<f64>,
    /// How many values a row has in `predicted`: the number of classes, or 1.
    pub width: usize,
    /// Whether only the class of each row is known: its probability is 1, and nothing that reads probabilities is defined.
    pub labels_only: bool,
}

impl Scored {
    /// Predicts the labelled rows among `rows`. Everything that a predictor can get wrong is an error here, so that
    /// what follows may rely on it.
    pub fn predict(
        predictor: &dyn Predictor,
        table: &Table,
        target: &Target,
        rows: &[u32],
    ) -> Result<Self, EvaluateError> {
        let (rows, truth) = labelled(target, rows);
        if rows.is_empty() {
            return Err(EvaluateError::NoRows);
        }
        if predictor.task().is_classification() != target.task.is_classification() {
            return Err(EvaluateError::Task { predictor: predictor.task(), data: target.task });
        }
        let places = class_places(predictor.classes(), target)?;
        let predictions = predictor.predict(table, &rows)?;
        let scored = Self::from_predictions(target, rows, truth, predictions, &places)?;
        Ok(Self { labels_only: !predictor.knows_how_sure(), ..scored })
    }

    fn from_predictions(
        target: &Target,
        rows: Vec<u32>,
        truth: Truth,
        predictions: Predictions,
        places: &[usize],
    ) -> Result<Self, EvaluateError> {
        let (values, given) = match predictions {
            Predictions::Probabilities { values, classes } => (values, classes),
            Predictions::Numbers(numbers) => (numbers, 1),
        };
        let width = if target.task.is_classification() { places.len() } else { 1 };
        if given != width || values.len() != rows.len() * width {
            return Err(EvaluateError::Shape { found: values.len(), rows: rows.len(), width });
        }
        if let Some(bad) = values.iter().position(|value| !value.is_finite()) {
            return Err(EvaluateError::NotFinite { row: rows[bad / width] });
        }
        if !target.task.is_classification() {
            return Ok(Self { rows, truth, predicted: values, width: 1, labels_only: false });
        }
        let classes = target.classes.len();
        let mut predicted = vec![0.0; rows.len() * classes];
        for (from, to) in values.chunks_exact(width).zip(predicted.chunks_exact_mut(classes)) {
            for (value, &place) in from.iter().zip(places) {
                to[place] = *value;
            }
        }
        Ok(Self { rows, truth, predicted, width: classes, labels_only: false })
    }

    /// As the metrics read it.
    pub fn outcome(&self) -> Outcome<'_> {
        match &self.truth {
            Truth::Classes(truth) => {
                Outcome::Classes { truth, probabilities: &self.predicted, classes: self.width }
            }
            Truth::Numbers(truth) => Outcome::Numbers { truth, predicted: &self.predicted },
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows at some places, such as those of a slice.
    #[must_use]
    pub fn at(&self, places: &[u32]) -> Self {
        fn pick<T: Copy>(values: &[T], places: &[u32]) -> Vec<T> {
            places.iter().map(|&place| values[place as usize]).collect()
        }
        let truth = match &self.truth {
            Truth::Classes(truth) => Truth::Classes(pick(truth, places)),
            Truth::Numbers(truth) => Truth::Numbers(pick(truth, places)),
        };
        let row = |place: &u32| self.predicted[*place as usize * self.width..][..self.width].iter().copied();
        let predicted = places.iter().flat_map(row).collect();
        Self { rows: pick(&self.rows, places), truth, predicted, ..*self }
    }

    /// These rows and then others of the same kind; none where the one has classes and the other numbers.
    pub(crate) fn followed_by(mut self, next: &Self) -> Option<Self> {
        match (&mut self.truth, &next.truth) {
            (Truth::Classes(own), Truth::Classes(more)) if self.width == next.width => own.extend(more),
            (Truth::Numbers(own), Truth::Numbers(more)) => own.extend(more),
            _ => return None,
        }
        self.rows.extend(&next.rows);
        self.predicted.extend(&next.predicted);
        Some(self)
    }

    /// The loss of each row: `-ln p(true class)`, or the absolute residual; where only classes are known, the error.
    pub fn losses(&self) -> Vec<f64> {
        if self.labels_only {
            return self.errors();
        }
        match &self.truth {
            Truth::Classes(truth) => {
                let rows = self.predicted.chunks_exact(self.width.max(1)).zip(truth);
                rows.map(|(row, &class)| -row[class as usize].max(f64::MIN_POSITIVE).ln()).collect()
            }
            Truth::Numbers(_) => self.errors(),
        }
    }

    /// The error of each row: 1 for a wrong class, or the absolute residual.
    pub fn errors(&self) -> Vec<f64> {
        match &self.truth {
            Truth::Classes(truth) => {
                let predicted = self.outcome().predicted_classes();
                truth.iter().zip(predicted).map(|(t, p)| f64::from(u8::from(*t != p))).collect()
            }
            Truth::Numbers(truth) => truth.iter().zip(&self.predicted).map(|(t, p)| (t - p).abs()).collect(),
        }
    }
}

/// The labelled rows among `rows` that the target covers, with their labels.
fn labelled(target: &Target, rows: &[u32]) -> (Vec<u32>, Truth) {
    match &target.labels {
        Labels::Classes(codes) => {
            let label = |row: &u32| Some((*row, codes.get(*row as usize).copied().flatten()?));
            let (rows, truth) = rows.iter().filter_map(label).unzip();
            (rows, Truth::Classes(truth))
        }
        Labels::Numbers(numbers) => {
            let label = |row: &u32| Some((*row, numbers.get(*row as usize).copied().flatten()?));
            let (rows, truth) = rows.iter().filter_map(label).unzip();
            (rows, Truth::Numbers(truth))
        }
    }
}

/// The place of each of the predictor's classes among those of the target. A class of the target that the predictor
/// does not know gets probability 0.
pub(crate) fn class_places(classes: &[String], target: &Target) -> Result<Vec<usize>, EvaluateError> {
    if target.task == Task::Regression {
        return Ok(Vec::new());
    }
    let place = |class: &String| {
        let place = target.classes.iter().position(|known| known == class);
        place.ok_or_else(|| EvaluateError::UnknownClass { class: class.clone() })
    };
    classes.iter().map(place).collect()
}
