//! `reference.parquet`: rows of the judged part with what the model said and what was true, beside which `plumb monitor` holds what is served.
//!
//! A plain draw, so that its shares are those of the judged part. Pictures and texts go along as what the model's last layer shows of them.

use plumb_data::{Column, Kind, Predictions, Predictor as _, Table};
use plumb_learn::predict::TrainedModel;
use plumb_ledger::Seed;
use plumb_serve::monitor::{Embeddings, Layout, Rows, Sample, Truth};
use plumb_serve::signature::Input;

use super::source::recorded;
use crate::comparison::{Outcomes, Predicted};

/// The path of the file.
pub(crate) const REFERENCE: &str = "reference.parquet";

/// Places of at most `most` of these rows, drawn by the seed, in their order.
pub(super) fn choose(places: &[usize], most: usize, seed: u64) -> Vec<usize> {
    let mut order = places.to_vec();
    Seed(seed).stream("reference").shuffle(&mut order);
    order.truncate(most);
    order.sort_unstable();
    order
}

/// The columns of a model's rows in a log or a sample.
pub(crate) fn layout(model: &TrainedModel) -> Layout {
    let columns = model.preparation().columns.iter();
    let inputs: Vec<Input> =
        columns.map(|column| Input { name: column.name.clone(), kind: column.kind }).collect();
    Layout::new(&inputs, model.classes())
}

/// The file, of the rows at these places.
pub(super) fn file(
    table: &Table,
    predicted: &Predicted,
    places: &[usize],
    model: &TrainedModel,
) -> Result<Vec<u8>, String> {
    let layout = layout(model);
    let rows: Vec<usize> =
        places.iter().filter_map(|&place| predicted.rows.get(place).map(|&row| row as usize)).collect();
    let drawn = table.keep(&rows);
    if drawn.rows() != places.len() {
        return Err(format!("the data has {} rows and had more", table.rows()));
    }
    let column = |input: &Input| {
        let column =
            drawn.column(&input.name).ok_or_else(|| format!("the data has no column `{}`", input.name))?;
        let is_category = !matches!(input.kind, Kind::Number | Kind::Time);
        let values = if is_category { column.to_category().values } else { column.values.clone() };
        Ok(Column { name: input.name.clone(), kind: input.kind, values })
    };
    let columns = layout.inputs.iter().map(column).collect::<Result<Vec<Column>, String>>()?;
    let plain = Table::new(columns).map_err(|error| error.to_string())?;
    let values = recorded(predicted, places, model);
    let predictions = match model.classes().len() {
        0 => Predictions::Numbers(values),
        classes => Predictions::Probabilities { values, classes },
    };
    let all: Vec<u32> = (0..drawn.rows() as u32).collect();
    let embeddings = match layout.is_embedded.then(|| model.embed(&drawn, &all)).flatten() {
        Some(found) => {
            let (values, width) = found.map_err(|error| error.message)?;
            Some(Embeddings { values, width })
        }
        None => None,
    };
    let sample = Sample {
        rows: Rows { table: plain, predictions, embeddings },
        truth: truth(predicted, places, model),
    };
    sample.file(&layout)
}

/// What was true at these places, in the model's classes.
pub(crate) fn truth(predicted: &Predicted, places: &[usize], model: &TrainedModel) -> Truth {
    match &predicted.outcomes {
        Outcomes::Numbers { truth, .. } => Truth::Numbers(
            places.iter().map(|&place| truth.get(place).copied().unwrap_or(f64::NAN)).collect(),
        ),
        Outcomes::Classes { names, truth, .. } => {
            let code = |&place: &usize| {
                let name = names.get(truth.get(place).copied().flatten()? as usize)?;
                model.classes().iter().position(|class| class == name).map(|code| code as u32)
            };
            Truth::Classes(places.iter().map(code).collect())
        }
    }
}
