//! Products of matrices in 8 bits whose ranges are measured at each request.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Edit, FLOAT, SIGNED_BYTE, whole};
use super::layers::{Layer, Operator};
use super::qdq::constant;
use super::scales::{Symmetric, values};
use super::weights;
use crate::OnnxError;
use crate::proto::{Graph, Node};

/// The largest magnitude of a weight.
const TOP: i8 = 127;

/// The graph in 8 bits.
pub(super) fn quantized(graph: &Graph, layers: &[Layer], left: &BTreeSet<usize>) -> Result<Graph, OnnxError> {
    let is_product = |layer: &Layer| layer.operator == Operator::Product && layer.axis == 1;
    let kept = layers.iter().enumerate().filter(|(at, layer)| !left.contains(at) && is_product(layer));
    let kept: BTreeMap<usize, &Layer> = kept.map(|(_, layer)| (layer.node, layer)).collect();
    let mut edit = Edit::of(graph);
    let mut measured = BTreeMap::new();
    for (at, node) in graph.node.iter().enumerate() {
        if let Some(layer) = kept.get(&at) {
            product(&mut edit, graph, node, layer, &mut measured)?;
        } else if !weights::lookup(&mut edit, graph, node)? {
            edit.nodes.push(node.clone());
        }
    }
    Ok(edit.finish(graph))
}

/// Codes, scale and zero point of a value.
type Measured = [String; 3];

fn product(
    edit: &mut Edit,
    graph: &Graph,
    node: &Node,
    layer: &Layer,
    measured: &mut BTreeMap<String, Measured>,
) -> Result<(), OnnxError> {
    let name = &layer.name;
    let input = node.input.first().ok_or_else(|| node.wrong("an input is missing"))?;
    let [codes, scale, zero] = measured.entry(input.clone()).or_insert_with(|| measure(edit, input)).clone();
    let (weight, shape) = values(constant(graph, &layer.constant)?)?;
    let found = Symmetric::of(&weight, &shape, layer.axis, TOP);
    let dims = shape.iter().map(|&extent| extent as i64).collect();
    let weights = edit.constant(&format!("{name}.weight.codes"), dims, SIGNED_BYTE, found.bytes());
    let steps = edit.numbers(&format!("{name}.weight.scale"), vec![found.scales.len() as i64], &found.scales);
    let none = edit.constant(&format!("{name}.weight.zero"), Vec::new(), SIGNED_BYTE, vec![0]);
    let sums =
        edit.node("MatMulInteger", &[&codes, &weights, &zero, &none], &format!("{name}.sums"), Vec::new());
    let sums =
        edit.node("Cast", &[&sums], &format!("{name}.sums.float"), vec![whole("to", i64::from(FLOAT))]);
    let step = edit.node("Mul", &[&scale, &steps], &format!("{name}.steps"), Vec::new());
    let bias = node.input.get(2).filter(|name| !name.is_empty()).cloned();
    let last = node.output.first().cloned().unwrap_or_default();
    let scaled = |output: String| Node {
        input: vec![sums.clone(), step.clone()],
        name: output.clone(),
        output: vec![output],
        op_type: "Mul".to_owned(),
        ..Node::default()
    };
    match bias {
        None => edit.nodes.push(scaled(last)),
        Some(bias) => {
            let between = edit.free(&format!("{name}.scaled"));
            edit.nodes.push(scaled(between.clone()));
            edit.nodes.push(Node {
                input: vec![between, bias],
                name: last.clone(),
                output: vec![last],
                op_type: "Add".to_owned(),
                ..Node::default()
            });
        }
    }
    Ok(())
}

fn measure(edit: &mut Edit, input: &str) -> Measured {
    let outputs = ["codes", "scale", "zero"].map(|part| edit.free(&format!("{input}.{part}")));
    edit.nodes.push(Node {
        input: vec![input.to_owned()],
        output: outputs.to_vec(),
        name: outputs[0].clone(),
        op_type: "DynamicQuantizeLinear".to_owned(),
        ..Node::default()
    });
    outputs
}
