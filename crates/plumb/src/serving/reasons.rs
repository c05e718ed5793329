//! Why a bundle's model answers as it does: Shapley values of columns beside rows of its sample, or what an answer loses without each word.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use plumb_data::{Kind, PredictError, Predictions, Predictor, Table};
use plumb_evaluate::EvaluateError;
use plumb_evaluate::explain::{Asked, ShapConfig, ShapMethod, WordsConfig, shap, words};
use plumb_ledger::Seed;
use plumb_package::Bundle;
use plumb_serve::explain::{Part, Reasons};
use plumb_serve::monitor::{Layout, Rows, Sample};
use plumb_serve::{ServeError, Served, Signature};
use plumb_stats::{Task, most_probable};

use super::model::BundleModel;
use crate::packaging::reference::REFERENCE;

/// Rows of the sample that columns are exchanged with.
const BACKGROUND: usize = 30;
/// Coalitions of columns for a row: all of them up to nine columns, and some 15,000 answers for it.
const COALITIONS: usize = 512;
/// Draws are the same for every request, so that the same row has the same reasons.
const SEED: Seed = Seed(0);

/// What rows are explained beside.
#[derive(Debug)]
pub(super) enum Beside {
    /// Rows of the bundle's sample.
    Sample(Background),
    /// Nothing but the text itself, in the column of this name.
    Text(String),
}

/// Rows of a bundle's sample, which are read from the file when the first reasons are wanted: most servers are never asked.
#[derive(Debug)]
pub(super) struct Background {
    file: Vec<u8>,
    layout: Layout,
    rows: OnceLock<Result<Rows, String>>,
}

impl Background {
    fn rows(&self) -> Result<&Rows, ServeError> {
        let read = || {
            let rows = Sample::read(REFERENCE, &self.file, &self.layout)?.rows;
            let count = rows.len().min(BACKGROUND);
            let places: Vec<usize> = (0..count).map(|at| at * rows.len() / count).collect();
            if count == 0 { Err("it has no rows".to_owned()) } else { Ok(rows.keep(&places)) }
        };
        let rows = self.rows.get_or_init(read).as_ref();
        rows.map_err(|why| ServeError::Failed(format!("{REFERENCE} cannot be read: {why}")))
    }
}

/// A served model as what explanations ask, as long as somebody waits for them.
struct Model<'a> {
    model: &'a BundleModel,
    is_gone: &'a AtomicBool,
}

impl Predictor for Model<'_> {
    fn task(&self) -> Task {
        self.model.signature().task
    }

    fn classes(&self) -> &[String] {
        &self.model.signature().classes
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        if self.is_gone.load(Ordering::Relaxed) {
            return Err(PredictError { message: "nobody waits for the reasons".to_owned() });
        }
        let places: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
        self.model.predict(&table.keep(&places)).map_err(|error| PredictError { message: error.to_string() })
    }
}

impl Beside {
    /// Of a bundle's model: rows of its sample where it reads columns alone, its first text where it reads texts; none of one that reads pictures, or
    /// whose data was left out of the bundle.
    pub(super) fn of(
        bundle: &Bundle,
        signature: &Signature,
        has_pictures: bool,
        has_texts: bool,
    ) -> Option<Self> {
        if has_pictures {
            return None;
        }
        if has_texts {
            let text = signature.inputs.iter().find(|input| input.kind == Kind::Text)?;
            return Some(Self::Text(text.name.clone()));
        }
        let file = bundle.files.bytes_of(REFERENCE).ok()?.to_vec();
        Some(Self::Sample(Background { file, layout: Layout::of(signature), rows: OnceLock::new() }))
    }

    /// The reasons of all rows of a table.
    pub(super) fn explain(
        &self,
        model: &BundleModel,
        table: &Table,
        is_gone: &AtomicBool,
    ) -> Result<Vec<Reasons>, ServeError> {
        let failed = |error: &dyn std::fmt::Display| ServeError::Failed(error.to_string());
        let predictions = model.predict(table)?;
        let model = Model { model, is_gone };
        match self {
            Self::Sample(background) => {
                let sample = background.rows()?;
                let asked = Rows { table: table.clone(), predictions, embeddings: None };
                let joined = Rows::joined(&[sample, &asked])
                    .ok_or_else(|| ServeError::Failed("rows do not go with the sample".to_owned()))?;
                by_columns(&model, &joined, sample.len()).map_err(|error| failed(&error))
            }
            Self::Text(name) => by_words(&model, table, &predictions, name).map_err(|error| failed(&error)),
        }
    }
}

/// The reasons of the rows behind the first `background`, which are those that they are held beside.
fn by_columns(model: &Model<'_>, all: &Rows, background: usize) -> Result<Vec<Reasons>, EvaluateError> {
    let table = &all.table;
    let inputs: Vec<usize> = (0..table.columns().len()).collect();
    let asked = Asked { predictor: model, table, inputs: &inputs };
    let (background, rows): (Vec<u32>, Vec<u32>) =
        (0..all.len() as u32).partition(|&row| (row as usize) < background);
    let budget = COALITIONS + 2 * inputs.len();
    let config = ShapConfig { budget, ..ShapConfig::new(ShapMethod::Any, inputs.len(), SEED) };
    let found = shap(&asked, &rows, &background, &config, &mut |_| ())?;
    let names = asked.names();
    let of = |(place, answers): (usize, &[f64])| {
        let output = most_probable(answers);
        let part = |(name, &adds): (&String, &f64)| Part { name: name.clone(), adds };
        let parts = names.iter().zip(found.of(place, output)).map(part).collect();
        Reasons { output, base: found.base.get(output).copied(), parts }
    };
    Ok(found.answers.chunks_exact(found.width).enumerate().map(of).collect())
}

/// What each word of a text keeps the answer up by.
fn by_words(
    model: &Model<'_>,
    table: &Table,
    predictions: &Predictions,
    name: &str,
) -> Result<Vec<Reasons>, EvaluateError> {
    let Some(place) = table.columns().iter().position(|column| column.name == name) else {
        return Ok(Vec::new());
    };
    let asked = Asked { predictor: model, table, inputs: &[place] };
    let outputs = match predictions {
        Predictions::Numbers(numbers) => vec![0; numbers.len()],
        Predictions::Probabilities { .. } => predictions.classes(),
    };
    let rows: Vec<(u32, usize)> = (0..).zip(outputs).map(|(row, class)| (row, class as usize)).collect();
    let nothing = |&(_, output): &(u32, usize)| Reasons { output, base: None, parts: Vec::new() };
    let mut reasons: Vec<Reasons> = rows.iter().map(nothing).collect();
    // Leaving words out alone: a linear model would want draws too.
    let config = WordsConfig { samples: 1, ..WordsConfig::new(SEED) };
    for found in words(&asked, place, &rows, &config, &mut |_| ())? {
        let word = |place: usize| {
            let piece = found.places.iter().position(|of| *of == Some(place));
            piece.and_then(|at| found.pieces.get(at)).map(|piece| piece.trim().to_owned()).unwrap_or_default()
        };
        let parts = found.occlusion.iter().enumerate();
        if let Some(of_row) = reasons.get_mut(found.row as usize) {
            of_row.parts = parts.map(|(at, &adds)| Part { name: word(at), adds }).collect();
        }
    }
    Ok(reasons)
}
