//! The layers of a graph: operators with a constant matrix or filter.

use std::collections::BTreeMap;

use crate::proto::{Graph, Node, TensorMessage};

/// An operator whose weights are constants of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The name of its weights, without `.weight`.
    pub name: String,
    /// What it computes.
    pub operator: Operator,
    /// How many weights it has.
    pub weights: usize,
    /// The place of its node.
    pub(super) node: usize,
    /// The constant that holds its weights.
    pub(super) constant: String,
    /// Which extent of the weights counts the outputs.
    pub(super) axis: usize,
}

/// What a layer computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// A convolution.
    Convolution,
    /// A product with a matrix.
    Product,
}

/// The layers, in the order of the graph.
pub(super) fn layers(graph: &Graph) -> Vec<Layer> {
    let constants: BTreeMap<&str, &TensorMessage> =
        graph.initializer.iter().map(|constant| (constant.name.as_str(), constant)).collect();
    let layer = |(at, node): (usize, &Node)| {
        let constant = constants.get(node.input.get(1)?.as_str())?;
        let (operator, axis) = kind(node, constant)?;
        let is_float = constant.data_type == super::edit::FLOAT && !constant.raw_data.is_empty();
        is_float.then(|| Layer {
            name: constant.name.trim_end_matches(".weight").to_owned(),
            operator,
            weights: constant.raw_data.len() / size_of::<f32>(),
            node: at,
            constant: constant.name.clone(),
            axis,
        })
    };
    graph.node.iter().enumerate().filter(|(_, node)| node.domain.is_empty()).filter_map(layer).collect()
}

/// What the operator computes, and which extent of its weights counts its outputs.
fn kind(node: &Node, weights: &TensorMessage) -> Option<(Operator, usize)> {
    match (node.op_type.as_str(), weights.dims.len()) {
        ("Conv", 3..) => Some((Operator::Convolution, 0)),
        ("MatMul", 2) => Some((Operator::Product, 1)),
        ("Gemm", 2) if is_plain(node) => Some((Operator::Product, usize::from(node.int("transB", 0) == 0))),
        _ => None,
    }
}

/// Whether a general product has no factors and reads its rows as they are.
fn is_plain(node: &Node) -> bool {
    let is_one = |name: &str| (node.float(name, 1.0) - 1.0).abs() < f32::EPSILON;
    node.int("transA", 0) == 0 && is_one("alpha") && is_one("beta")
}
