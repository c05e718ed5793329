//! Products in 8 bits with ranges that were measured: the form that ONNX calls QDQ.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{BYTE, Edit, INT32, SIGNED_BYTE, whole};
use super::layers::{Layer, Operator};
use super::ranges::Range;
use super::scales::{Symmetric, values};
use super::weights;
use crate::OnnxError;
use crate::proto::{Graph, Node, TensorMessage};

/// Operators that choose among values and change none: in 8 bits on both sides with one scale.
const PASSING: &[&str] = &["MaxPool", "Concat", "Flatten"];
/// Operators that stand between a layer and the value whose range counts.
const BENDS: &[&str] = &["Relu", "Clip"];
/// The largest magnitude of a weight.
pub(super) const TOP: i8 = 127;

/// Where values go through 8 bits.
pub(super) struct Places {
    /// Inputs of nodes, by node and place.
    inputs: BTreeMap<usize, Vec<usize>>,
    /// Values that have the range of another one, from which they are chosen.
    same: BTreeMap<String, String>,
    names: BTreeSet<String>,
}

impl Places {
    pub(super) fn new(graph: &Graph, layers: &[Layer], left: &BTreeSet<usize>) -> Self {
        let mut places = Self { inputs: BTreeMap::new(), same: BTreeMap::new(), names: BTreeSet::new() };
        let kept = layers.iter().enumerate().filter(|(at, _)| !left.contains(at)).map(|(_, layer)| layer);
        let kept: BTreeMap<usize, &Layer> = kept.map(|layer| (layer.node, layer)).collect();
        let convolved = convolved(graph, &kept);
        let constants: BTreeSet<&str> = graph.initializer.iter().map(|of| of.name.as_str()).collect();
        for (at, node) in graph.node.iter().enumerate().rev() {
            let output = node.output.first().map(String::as_str).unwrap_or_default();
            if kept.contains_key(&at) {
                places.take(at, node, &[0]);
            } else if PASSING.contains(&node.op_type.as_str()) && places.names.contains(output) {
                let all: Vec<usize> = (0..node.input.len()).collect();
                places.take(at, node, &all);
                for input in &node.input {
                    places.same.insert(input.clone(), output.to_owned());
                }
            } else if is_join(node, &constants, &convolved) && places.is_read(graph, at) {
                places.take(at, node, &[0, 1]);
            }
        }
        places
    }

    fn take(&mut self, at: usize, node: &Node, inputs: &[usize]) {
        self.names.extend(inputs.iter().filter_map(|&place| node.input.get(place)).cloned());
        self.inputs.insert(at, inputs.to_vec());
    }

    /// Whether what a node gives, bent or not, is read in 8 bits, or averaged at once.
    fn is_read(&self, graph: &Graph, at: usize) -> bool {
        let Some(output) = graph.node.get(at).and_then(|node| node.output.first()) else { return false };
        let averaged = |node: &Node| matches!(node.op_type.as_str(), "GlobalAveragePool" | "ReduceMean");
        self.names.contains(output)
            || graph.node.iter().enumerate().skip(at + 1).filter(|(_, node)| node.input.contains(output)).any(
                |(next, node)| {
                    averaged(node)
                        || BENDS.contains(&node.op_type.as_str())
                            && (node.output.first().is_some_and(|name| self.names.contains(name))
                                || self.is_read(graph, next))
                },
            )
    }

    pub(super) fn watched(&self) -> Vec<String> {
        self.names.iter().cloned().collect()
    }

    /// Whether a value goes through 8 bits.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The range of a value, or of the one that it is chosen from.
    pub(super) fn range(&self, name: &str, ranges: &BTreeMap<String, Range>) -> Option<Range> {
        let mut name = name;
        // A chain of choices ends at the value that is read.
        for _ in 0..=self.same.len() {
            match self.same.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        ranges.get(name).copied()
    }
}

/// Values that convolutions in 8 bits give.
fn convolved<'a>(graph: &'a Graph, kept: &BTreeMap<usize, &Layer>) -> BTreeSet<&'a str> {
    let is_convolution =
        |at: usize| kept.get(&at).is_some_and(|layer| layer.operator == Operator::Convolution);
    let of = graph.node.iter().enumerate().filter(|&(at, _)| is_convolution(at));
    of.filter_map(|(_, node)| node.output.first().map(String::as_str)).collect()
}

/// Whether two ways of a residual network meet here.
fn is_join(node: &Node, constants: &BTreeSet<&str>, convolved: &BTreeSet<&str>) -> bool {
    node.op_type == "Add"
        && node.input.iter().all(|name| !constants.contains(name.as_str()))
        && node.input.iter().any(|name| convolved.contains(name.as_str()))
}

