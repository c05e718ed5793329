//! A model of a run as the file that it was written into: rows go through the run's preparation, the file answers.

use plumb_data::{PredictError, Predictions, Predictor, Table};
use plumb_learn::predict::TrainedModel;
use plumb_onnx::{OnnxError, OnnxModel, Tensor, Values};
use plumb_stats::Task;

/// Rows at once.
const AT_ONCE: usize = 64;

/// The file with what it was made from.
#[derive(Debug)]
pub(crate) struct Exported {
    model: TrainedModel,
    file: OnnxModel,
}

impl Exported {
    /// The file must have been written from this model.
    pub(crate) fn new(model: TrainedModel, file: Vec<u8>) -> Result<Self, OnnxError> {
        Ok(Self { model, file: OnnxModel::read(file)? })
    }

    /// The output that answers.
    pub(crate) fn output(model: &TrainedModel) -> &'static str {
        if model.classes().is_empty() { "prediction" } else { "probabilities" }
    }

    /// What goes in for rows of the table.
    pub(crate) fn inputs(&self, table: &Table, rows: &[u32]) -> Result<Vec<(String, Tensor)>, PredictError> {
        self.model.onnx_inputs(table, rows)
    }

    /// What comes out.
    pub(crate) fn answer(&self, inputs: Vec<(String, Tensor)>) -> Result<Vec<f64>, PredictError> {
        let output = Self::output(&self.model);
        let found =
            self.file.run(inputs, output).map_err(|error| PredictError { message: error.to_string() })?;
        let Values::Floats(found) = found.values() else {
            return Err(PredictError { message: format!("`{output}` is no number") });
        };
        Ok(found.iter().map(|&value| f64::from(value)).collect())
    }
}

impl Predictor for Exported {
    fn task(&self) -> Task {
        self.model.task()
    }

    fn classes(&self) -> &[String] {
        self.model.classes()
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let mut values = Vec::new();
        for rows in rows.chunks(AT_ONCE) {
            values.extend(self.answer(self.inputs(table, rows)?)?);
        }
        Ok(match self.classes().len() {
            0 => Predictions::Numbers(values),
            classes => Predictions::Probabilities { values, classes },
        })
    }
}
