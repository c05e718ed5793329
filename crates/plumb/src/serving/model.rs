//! The model of a bundle, ready to answer rows.
//!
//! It answers by the ONNX file that the bundle has, the smaller one where there are two, through the bundle's own preparation; the trained
//! weights are read only where there is no such file, or where somebody wants to know what the last layer shows.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use plumb_data::prepare::{Encoding, Preparation};
use plumb_data::{Predictions, Predictor as _, Table};
use plumb_learn::export::onnx_inputs;
use plumb_learn::predict::TrainedModel;
use plumb_onnx::{OnnxModel, Values};
use plumb_package::{Bundle, Refusal, Why};
use plumb_serve::explain::Reasons;
use plumb_serve::signature::Input;
use plumb_serve::{Limits, ServeError, Served, Signature, is_name};
use rayon::prelude::*;

use super::network::BundleNetwork;
use super::reasons::Beside;
use crate::fault::Fault;
use crate::predictors::{self, bundle_model};
use crate::run::files;

/// Pictures that go through a file at once. Of texts it is one, whatever a request has: texts of a batch are filled up to the longest, and say
/// then the same only to rounding.
const PICTURES: usize = 16;
/// The file that says how rows become inputs.
const PREPARATION: &str = "model/preparation.json";
/// Hex digits of a bundle's digest that are its version.
const DIGITS: usize = 12;

/// A model that answers rows.
#[derive(Debug)]
pub(crate) struct BundleModel {
    signature: Signature,
    runtime: Runtime,
    /// For what the last layer shows.
    trained: Option<TrainedModel>,
    /// What answers are explained beside; none of a model that gives no reasons.
    reasons: Option<Beside>,
}