/// The graph in 8 bits.
pub(super) fn quantized(
    graph: &Graph,
    layers: &[Layer],
    ranges: &BTreeMap<String, Range>,
    left: &BTreeSet<usize>,
) -> Result<Graph, OnnxError> {
    let places = Places::new(graph, layers, left);
    let mut write =
        Write { edit: Edit::of(graph), graph, places: &places, ranges, restored: BTreeMap::new() };
    let kept: BTreeMap<usize, &Layer> = layers
        .iter()
        .enumerate()
        .filter(|(at, _)| !left.contains(at))
        .map(|(_, layer)| (layer.node, layer))
        .collect();
    for (at, node) in graph.node.iter().enumerate() {
        let mut node = node.clone();
        let mut scale = 1.0;
        for &place in places.inputs.get(&at).into_iter().flatten() {
            let (name, of) = write.restored(&node.input[place])?;
            node.input[place] = name;
            scale = of;
        }
        if let Some(layer) = kept.get(&at) {
            write.layer(&mut node, layer, scale)?;
        }
        if !weights::lookup(&mut write.edit, graph, &node)? {
            write.edit.nodes.push(node);
        }
    }
    Ok(write.edit.finish(graph))
}

struct Write<'a> {
    edit: Edit,
    graph: &'a Graph,
    places: &'a Places,
    ranges: &'a BTreeMap<String, Range>,
    /// What became of a value, and the scale of its codes.
    restored: BTreeMap<String, (String, f32)>,
}

impl Write<'_> {
    /// The value through its codes, made once for all that read it.
    fn restored(&mut self, name: &str) -> Result<(String, f32), OnnxError> {
        if let Some(found) = self.restored.get(name) {
            return Ok(found.clone());
        }
        let range = self.places.range(name, self.ranges).ok_or_else(|| OnnxError::NoName(name.to_owned()))?;
        let scale = range.scale();
        let step = self.edit.numbers(&format!("{name}.scale"), Vec::new(), &[scale]);
        let zero = self.edit.constant(&format!("{name}.zero"), Vec::new(), BYTE, vec![range.zero()]);
        let codes =
            self.edit.node("QuantizeLinear", &[name, &step, &zero], &format!("{name}.codes"), Vec::new());
        let found = self.edit.node(
            "DequantizeLinear",
            &[&codes, &step, &zero],
            &format!("{name}.restored"),
            Vec::new(),
        );
        self.restored.insert(name.to_owned(), (found.clone(), scale));
        Ok((found, scale))
    }

    /// Weights and bias of a layer in whole numbers.
    fn layer(&mut self, node: &mut Node, layer: &Layer, scale: f32) -> Result<(), OnnxError> {
        let (weight, shape) = values(constant(self.graph, &layer.constant)?)?;
        let found = Symmetric::of(&weight, &shape, layer.axis, TOP);
        let (name, outputs) = (&layer.name, found.scales.len() as i64);
        let dims = shape.iter().map(|&extent| extent as i64).collect();
        let codes = self.edit.constant(&format!("{name}.weight.codes"), dims, SIGNED_BYTE, found.bytes());
        let steps = self.edit.numbers(&format!("{name}.weight.scale"), vec![outputs], &found.scales);
        let zeros = self.edit.constant(
            &format!("{name}.weight.zero"),
            vec![outputs],
            SIGNED_BYTE,
            vec![0; found.scales.len()],
        );
        let axis = vec![whole("axis", layer.axis as i64)];
        node.input[1] = self.edit.node(
            "DequantizeLinear",
            &[&codes, &steps, &zeros],
            &format!("{name}.weight.restored"),
            axis,
        );
        let bias = node.input.get(2).filter(|name| !name.is_empty());
        let Some(bias) = bias.and_then(|bias| constant(self.graph, bias).ok()) else { return Ok(()) };
        let (bias, _) = values(bias)?;
        if bias.len() != found.scales.len() {
            return Ok(());
        }
        node.input[2] = self.bias(name, &bias, &found.scales, scale);
        Ok(())
    }

    /// A bias as whole numbers of 32 bits in the steps of the sums that it is added to.
    fn bias(&mut self, name: &str, bias: &[f32], scales: &[f32], scale: f32) -> String {
        let steps: Vec<f32> = scales.iter().map(|of| of * scale).collect();
        let codes = bias
            .iter()
            .zip(&steps)
            .map(|(bias, step)| (f64::from(*bias) / f64::from(*step)).round_ties_even() as i32);
        let raw: Vec<u8> = codes.flat_map(i32::to_le_bytes).collect();
        let outputs = vec![bias.len() as i64];
        let codes = self.edit.constant(&format!("{name}.bias.codes"), outputs.clone(), INT32, raw);
        let steps = self.edit.numbers(&format!("{name}.bias.scale"), outputs.clone(), &steps);
        let zeros = self.edit.constant(&format!("{name}.bias.zero"), outputs, INT32, vec![0; 4 * bias.len()]);
        let axis = vec![whole("axis", 0)];
        self.edit.node("DequantizeLinear", &[&codes, &steps, &zeros], &format!("{name}.bias.restored"), axis)
    }
}

/// A constant of the graph.
pub(super) fn constant<'a>(graph: &'a Graph, name: &str) -> Result<&'a TensorMessage, OnnxError> {
    graph.initializer.iter().find(|of| of.name == name).ok_or_else(|| OnnxError::NoName(name.to_owned()))
}
