//! A graph put together operator by operator, and the file that holds it.
//!
//! ONNX IR version 8, opset 17 and version 3 of the operators of classical models: what every runtime of the last years reads.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;

use crate::graph::CLASSIC;
use crate::proto::{
    Attribute, Dimension, Entry, Graph, Model, Node, OperatorSet, Shape, TensorMessage, TensorType, Type,
    ValueInfo,
};

/// The program that the files name.
pub(crate) const PRODUCER: &str = "plumb";
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const CLASSIC_OPSET: i64 = 3;

/// A value of the graph, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An extent of an input or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent<'a> {
    /// One that the model fixes.
    Fixed(usize),
    /// One that a request decides; the same name is the same extent.
    Free(&'a str),
}

/// What the elements of a value are: ONNX's numbers for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// 32-bit floating point.
    Float = 1,
    /// Bytes.
    Byte = 2,
    /// 64-bit whole numbers.
    Whole = 7,
    /// Texts.
    Text = 8,
    /// Truth values.
    Truth = 9,
    /// 64-bit floating point.
    Double = 11,
}

/// An attribute of an operator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Setting<'a> {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f32),
    /// Whole numbers.
    Ints(&'a [i64]),
    /// A text.
    Text(&'a str),
    /// Texts.
    Texts(&'a [String]),
}

/// A graph that is being written. Nodes stand in the order in which they were added, which is one in which inputs come first.
#[derive(Debug, Default)]
pub struct GraphWriter {
    graph: Graph,
    taken: BTreeSet<String>,
    counts: BTreeMap<String, usize>,
    /// What stands before the names of constants.
    scope: String,
}

impl GraphWriter {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a name for an input that is declared later: nothing else is called so.
    pub fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// An input. Names of inputs must differ, and those that are not declared first be reserved.
    pub fn input(&mut self, name: &str, element: ElementType, shape: &[Extent<'_>]) -> Name {
        self.taken.insert(name.to_owned());
        self.graph.input.push(port(name, element, shape));
        Name(name.to_owned())
    }

    /// Makes a value an output of that name.
    pub fn output(&mut self, value: &Name, name: &str, element: ElementType, shape: &[Extent<'_>]) {
        self.taken.insert(name.to_owned());
        self.graph.node.push(Node {
            input: vec![value.0.clone()],
            output: vec![name.to_owned()],
            name: format!("{name}_out"),
            op_type: "Identity".to_owned(),
            ..Node::default()
        });
        self.graph.output.push(port(name, element, shape));
    }

    /// Writes a part whose constants' names begin with that of the part and a dot.
    pub fn within<T>(&mut self, part: &str, write: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.scope.len();
        self.scope.push_str(part);
        self.scope.push('.');
        let written = write(self);
        self.scope.truncate(before);
        written
    }

    /// The same operators again and again (`Loop`), `steps` times: 32-bit matrices of `width` columns are carried from one time to the
    /// next, from `start` on. `body` is given the number of the step, a scalar, and what is carried, and answers what is carried on. It may read
    /// whatever was written before. The first of what is carried is answered, after each step, `[steps, rows, width]`.
    pub fn repeat(
        &mut self,
        steps: &Name,
        start: &[&Name],
        width: usize,
        body: impl FnOnce(&mut Self, &Name, &[Name]) -> Vec<Name>,
    ) -> Name {
        let matrix = [Extent::Free("rows"), Extent::Fixed(width)];
        let outside = std::mem::take(&mut self.graph);
        let (step, goes_on) = (self.free("step"), self.free("goes_on"));
        let step = self.input(&step, ElementType::Whole, &[]);
        let goes_on = self.input(&goes_on, ElementType::Truth, &[]);
        let mut carried = Vec::new();
        for _ in start {
            let name = self.free("carried");
            carried.push(self.input(&name, ElementType::Float, &matrix));
        }
        let next = body(self, &step, &carried);
        let name = self.free("goes_on");
        self.output(&goes_on, &name, ElementType::Truth, &[]);
        for value in next.iter().chain(next.first()) {
            let name = self.free("next");
            self.output(value, &name, ElementType::Float, &matrix);
        }
        let mut inside = std::mem::replace(&mut self.graph, outside);
        inside.name = self.free("body");
        // Constants are the whole graph's: some readers look for them there alone.
        self.graph.initializer.append(&mut inside.initializer);
        let own: Vec<String> = start.iter().map(|_| self.free("last")).collect();
        let (name, kept) = (self.free("loop"), self.free("steps"));
        let inputs = [steps.0.clone(), String::new()].into_iter();
        // `AttributeProto.AttributeType.GRAPH`.
        let body = Attribute { name: "body".to_owned(), g: Some(inside), kind: 5, ..Attribute::default() };
        self.graph.node.push(Node {
            input: inputs.chain(start.iter().map(|start| start.0.clone())).collect(),
            output: own.into_iter().chain([kept.clone()]).collect(),
            name,
            op_type: "Loop".to_owned(),
            attribute: vec![body],
            domain: String::new(),
        });
        Name(kept)
    }

    /// A constant of 32-bit numbers, row-major.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Name {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, shape, TensorMessage { data_type: 1, raw_data, ..TensorMessage::default() })
    }

    /// A constant of 64-bit numbers, row-major.
    pub fn doubles(&mut self, name: &str, shape: &[usize], values: &[f64]) -> Name {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, shape, TensorMessage { data_type: 11, raw_data, ..TensorMessage::default() })
    }

    /// A constant of whole numbers, row-major.
    pub fn wholes(&mut self, name: &str, shape: &[usize], values: &[i64]) -> Name {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, shape, TensorMessage { data_type: 7, raw_data, ..TensorMessage::default() })
    }

    /// An operator of ONNX; its output.
    pub fn node(&mut self, operator: &str, inputs: &[&Name], settings: &[(&str, Setting<'_>)]) -> Name {
        self.add(operator, "", inputs, settings)
    }

    /// An operator of classical models; its output.
    pub fn classic(&mut self, operator: &str, inputs: &[&Name], settings: &[(&str, Setting<'_>)]) -> Name {
        self.add(operator, CLASSIC, inputs, settings)
    }

    fn add(
        &mut self,
        operator: &str,
        domain: &str,
        inputs: &[&Name],
        settings: &[(&str, Setting<'_>)],
    ) -> Name {
        let name = self.free(&operator.to_lowercase());
        self.graph.node.push(Node {
            input: inputs.iter().map(|input| input.0.clone()).collect(),
            output: vec![name.clone()],
            name: name.clone(),
            op_type: operator.to_owned(),
            attribute: settings.iter().map(|(name, setting)| attribute(name, *setting)).collect(),
            domain: domain.to_owned(),
        });
        Name(name)
    }

    fn constant(&mut self, name: &str, shape: &[usize], message: TensorMessage) -> Name {
        let name = self.free(&format!("{}{name}", self.scope));
        let dims = shape.iter().map(|&extent| extent as i64).collect();
        self.graph.initializer.push(TensorMessage { name: name.clone(), dims, ..message });
        Name(name)
    }

    /// The name itself, or with a number where it is taken.
    fn free(&mut self, name: &str) -> String {
        let count = self.counts.entry(name.to_owned()).or_default();
        loop {
            let free = if *count == 0 { name.to_owned() } else { format!("{name}_{count}") };
            *count += 1;
            if self.taken.insert(free.clone()) {
                return free;
            }
        }
    }

    /// The file. `metadata` is kept as it is.
    pub fn finish(self, name: &str, version: &str, metadata: &[(String, String)]) -> Vec<u8> {
        let is_classic = self.graph.node.iter().any(|node| node.domain == CLASSIC);
        let classic = OperatorSet { domain: CLASSIC.to_owned(), version: CLASSIC_OPSET };
        let opset = OperatorSet { domain: String::new(), version: OPSET };
        let entry = |(key, value): &(String, String)| Entry { key: key.clone(), value: value.clone() };
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: PRODUCER.to_owned(),
            producer_version: version.to_owned(),
            graph: Some(Graph { name: name.to_owned(), ..self.graph }),
            opset_import: std::iter::once(opset).chain(is_classic.then_some(classic)).collect(),
            metadata_props: metadata.iter().map(entry).collect(),
        };
        model.encode_to_vec()
    }
}

fn port(name: &str, element: ElementType, shape: &[Extent<'_>]) -> ValueInfo {
    let dim = shape.iter().map(|extent| match extent {
        Extent::Fixed(extent) => Dimension { dim_value: Some(*extent as i64), dim_param: None },
        Extent::Free(name) => Dimension { dim_value: None, dim_param: Some((*name).to_owned()) },
    });
    let shape = Shape { dim: dim.collect() };
    let tensor_type = TensorType { elem_type: element as i32, shape: Some(shape) };
    let of = Type { tensor_type: Some(tensor_type), sequence_type: None };
    ValueInfo { name: name.to_owned(), r#type: Some(of) }
}

fn attribute(name: &str, setting: Setting<'_>) -> Attribute {
    // The numbers of `AttributeProto.AttributeType`.
    const FLOAT: i32 = 1;
    const INT: i32 = 2;
    const STRING: i32 = 3;
    const INTS: i32 = 7;
    const STRINGS: i32 = 8;
    let own = Attribute { name: name.to_owned(), ..Attribute::default() };
    match setting {
        Setting::Int(i) => Attribute { i, kind: INT, ..own },
        Setting::Float(f) => Attribute { f, kind: FLOAT, ..own },
        Setting::Ints(ints) => Attribute { ints: ints.to_vec(), kind: INTS, ..own },
        Setting::Text(text) => Attribute { s: text.as_bytes().to_vec(), kind: STRING, ..own },
        Setting::Texts(texts) => {
            let strings = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
            Attribute { strings, kind: STRINGS, ..own }
        }
    }
}
