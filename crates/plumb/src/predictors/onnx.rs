//! A model in an ONNX file, whoever trained and exported it.

use std::path::Path;

use plumb_data::{PredictError, Predictions, Predictor, SumOfTerms, Table, Target};
use plumb_ledger::{ExitCode, Explain};
use plumb_onnx::{
    Cut, Element as OnnxElement, Encoded, OnnxError, OnnxModel, Owned, Port, Tensor as OnnxTensor, Values,
};
use plumb_stats::Task;
use plumb_stats::attribution::Terms;

use super::Opened;
use super::run_folder::bytes;
use super::wiring::{Declared, Element, Elements, Runtime, Tensor, Wiring, WiringError, WiringOptions};
use crate::fault::Fault;

/// Rows that go through the model at once.
const ROWS: usize = 8192;
/// Numbers of pictures that do: 27 of 224 x 224 in colours. Their activations are some hundred times as large.
const NUMBERS: usize = 1 << 22;

/// Why a file is no predictor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {file}")]
pub(crate) struct UnreadableModel {
    error: OnnxError,
    file: String,
}

impl Explain for UnreadableModel {
    fn hint(&self) -> Option<String> {
        Some(match self.error {
            OnnxError::Operator(_) => "export the model with other operators, try `--runtime onnxruntime`, or judge its predictions: `plumb evaluate predictions.csv`".to_owned(),
            OnnxError::External(_) => "save the model with its weights in one file (`onnx.save(..., save_as_external_data=False)`)".to_owned(),
            OnnxError::Network(_) => "try `--runtime onnxruntime`; `onnx.checker.check_model` tells whether the file is whole".to_owned(),
            #[cfg(feature = "onnxruntime")]
            OnnxError::Library(_) => "name the library of version 1.17 or later in `ORT_DYLIB_PATH`; `pip install onnxruntime` brings one in `onnxruntime/capi`".to_owned(),
            _ => "`onnx.checker.check_model` tells whether the file is whole".to_owned(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Data
    }
}

/// A model with the columns of a table tied to its inputs.
struct OnnxPredictor {
    model: OnnxModel,
    wiring: Wiring,
    task: Task,
}

/// Reads the file and ties it to the table. The classes are those that the model names, where it does.
pub(super) fn open(
    file: &Path,
    table: &Table,
    target: &Target,
    options: &WiringOptions<'_>,
) -> Result<Opened, Fault> {
    let bytes = bytes(file)?;
    let shown = file.display().to_string();
    let model = match options.runtime {
        Runtime::Embedded => {
            OnnxModel::read(bytes).map_err(|error| UnreadableModel { error, file: shown })?
        }
        Runtime::Onnxruntime => for_onnxruntime(&bytes, shown, 1)?,
    };
    let declared = |ports: &[Port]| ports.iter().filter_map(declared).collect::<Vec<_>>();
    let written = model.metadata().get(plumb_learn::export::CLASSES);
    let written: Option<Vec<String>> = written.and_then(|text| serde_json::from_str(text).ok());
    let named = model.classes().or(written.as_deref()).unwrap_or_default();
    let classes = if options.classes.is_empty() { named } else { options.classes };
    let options = WiringOptions { classes, ..*options };
    let wiring = Wiring::new(&declared(model.inputs()), &declared(model.outputs()), table, target, &options)?;
    let remarks = vec![wiring.in_words()];
    let target = target.knowing(&wiring.classes);
    let predictor = OnnxPredictor { model, task: target.task, wiring };
    Ok(Opened { predictor: Box::new(predictor), rows: None, table: table.clone(), target, remarks })
}

/// The model for ONNX Runtime with so many threads, whose library is that of `ORT_DYLIB_PATH`, or what the system's loader finds by the usual name.
#[cfg(feature = "onnxruntime")]
pub(crate) fn for_onnxruntime(bytes: &[u8], file: String, threads: usize) -> Result<OnnxModel, Fault> {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    let named = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    let library = named.unwrap_or_else(|| format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}").into());
    let model = OnnxModel::read_for_onnxruntime(bytes, Path::new(&library), threads);
    Ok(model.map_err(|error| UnreadableModel { error, file })?)
}

/// A build without the feature cannot.
#[cfg(not(feature = "onnxruntime"))]
pub(crate) fn for_onnxruntime(_bytes: &[u8], _file: String, _threads: usize) -> Result<OnnxModel, Fault> {
    Err(Fault::usage("this build of plumb cannot load ONNX Runtime").hint(
        "build it with `cargo build --release --features onnxruntime`, and name the library in `ORT_DYLIB_PATH`",
    ))
}

/// None of a kind that no column fills.
fn declared(port: &Port) -> Option<Declared> {
    let element = match port.element {
        OnnxElement::Float => Element::Float,
        OnnxElement::Whole => Element::Whole,
        OnnxElement::Truth => Element::Truth,
        OnnxElement::Text => Element::Text,
        OnnxElement::Other => return None,
    };
    Some(Declared { name: port.name.clone(), element, shape: port.shape.clone() })
}

fn given(tensor: Tensor) -> Result<(String, OnnxTensor), OnnxError> {
    let values = match tensor.elements {
        Elements::Floats(values) => Values::Floats(values.into_iter().map(|value| value as f32).collect()),
        Elements::Whole(values) => Values::Whole(values),
        Elements::Truths(values) => Values::Whole(values.into_iter().map(i64::from).collect()),
        Elements::Texts(values) => Values::Texts(values),
    };
    Ok((tensor.name, OnnxTensor::new(tensor.shape, values)?))
}

impl OnnxPredictor {
    fn values(&self, inputs: Vec<Tensor>) -> Result<Vec<f64>, Unanswered> {
        let inputs: Vec<(String, OnnxTensor)> = inputs.into_iter().map(given).collect::<Result<_, _>>()?;
        numbers(&self.model.run(inputs, &self.wiring.output)?).map_err(|error| Unanswered(error.message))
    }

    fn features(&self, cut: &Cut<'_>, table: &Table, rows: &[u32]) -> Result<Encoded, PredictError> {
        let failed = |error: &dyn std::fmt::Display| PredictError { message: error.to_string() };
        let inputs = self.wiring.inputs(table, rows).map_err(|error| failed(&error))?;
        let inputs: Vec<_> =
            inputs.into_iter().map(given).collect::<Result<_, _>>().map_err(|error| failed(&error))?;
        cut.encode(&inputs).map_err(|error| failed(&error))
    }
}

fn numbers(output: &OnnxTensor) -> Result<Vec<f64>, PredictError> {
    match output.values() {
        Values::Floats(values) => Ok(values.iter().map(|&value| f64::from(value)).collect()),
        Values::Whole(values) => Ok(values.iter().map(|&value| value as f64).collect()),
        Values::Texts(_) => Err(PredictError { message: "the output is text".to_owned() }),
    }
}

/// A model that is cut where its scores are sums, with the features of rows.
struct Summed<'a> {
    cut: Cut<'a>,
    wiring: &'a Wiring,
    is_additive: bool,
    rows: Encoded,
    background: Encoded,
}

impl SumOfTerms for Summed<'_> {
    fn scores(&self) -> usize {
        self.cut.scores()
    }

    fn is_additive(&self) -> bool {
        self.is_additive
    }

    fn are_margins(&self) -> bool {
        self.cut.are_margins()
    }

    fn terms(&self, row: usize, other: usize, terms: &mut Terms) {
        let mut tell = |own: &[u32], other: &[u32], values: &[(u32, f64)]| terms.push(own, other, values);
        self.cut.terms((&self.rows, row), (&self.background, other), &mut tell);
    }

    fn predictions(&self, scores: &[f64]) -> Result<Predictions, PredictError> {
        let failed = |error: &dyn std::fmt::Display| PredictError { message: error.to_string() };
        let output = self.cut.output(scores).map_err(|error| failed(&error))?;
        let rows = scores.len() / self.cut.scores().max(1);
        self.wiring.predictions(numbers(&output)?, rows).map_err(|error| failed(&error))
    }
}

/// Why there is no answer.
struct Unanswered(String);

impl From<OnnxError> for Unanswered {
    fn from(error: OnnxError) -> Self {
        Self(error.to_string())
    }
}

impl From<WiringError> for Unanswered {
    fn from(error: WiringError) -> Self {
        Self(error.to_string())
    }
}

impl Predictor for OnnxPredictor {
    fn task(&self) -> Task {
        self.task
    }