#[derive(Debug)]
enum Runtime {
    /// An ONNX file, with what prepares its inputs.
    File { preparation: Box<Preparation>, file: Arc<OnnxModel>, output: &'static str },
    /// The trained network itself.
    Trained(Box<TrainedModel>),
}

/// What a bundle gives to serve.
#[derive(Debug)]
pub(super) struct Made {
    /// What answers rows.
    pub(super) model: BundleModel,
    /// What answers tensors; none of a model of columns alone.
    pub(super) network: Option<BundleNetwork>,
    /// Whether it reads pictures.
    pub(super) has_pictures: bool,
    /// Whether it reads texts.
    pub(super) has_texts: bool,
}

impl BundleModel {
    /// Loads the model of a bundle under a name, on a runtime, which has so many threads for pictures and texts. With `embeds` it can tell what its last layer shows of pictures and texts.
    pub(super) fn load(
        bundle: &Bundle,
        name: &str,
        (runtime, threads, embeds): (predictors::Runtime, usize, bool),
    ) -> Result<Made, Fault> {
        let damaged = |what: String, path: &str| Fault::from(Refusal::of(Why::Damaged(what), path));
        let preparation = Preparation::from_json(bundle.files.text_of(PREPARATION)?)
            .map_err(|error| damaged(error.to_string(), PREPARATION))?;
        let signature = signature(bundle, name, &preparation)?;
        let has_pictures = preparation.image().is_some();
        let has_texts = preparation.texts.is_some();
        let output = if signature.classes.is_empty() { "prediction" } else { "probabilities" };
        let reasons = Beside::of(bundle, &signature, has_pictures, has_texts);
        let trained = if embeds && (has_pictures || has_texts) { Some(bundle_model(bundle)?) } else { None };
        let path =
            files::SMALLER.into_iter().chain([files::ONNX]).find(|path| bundle.files.get(path).is_some());
        let Some(path) = path else {
            let runtime = Runtime::Trained(Box::new(bundle_model(bundle)?));
            let model = Self { signature, runtime, trained, reasons };
            return Ok(Made { model, network: None, has_pictures, has_texts });
        };
        let bytes = bundle.files.bytes_of(path)?;
        let file = if runtime == predictors::Runtime::Onnxruntime {
            let threads = if has_pictures || has_texts { threads } else { 1 };
            predictors::for_onnxruntime(bytes, path.to_owned(), threads)?
        } else {
            OnnxModel::read(bytes.to_vec()).map_err(|error| damaged(error.to_string(), path))?
        };
        let file = Arc::new(file);
        let network = (has_pictures || has_texts)
            .then(|| BundleNetwork::new(&signature, &preparation, Arc::clone(&file)));
        let runtime = Runtime::File { preparation: Box::new(preparation), file, output };
        let model = Self { signature, runtime, trained, reasons };
        Ok(Made { model, network, has_pictures, has_texts })
    }
}

/// What a file says of rows, row-major.
fn answered(
    table: &Table,
    rows: &[u32],
    (preparation, file, output): (&Preparation, &OnnxModel, &str),
) -> Result<Vec<f64>, ServeError> {
    let inputs = onnx_inputs(preparation, table, rows).map_err(|error| ServeError::Failed(error.message))?;
    let found = file.run(inputs, output).map_err(|error| ServeError::Failed(error.to_string()))?;
    let Values::Floats(found) = found.values() else {
        return Err(ServeError::Failed(format!("`{output}` is no number")));
    };
    Ok(found.iter().map(|&value| f64::from(value)).collect())
}

/// What clients are told of the model.
fn signature(bundle: &Bundle, name: &str, preparation: &Preparation) -> Result<Signature, Fault> {
    if !is_name(name, Limits::DEFAULT.name) {
        return Err(Fault::usage(format!("a model cannot be served as `{name}`")).hint(
            "a name has letters, digits, `.`, `_` and `-`, and no dot in front: add it to a registry under such a name",
        ));
    }
    let of = &bundle.description;
    let input =
        |column: &plumb_data::prepare::PreparedColumn| Input { name: column.name.clone(), kind: column.kind };
    Ok(Signature {
        name: name.to_owned(),
        version: of.sha256.chars().take(DIGITS).collect(),
        task: of.task,
        target: of.target.clone(),
        classes: of.classes.clone(),
        inputs: preparation.columns.iter().map(input).collect(),
    })
}

impl Served for BundleModel {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, table: &Table) -> Result<Predictions, ServeError> {
        let rows: Vec<u32> = (0..table.rows() as u32).collect();
        match &self.runtime {
            Runtime::Trained(model) => {
                model.predict(table, &rows).map_err(|error| ServeError::Failed(error.message))
            }
            Runtime::File { preparation, file, output } => {
                let has = |wanted: fn(&Encoding) -> bool| {
                    preparation.columns.iter().any(|column| wanted(&column.encoding))
                };
                let at_once = if has(|of| matches!(of, Encoding::Text)) {
                    1
                } else if has(|of| matches!(of, Encoding::Image(_))) {
                    PICTURES
                } else {
                    rows.len().max(1)
                };
                let pieces: Vec<Vec<f64>> = rows
                    .par_chunks(at_once)
                    .map(|rows| answered(table, rows, (preparation, file, output)))
                    .collect::<Result<_, _>>()?;
                let values = pieces.concat();
                Ok(match self.signature.classes.len() {
                    0 => Predictions::Numbers(values),
                    classes => Predictions::Probabilities { values, classes },
                })
            }
        }
    }

    fn explains(&self) -> bool {
        self.reasons.is_some()
    }

    fn explain(&self, table: &Table, is_gone: &AtomicBool) -> Option<Result<Vec<Reasons>, ServeError>> {
        Some(self.reasons.as_ref()?.explain(self, table, is_gone))
    }

    fn embed(&self, table: &Table) -> Option<Result<(Vec<f32>, usize), ServeError>> {
        let rows: Vec<u32> = (0..table.rows() as u32).collect();
        let model = match (&self.trained, &self.runtime) {
            (Some(model), _) => model,
            (None, Runtime::Trained(model)) => model,
            (None, Runtime::File { .. }) => return None,
        };
        Some(model.embed(table, &rows)?.map_err(|error| ServeError::Failed(error.message)))
    }
}
