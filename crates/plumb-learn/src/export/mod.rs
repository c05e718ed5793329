//! A trained model as an ONNX file: raw columns in, probabilities or numbers out.
//!
//! Each layer, encoder and network writes itself, in its own file; here is what they have in common. Weights keep their names, batch
//! norms are folded into what is before them, dropout is gone. The preparation is part of the graph ([`preparation`]).

pub(crate) mod attention;
mod inputs;
mod preparation;

use plumb_ledger::{ExitCode, Explain};
use plumb_onnx::{ElementType, Extent, GraphWriter, Name, Setting};
use plumb_stats::Task;

use crate::model::TabularNetwork;
use crate::predict::TrainedModel;

/// The key of the file's metadata under which the classes stand, as a JSON list in the order of the probabilities.
pub const CLASSES: &str = "plumb.classes";

/// The names of outputs, which no input may have.
const OUTPUTS: [&str; 3] = ["probabilities", "label", "prediction"];

/// Why a model cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A part has no form in ONNX yet.
    #[error("{0} cannot be written as ONNX")]
    NoForm(String),
    /// The network reads nothing.
    #[error("the network has no inputs")]
    NoInputs,
}

impl Explain for ExportError {
    fn hint(&self) -> Option<String> {
        Some(
            "`--format safetensors` keeps the weights under the names that PyTorch's packages use".to_owned(),
        )
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Usage
    }
}

/// A network that writes itself.
pub(crate) trait Export {
    /// Its outputs, `[rows, classes]` logits or `[rows, 1]` numbers as they are before the target's scale.
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError>;
}

/// The prepared inputs as values of the graph.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// `[rows, numbers]`.
    pub(crate) numbers: Option<Name>,
    /// `[rows, flags]`.
    pub(crate) flags: Option<Name>,
    /// `[rows, 1]` each.
    pub(crate) codes: Vec<Name>,
    /// `[rows, channels, side, side]`, normalized.
    pub(crate) pixels: Option<Name>,
}

/// Side by side along the last extent.
pub(crate) fn joined(graph: &mut GraphWriter, parts: &[Name]) -> Result<Name, ExportError> {
    match parts {
        [] => Err(ExportError::NoInputs),
        [one] => Ok(one.clone()),
        parts => {
            let parts: Vec<&Name> = parts.iter().collect();
            Ok(graph.node("Concat", &parts, &[("axis", Setting::Int(1))]))
        }
    }
}

/// The name of the extent of rows.
pub(crate) const ROWS: Extent<'static> = Extent::Free("rows");

impl TrainedModel {
    /// The model as an ONNX file. A column of the table is an input of its name, `[rows, 1]`: numbers as 64-bit floating point (NaN for
    /// missing), categories as texts (empty for missing), times as milliseconds since 1970 UTC (the smallest number for missing),
    /// pictures as bytes `[rows, channels, side, side]`. Outputs are `probabilities` (`[rows, classes]`) and, where no picture is read,
    /// `label`; or `prediction` (`[rows, 1]`). `version` is Plumb's.
    pub fn to_onnx(&self, version: &str) -> Result<Vec<u8>, ExportError> {
        if !self.config().views.is_empty() {
            return Err(ExportError::NoForm("the mean over several views of a picture".to_owned()));
        }
        let mut graph = GraphWriter::new();
        for column in &self.preparation().columns {
            if OUTPUTS.contains(&column.name.as_str()) {
                let what = format!("a column called `{}`, as an output is,", column.name);
                return Err(ExportError::NoForm(what));
            }
            graph.reserve(&column.name);
        }
        let inputs = preparation::write(self.preparation(), &mut graph)?;
        let outputs = match self.network() {
            TabularNetwork::Mlp(network) => network.write(&mut graph, &inputs)?,
            TabularNetwork::RealMlp(network) => network.write(&mut graph, &inputs)?,
            TabularNetwork::TabM(network) => network.write(&mut graph, &inputs)?,
            TabularNetwork::Pictures(network) => network.write(&mut graph, &inputs)?,
            TabularNetwork::Text(_) => return Err(ExportError::NoForm("a network for texts".to_owned())),
            TabularNetwork::Mixed(_) => {
                return Err(ExportError::NoForm("a network for pictures and texts together".to_owned()));
            }
        };
        let is_table = inputs.pixels.is_none();
        let mut metadata = vec![("plumb.version".to_owned(), version.to_owned())];
        if self.preparation().task == Task::Regression {
            self.write_number(&mut graph, &outputs);
        } else {
            self.write_classes(&mut graph, &outputs, is_table);
            let classes = serde_json::Value::from(self.preparation().classes.clone());
            metadata.push((CLASSES.to_owned(), classes.to_string()));
        }
        Ok(graph.finish("plumb", version, &metadata))
    }

    fn write_classes(&self, graph: &mut GraphWriter, outputs: &Name, with_label: bool) {
        let classes = &self.preparation().classes;
        let shares = graph.node("Softmax", &[outputs], &[("axis", Setting::Int(-1))]);
        if with_label {
            let settings = [("axis", Setting::Int(1)), ("keepdims", Setting::Int(0))];
            let best = graph.node("ArgMax", &[&shares], &settings);
            let codes: Vec<i64> = (0..classes.len() as i64).collect();
            let settings =
                [("keys_int64s", Setting::Ints(&codes)), ("values_strings", Setting::Texts(classes))];
            let label = graph.classic("LabelEncoder", &[&best], &settings);
            graph.output(&label, "label", ElementType::Text, &[ROWS]);
        }
        graph.output(&shares, "probabilities", ElementType::Float, &[ROWS, Extent::Fixed(classes.len())]);
    }

    /// Back to the target's unit, within the range of the train labels.
    fn write_number(&self, graph: &mut GraphWriter, outputs: &Name) {
        let mut found = graph.node("Cast", &[outputs], &[("to", Setting::Int(ElementType::Double as i64))]);
        if let Some(scale) = self.preparation().label_scale {
            let [deviation, mean, low, high] = [scale.deviation, scale.mean, scale.low, scale.high]
                .map(|value| graph.doubles("target.scale", &[], &[value]));
            found = graph.node("Mul", &[&found, &deviation], &[]);
            found = graph.node("Add", &[&found, &mean], &[]);
            found = graph.node("Max", &[&found, &low], &[]);
            found = graph.node("Min", &[&found, &high], &[]);
        }
        let found = graph.node("Cast", &[&found], &[("to", Setting::Int(ElementType::Float as i64))]);
        graph.output(&found, "prediction", ElementType::Float, &[ROWS, Extent::Fixed(1)]);
    }
}
