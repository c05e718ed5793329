//! A model's graph as the file declares it.

use std::collections::BTreeMap;

use prost::Message as _;

use crate::OnnxError;
use crate::error::wrong;
use crate::proto::{Attribute, Model, Node, TensorMessage, ValueInfo};
use crate::tensor::{Tensor, text};

/// What the elements of an input or output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Floating point numbers.
    Float,
    /// Whole numbers.
    Whole,
    /// Truth values.
    Truth,
    /// Texts.
    Text,
    /// Something else: sequences, maps, complex numbers.
    Other,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its elements.
    pub element: Element,
    /// Its extents; none for one that a request decides.
    pub shape: Vec<Option<usize>>,
}

/// The parts of a file that matter here.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub(crate) nodes: Vec<Node>,
    /// Constants by name.
    pub(crate) constants: BTreeMap<String, Tensor>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    /// The classes, where an operator names them.
    pub(crate) classes: Option<Vec<String>>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) producer: String,
    /// The weights of a network, as the file has them.
    pub(crate) weights: Vec<TensorMessage>,
    /// The version of ONNX's operators.
    pub(crate) opset: i64,
}

/// The domain of classical models.
pub(crate) const CLASSIC: &str = "ai.onnx.ml";

impl Parsed {
    /// Reads the file; the weights of a network are left as they are, and all of them out where the operators are `foreign`.
    pub(crate) fn read(bytes: &[u8], foreign: bool) -> Result<Self, OnnxError> {
        let model = Model::decode(bytes).map_err(|error| OnnxError::Damaged(error.to_string()))?;
        let graph = model.graph.ok_or_else(|| OnnxError::Damaged("there is no graph".to_owned()))?;
        let is_input = |info: &&ValueInfo| !graph.initializer.iter().any(|tensor| tensor.name == info.name);
        let inputs = graph.input.iter().filter(is_input).map(Port::of).collect();
        let classes = graph.node.iter().find_map(classes);
        let zipped = |port: Port| zipped(port, &graph.node, classes.as_deref());
        let outputs = graph.output.iter().map(Port::of).map(zipped).collect();
        let metadata = model.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
        let is_own = !foreign && graph.node.iter().any(|node| node.domain == CLASSIC);
        let weights = if foreign { Vec::new() } else { graph.initializer };
        let constants = if is_own { constants(&weights)? } else { BTreeMap::new() };
        let opset = model.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
        Ok(Self {
            weights,
            opset: opset.map_or(1, |set| set.version),
            inputs,
            outputs,
            classes,
            constants,
            metadata,
            producer: model.producer_name,
            nodes: graph.node,
        })
    }

    /// Whether any operator is one of classical models.
    pub(crate) fn is_classic(&self) -> bool {
        self.nodes.iter().any(|node| node.domain == CLASSIC)
    }
}

fn constants(weights: &[TensorMessage]) -> Result<BTreeMap<String, Tensor>, OnnxError> {
    weights.iter().map(|message| Ok((message.name.clone(), Tensor::of_message(message)?))).collect()
}

/// The class labels of an operator that has some.
fn classes(node: &Node) -> Option<Vec<String>> {
    let strings = node.list("classlabels_strings").filter(|of| !of.strings.is_empty());
    if let Some(of) = strings {
        return Some(of.strings.iter().map(|bytes| text(bytes)).collect());
    }
    let names = ["classlabels_int64s", "classlabels_ints"];
    let ints = names.iter().find_map(|name| node.list(name)).filter(|of| !of.ints.is_empty())?;
    Some(ints.ints.iter().map(i64::to_string).collect())
}

/// A list of maps from classes to probabilities is shown as the tensor that it was made from.
fn zipped(port: Port, nodes: &[Node], classes: Option<&[String]>) -> Port {
    let is_zip = nodes.iter().any(|node| node.op_type == "ZipMap" && node.output.first() == Some(&port.name));
    if is_zip {
        Port { element: Element::Float, shape: vec![None, classes.map(<[String]>::len)], ..port }
    } else {
        port
    }
}

impl Port {
    fn of(info: &ValueInfo) -> Self {
        let tensor = info.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
        let element = match tensor.map_or(0, |tensor| tensor.elem_type) {
            1 | 10 | 11 | 16 => Element::Float,
            2..=7 | 12 | 13 => Element::Whole,
            8 => Element::Text,
            9 => Element::Truth,
            _ => Element::Other,
        };
        let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
        let extent = |value: Option<i64>| {
            value.and_then(|extent| usize::try_from(extent).ok()).filter(|&extent| extent > 0)
        };
        let shape = shape.map(|shape| shape.dim.iter().map(|dim| extent(dim.dim_value)).collect());
        Self { name: info.name.clone(), element, shape: shape.unwrap_or_default() }
    }
}

impl Node {
    /// The names of values that it reads; those that its bodies read of what is around them are among them.
    pub(crate) fn reads(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        let own = self.input.iter().map(String::as_str).filter(|name| !name.is_empty());
        let bodies = self.attribute.iter().filter_map(|attribute| attribute.g.as_ref());
        Box::new(own.chain(bodies.flat_map(|body| body.node.iter().flat_map(Self::reads))))
    }

    /// An attribute.
    pub(crate) fn list(&self, name: &str) -> Option<&Attribute> {
        self.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// A number.
    pub(crate) fn float(&self, name: &str, usual: f32) -> f32 {
        self.list(name).map_or(usual, |attribute| attribute.f)
    }

    /// A whole number.
    pub(crate) fn int(&self, name: &str, usual: i64) -> i64 {
        self.list(name).map_or(usual, |attribute| attribute.i)
    }

    /// A text; empty without it.
    pub(crate) fn string(&self, name: &str) -> String {
        self.list(name).map(|attribute| text(&attribute.s)).unwrap_or_default()
    }

    /// Numbers; of a tensor where the attribute of the name with `_as_tensor` is there. Empty without.
    pub(crate) fn floats(&self, name: &str) -> Result<Vec<f32>, OnnxError> {
        let of_tensor = self.list(&format!("{name}_as_tensor")).and_then(|attribute| attribute.t.as_ref());
        match of_tensor {
            Some(message) => Tensor::of_message(message)?.floats(&self.op_type),
            None => Ok(self.list(name).map(|attribute| attribute.floats.clone()).unwrap_or_default()),
        }
    }

    /// Whole numbers; empty without.
    pub(crate) fn ints(&self, name: &str) -> Vec<i64> {
        self.list(name).map(|attribute| attribute.ints.clone()).unwrap_or_default()
    }

    /// Texts; empty without.
    pub(crate) fn strings(&self, name: &str) -> Vec<String> {
        self.list(name)
            .map(|attribute| attribute.strings.iter().map(|bytes| text(bytes)).collect())
            .unwrap_or_default()
    }

    /// An error of this operator.
    pub(crate) fn wrong(&self, what: impl Into<String>) -> OnnxError {
        wrong(&self.op_type, what)
    }
}
