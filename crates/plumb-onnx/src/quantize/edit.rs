//! A graph that is written anew, node by node, from another one.

use std::collections::BTreeSet;

use crate::proto::{Attribute, Graph, Node, TensorMessage, TensorType};

/// ONNX's numbers of elements.
pub(super) const FLOAT: i32 = 1;
/// Bytes.
pub(super) const BYTE: i32 = 2;
/// Bytes with a sign.
pub(super) const SIGNED_BYTE: i32 = 3;
/// 32-bit whole numbers.
pub(super) const INT32: i32 = 6;

/// A tensor of 32-bit numbers of any shape.
pub(super) fn floats() -> TensorType {
    TensorType { elem_type: FLOAT, shape: None }
}

/// The new graph: what is there already, and which names are taken.
pub(super) struct Edit {
    pub(super) nodes: Vec<Node>,
    pub(super) constants: Vec<TensorMessage>,
    taken: BTreeSet<String>,
}

impl Edit {
    /// Nothing yet; names of the old graph are taken.
    pub(super) fn of(graph: &Graph) -> Self {
        let outputs = graph.node.iter().flat_map(|node| &node.output).cloned();
        let constants = graph.initializer.iter().map(|constant| constant.name.clone());
        let inputs = graph.input.iter().map(|port| port.name.clone());
        let taken = outputs.chain(constants).chain(inputs).collect();
        Self { nodes: Vec::new(), constants: Vec::new(), taken }
    }

    /// An operator with one output, which is called so, or so with a number.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        name: &str,
        settings: Vec<Attribute>,
    ) -> String {
        let output = self.free(name);
        self.nodes.push(Node {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.clone()],
            name: output.clone(),
            op_type: operator.to_owned(),
            attribute: settings,
            domain: String::new(),
        });
        output
    }

    /// A constant, which is called so, or so with a number.
    pub(super) fn constant(
        &mut self,
        name: &str,
        dims: Vec<i64>,
        data_type: i32,
        raw_data: Vec<u8>,
    ) -> String {
        let name = self.free(name);
        self.constants.push(TensorMessage {
            name: name.clone(),
            dims,
            data_type,
            raw_data,
            ..TensorMessage::default()
        });
        name
    }

    /// A constant of 32-bit numbers.
    pub(super) fn numbers(&mut self, name: &str, dims: Vec<i64>, values: &[f32]) -> String {
        self.constant(name, dims, FLOAT, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A name that nothing has.
    pub(super) fn free(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut count = 1;
        while !self.taken.insert(free.clone()) {
            free = format!("{name}_{count}");
            count += 1;
        }
        free
    }

    /// The graph with the new nodes, and the constants of the old one that they still read.
    pub(super) fn finish(self, old: &Graph) -> Graph {
        let read: BTreeSet<&str> = self.nodes.iter().flat_map(Node::reads).collect();
        let kept = old.initializer.iter().filter(|constant| read.contains(constant.name.as_str())).cloned();
        let initializer = kept.chain(self.constants).collect();
        // What was said of values between nodes need not hold of the new ones.
        Graph { node: self.nodes, initializer, value_info: Vec::new(), ..old.clone() }
    }
}

/// A whole number beside an operator.
pub(super) fn whole(name: &str, i: i64) -> Attribute {
    Attribute { name: name.to_owned(), i, kind: 2, ..Attribute::default() }
}
