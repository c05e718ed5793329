//! A trained model as an ONNX file: raw columns in, probabilities or numbers out.
//!
//! Each layer, encoder and network writes itself, in its own file; here is what they have in common. Weights keep their names, batch
//! norms are folded into what is before them, dropout is gone. The preparation is part of the graph ([`preparation`]).

pub(crate) mod attention;
mod inputs;
mod preparation;
mod tokens;

use plumb_data::prepare::Encoding;
use plumb_ledger::{ExitCode, Explain};
use plumb_onnx::{ElementType, Extent, GraphWriter, Name, Setting};
use plumb_stats::Task;

pub use inputs::onnx_inputs;
pub(crate) use tokens::WrittenTokens;
pub use tokens::{ATTENTION_MASK, INPUT_IDS, TEXTS};

use crate::encoders::CategoryEncoder;
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

impl Export for TabularNetwork {
    fn write(&self, graph: &mut GraphWriter, inputs: &Written) -> Result<Name, ExportError> {
        match self {
            Self::Mlp(network) => network.write(graph, inputs),
            Self::RealMlp(network) => network.write(graph, inputs),
            Self::TabM(network) => network.write(graph, inputs),
            Self::Pictures(network) => network.write(graph, inputs),
            Self::Text(network) => network.write(graph, inputs),
            Self::Mixed(network) => network.write(graph, inputs),
        }
    }
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
    /// All texts of a row together.
    pub(crate) tokens: Option<WrittenTokens>,
}

impl Written {
    /// What stands beside pictures and texts, `[rows, width]` each: the numbers, or what they are embedded as, the flags, the vectors of categories.
    pub(crate) fn columns(
        &self,
        graph: &mut GraphWriter,
        numbers: Option<Name>,
        categories: &CategoryEncoder,
    ) -> Vec<Name> {
        let plain = numbers.into_iter().chain(self.flags.clone());
        plain.chain(categories.write(graph, "categories", &self.codes)).collect()
    }
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
    /// pictures as bytes `[rows, channels, side, side]`. Texts are [`INPUT_IDS`] and [`ATTENTION_MASK`], `[rows, tokens]` whole numbers;
    /// [`TEXTS`] in the file's metadata tells how they are made. Outputs are `probabilities` (`[rows, classes]`) and, where neither picture nor
    /// text is read, `label`; or `prediction` (`[rows, 1]`). `version` is Plumb's.
    pub fn to_onnx(&self, version: &str) -> Result<Vec<u8>, ExportError> {
        if !self.config().views.is_empty() {
            return Err(ExportError::NoForm("the mean over several views of a picture".to_owned()));
        }
        let mut graph = GraphWriter::new();
        self.reserve_names(&mut graph)?;
        let inputs = preparation::write(self.preparation(), &mut graph)?;
        let outputs = self.network().write(&mut graph, &inputs)?;
        let is_table = inputs.pixels.is_none() && inputs.tokens.is_none();
        let mut metadata = vec![("plumb.version".to_owned(), version.to_owned())];
        if let Some(texts) = &self.preparation().texts {
            metadata.push((TEXTS.to_owned(), tokens::described(self.preparation(), texts)));
        }
        if self.preparation().task == Task::Regression {
            self.write_number(&mut graph, &outputs);
        } else {
            self.write_classes(&mut graph, &outputs, is_table);
            let classes = serde_json::Value::from(self.preparation().classes.clone());
            metadata.push((CLASSES.to_owned(), classes.to_string()));
        }
        Ok(graph.finish("plumb", version, &metadata))
    }

    /// Keeps the names of columns, which must not be those of outputs or of tokens.
    fn reserve_names(&self, graph: &mut GraphWriter) -> Result<(), ExportError> {
        let preparation = self.preparation();
        let tokens = [INPUT_IDS, ATTENTION_MASK].into_iter().filter(|_| preparation.texts.is_some());
        let taken: Vec<&str> = OUTPUTS.into_iter().chain(tokens).collect();
        for column in preparation.columns.iter().filter(|column| column.encoding != Encoding::Text) {
            if taken.contains(&column.name.as_str()) {
                let what = format!("a column called `{}`, as the file calls something else,", column.name);
                return Err(ExportError::NoForm(what));
            }
            graph.reserve(&column.name);
        }
        Ok(())
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
