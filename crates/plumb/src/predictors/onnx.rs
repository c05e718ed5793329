//! A model in an ONNX file, whoever trained and exported it.

use std::path::Path;

use plumb_data::{PredictError, Predictions, Predictor, Table, Target};
use plumb_ledger::{ExitCode, Explain};
use plumb_onnx::{Element as OnnxElement, OnnxError, OnnxModel, Port, Tensor as OnnxTensor, Values};
use plumb_stats::Task;

use super::Opened;
use super::run_folder::bytes;
use super::wiring::{Declared, Element, Elements, Runtime, Tensor, Wiring, WiringOptions};
use crate::fault::Fault;

/// Rows that go through the model at once.
const ROWS: usize = 8192;

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
    let failed = |error| UnreadableModel { error, file: file.display().to_string() };
    let bytes = bytes(file)?;
    let model = match options.runtime {
        Runtime::Embedded => OnnxModel::read(bytes).map_err(failed)?,
        Runtime::Onnxruntime => for_onnxruntime(&bytes, failed)?,
    };
    let declared = |ports: &[Port]| ports.iter().filter_map(declared).collect::<Vec<_>>();
    let named = model.classes().unwrap_or_default();
    let classes = if options.classes.is_empty() { named } else { options.classes };
    let options = WiringOptions { classes, ..*options };
    let wiring = Wiring::new(&declared(model.inputs()), &declared(model.outputs()), table, target, &options)?;
    let remarks = vec![wiring.in_words()];
    let target = target.knowing(&wiring.classes);
    let predictor = OnnxPredictor { model, task: target.task, wiring };
    Ok(Opened { predictor: Box::new(predictor), rows: None, table: table.clone(), target, remarks })
}

/// The library is that of `ORT_DYLIB_PATH`, or what the system's loader finds by the usual name.
#[cfg(feature = "onnxruntime")]
fn for_onnxruntime(
    bytes: &[u8],
    failed: impl FnOnce(OnnxError) -> UnreadableModel,
) -> Result<OnnxModel, Fault> {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    let named = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    let library = named.unwrap_or_else(|| format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}").into());
    Ok(OnnxModel::read_for_onnxruntime(bytes, Path::new(&library)).map_err(failed)?)
}

#[cfg(not(feature = "onnxruntime"))]
fn for_onnxruntime(
    _bytes: &[u8],
    _failed: impl FnOnce(OnnxError) -> UnreadableModel,
) -> Result<OnnxModel, Fault> {
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
    fn values(&self, table: &Table, rows: &[u32]) -> Result<Vec<f64>, PredictError> {
        let failed = |error: &dyn std::fmt::Display| PredictError { message: error.to_string() };
        let inputs = self.wiring.inputs(table, rows).map_err(|error| failed(&error))?;
        let inputs: Vec<(String, OnnxTensor)> =
            inputs.into_iter().map(given).collect::<Result<_, _>>().map_err(|error| failed(&error))?;
        let output = self.model.run(inputs, &self.wiring.output).map_err(|error| failed(&error))?;
        match output.values() {
            Values::Floats(values) => Ok(values.iter().map(|&value| f64::from(value)).collect()),
            Values::Whole(values) => Ok(values.iter().map(|&value| value as f64).collect()),
            Values::Texts(_) => Err(failed(&"the output is text")),
        }
    }
}

impl Predictor for OnnxPredictor {
    fn task(&self) -> Task {
        self.task
    }

    fn classes(&self) -> &[String] {
        &self.wiring.classes
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let mut values = Vec::new();
        for rows in rows.chunks(ROWS) {
            values.extend(self.values(table, rows)?);
        }
        self.wiring
            .predictions(values, rows.len())
            .map_err(|error| PredictError { message: error.to_string() })
    }
}