    fn classes(&self) -> &[String] {
        &self.wiring.classes
    }

    fn as_sum<'a>(
        &'a self,
        table: &Table,
        inputs: &[usize],
        rows: &[u32],
        background: &[u32],
    ) -> Option<Result<Box<dyn SumOfTerms + 'a>, PredictError>> {
        let owned = |(name, players, is_wide)| Owned { name, players, is_wide };
        let owned: Vec<Owned> = self.wiring.players(table, inputs)?.into_iter().map(owned).collect();
        let cut = self.model.cut(&self.wiring.output, &owned)?;
        let summed = || -> Result<Box<dyn SumOfTerms + 'a>, PredictError> {
            // The first answers settle whether the output is probabilities or logits.
            if self.wiring.passes_on().is_none() {
                self.predict(table, background)?;
            }
            let is_additive = cut.is_additive() && self.wiring.passes_on() == Some(true);
            let (rows, background) =
                (self.features(&cut, table, rows)?, self.features(&cut, table, background)?);
            Ok(Box::new(Summed { cut, wiring: &self.wiring, is_additive, rows, background })
                as Box<dyn SumOfTerms>)
        };
        Some(summed())
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let values = self.wiring.ask(table, rows, (ROWS, NUMBERS), |inputs| self.values(inputs));
        let values = values.map_err(|Unanswered(message)| PredictError { message })?;
        self.wiring
            .predictions(values, rows.len())
            .map_err(|error| PredictError { message: error.to_string() })
    }
}

#[cfg(test)]
mod tests;
