//! Networks that read columns of a table beside pictures or tokens: what concerns columns alone is computed first.
//!
//! `rten` has no texts, no whole numbers of 64 bits and no operators of classical models. An input of one value a row is a column; what
//! follows from columns alone is the front and runs on [`crate::classic`], what is left is a network that is given what the front has found.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;

use crate::classic::{Classic, knows};
use crate::graph::CLASSIC;
use crate::network::Network;
use crate::proto::{Graph, Model, Node, ValueInfo};
use crate::{OnnxError, Tensor};

/// The two parts of a graph.
#[derive(Debug)]
pub(crate) struct Fronted {
    front: Classic,
    /// What the network reads of columns and of what followed from them.
    passed: Vec<String>,
    columns: BTreeSet<String>,
    network: Network,
}

impl Fronted {
    /// The parts of a file; none where it has no columns, nothing beside them, or classical operators behind both.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, OnnxError> {
        let mut model = Model::decode(bytes).map_err(|error| OnnxError::Damaged(error.to_string()))?;
        let graph = model.graph.take().unwrap_or_default();
        let (own, others): (Vec<_>, Vec<_>) = graph.input.iter().cloned().partition(is_column);
        if own.is_empty() || others.is_empty() {
            return Ok(None);
        }
        let columns: BTreeSet<String> = own.into_iter().map(|input| input.name).collect();
        let (front, back) = parts(&graph, &columns);
        if back.iter().any(|node| node.domain == CLASSIC) {
            return Ok(None);
        }
        let made = front.iter().flat_map(|node| node.output.iter().cloned());
        let of_front: BTreeSet<String> = columns.iter().cloned().chain(made).collect();
        let read: BTreeSet<&str> = back.iter().flat_map(Node::reads).collect();
        let passed: Vec<String> = of_front.into_iter().filter(|name| read.contains(name.as_str())).collect();
        let constants = constants(&graph, &front)?;
        let untyped = |name: &String| ValueInfo { name: name.clone(), r#type: None };
        let kept = graph.initializer.iter().filter(|tensor| read.contains(tensor.name.as_str()));
        model.graph = Some(Graph {
            initializer: kept.cloned().collect(),
            input: others.into_iter().chain(passed.iter().map(untyped)).collect(),
            node: back.clone(),
            name: graph.name.clone(),
            output: graph.output.clone(),
            value_info: Vec::new(),
        });
        let network = Network::read(model.encode_to_vec())?;
        Ok(Some(Self { front: Classic::of(front, constants)?, passed, columns, network }))
    }

    /// The outputs of those names.
    pub(crate) fn run(
        &self,
        inputs: Vec<(String, Tensor)>,
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, OnnxError> {
        let (columns, mut others): (Vec<_>, Vec<_>) =
            inputs.into_iter().partition(|(name, _)| self.columns.contains(name));
        let passed: Vec<&str> = self.passed.iter().map(String::as_str).collect();
        let found = self.front.run(columns, &passed)?;
        others.extend(self.passed.iter().cloned().zip(found));
        self.network.run(others, outputs)
    }
}

/// The constants that nodes read, by name.
fn constants(graph: &Graph, nodes: &[Node]) -> Result<BTreeMap<String, Tensor>, OnnxError> {
    let read: BTreeSet<&str> = nodes.iter().flat_map(Node::reads).collect();
    let own = graph.initializer.iter().filter(|tensor| read.contains(tensor.name.as_str()));
    own.map(|tensor| Ok((tensor.name.clone(), Tensor::of_message(tensor)?))).collect()
}

/// Whether an input has one value a row.
fn is_column(input: &ValueInfo) -> bool {
    let shape = input.r#type.as_ref().and_then(|of| of.tensor_type.as_ref()?.shape.as_ref());
    shape.is_some_and(|shape| matches!(shape.dim.as_slice(), [_, one] if one.dim_value == Some(1)))
}

/// The nodes that follow from columns and constants alone, and the others; both in the order of the file.
fn parts(graph: &Graph, columns: &BTreeSet<String>) -> (Vec<Node>, Vec<Node>) {
    let constants: BTreeSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut known: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let (mut front, mut back) = (Vec::new(), Vec::new());
    for node in &graph.node {
        let of_columns = node.reads().any(|name| known.contains(name));
        let alone = node.reads().all(|name| known.contains(name) || constants.contains(name));
        if of_columns && alone && knows(node) {
            known.extend(node.output.iter().map(String::as_str));
            front.push(node.clone());
        } else {
            back.push(node.clone());
        }
    }
    (front, back)
}
