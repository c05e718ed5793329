//! Weights in smaller numbers; what is computed stays in single precision.

use std::collections::BTreeMap;

use super::edit::{Edit, FLOAT, SIGNED_BYTE, whole};
use super::layers::{Layer, Operator};
use super::qdq::constant;
use super::scales::{Symmetric, values};
use crate::OnnxError;
use crate::proto::{Attribute, Graph, Model, Node, TensorMessage};

/// In which numbers weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightForm {
    /// 8 bits, one scale for each output of a layer and each row of a table of vectors.
    Int8,
    /// 4 bits in products of matrices, one scale for each 32 weights of an output; the rest in 8 bits. ONNX has 4 bits from opset 21 on.
    Int4,
    /// Half precision: 10 bits of fraction, up to 65,504.
    F16,
    /// Brain floating point: 7 bits of fraction, the range of single precision.
    Bf16,
}

const HALF: i32 = 10;
const BRAIN: i32 = 16;
const NIBBLE: i32 = 22;
/// Weights that share a scale in 4 bits.
const BLOCK: usize = 32;
/// Constants of fewer numbers are kept as they are.
const LEAST: usize = 256;
/// Numbers of a table of vectors from which on it is worth its scales.
const LEAST_OF_TABLE: usize = 4096;

/// The graph with its weights stored so.
pub(super) fn stored(graph: &Graph, layers: &[Layer], form: WeightForm) -> Result<Graph, OnnxError> {
    let mut edit = Edit::of(graph);
    let by_node: BTreeMap<usize, &Layer> = layers.iter().map(|layer| (layer.node, layer)).collect();
    let mut restored: BTreeMap<String, String> = BTreeMap::new();
    for (at, node) in graph.node.iter().enumerate() {
        let mut node = node.clone();
        match form {
            WeightForm::Int8 | WeightForm::Int4 => {
                if let Some(layer) = by_node.get(&at) {
                    node.input[1] = whole_numbers(&mut edit, graph, layer, form)?;
                }
                if lookup(&mut edit, graph, &node)? {
                    continue;
                }
            }
            WeightForm::F16 | WeightForm::Bf16 => {
                for input in &mut node.input {
                    if let Some(found) = restored.get(input) {
                        input.clone_from(found);
                    } else if let Some(found) = halved(&mut edit, graph, input, form)? {
                        restored.insert(input.clone(), found.clone());
                        *input = found;
                    }
                }
            }
        }
        edit.nodes.push(node);
    }
    Ok(edit.finish(graph))
}

/// The restored weights of a layer.
fn whole_numbers(
    edit: &mut Edit,
    graph: &Graph,
    layer: &Layer,
    form: WeightForm,
) -> Result<String, OnnxError> {
    let (weight, shape) = values(constant(graph, &layer.constant)?)?;
    let dims: Vec<i64> = shape.iter().map(|&extent| extent as i64).collect();
    let name = &layer.name;
    if form == WeightForm::Int4 && layer.operator == Operator::Product && layer.axis == 1 {
        return Ok(nibbles(edit, name, &weight, [shape[0], shape[1]]));
    }
    let found = Symmetric::of(&weight, &shape, layer.axis, 127);
    let codes = edit.constant(&format!("{name}.weight.codes"), dims, SIGNED_BYTE, found.bytes());
    let steps = edit.numbers(&format!("{name}.weight.scale"), vec![found.scales.len() as i64], &found.scales);
    let axis = vec![whole("axis", layer.axis as i64)];
    Ok(edit.node("DequantizeLinear", &[&codes, &steps], &format!("{name}.weight.restored"), axis))
}

/// A matrix `[inputs, outputs]` in 4 bits, -7 to 7; of the two codes of a byte the first has the low bits.
fn nibbles(edit: &mut Edit, name: &str, weight: &[f32], [inputs, outputs]: [usize; 2]) -> String {
    let blocks = inputs.div_ceil(BLOCK);
    let (mut codes, mut scales) = (vec![0i8; weight.len()], vec![0.0f32; blocks * outputs]);
    for block in 0..blocks {
        let rows = block * BLOCK..((block + 1) * BLOCK).min(inputs);
        for output in 0..outputs {
            let most = rows.clone().fold(0.0f32, |most, row| most.max(weight[row * outputs + output].abs()));
            let scale = super::scales::scale(most, 7.0);
            scales[block * outputs + output] = scale;
            for row in rows.clone() {
                let at = row * outputs + output;
                codes[at] = super::scales::code(weight[at] / scale, 7);
            }
        }
    }
    let low = |code: i8| code.cast_unsigned() & 0x0f;
    let raw =
        codes.chunks(2).map(|pair| low(pair[0]) | pair.get(1).map_or(0, |&code| low(code) << 4)).collect();
    let dims = vec![inputs as i64, outputs as i64];
    let codes = edit.constant(&format!("{name}.weight.codes"), dims, NIBBLE, raw);
    let steps = edit.numbers(&format!("{name}.weight.scale"), vec![blocks as i64, outputs as i64], &scales);
    let settings = vec![whole("axis", 0), whole("block_size", BLOCK as i64)];
    edit.node("DequantizeLinear", &[&codes, &steps], &format!("{name}.weight.restored"), settings)
}

/// A large constant in half the bits, restored; none for others.
fn halved(edit: &mut Edit, graph: &Graph, name: &str, form: WeightForm) -> Result<Option<String>, OnnxError> {
    let Some(found) = graph.initializer.iter().find(|of| of.name == name) else { return Ok(None) };
    if found.data_type != FLOAT || found.raw_data.len() < LEAST * size_of::<f32>() {
        return Ok(None);
    }
    let (numbers, _) = values(found)?;
    let (kind, raw) = match form {
        WeightForm::Bf16 => {
            (BRAIN, numbers.iter().flat_map(|&x| half::bf16::from_f32(x).to_le_bytes()).collect())
        }
        _ => (HALF, numbers.iter().flat_map(|&x| half::f16::from_f32(x).to_le_bytes()).collect()),
    };
    let stored = edit.constant(&format!("{name}.half"), found.dims.clone(), kind, raw);
    let to = vec![whole("to", i64::from(FLOAT))];
    Ok(Some(edit.node("Cast", &[&stored], &format!("{name}.restored"), to)))
}

/// Rows of a large table of vectors, looked up in 8 bits and restored row by row; whether the node was one.
pub(super) fn lookup(edit: &mut Edit, graph: &Graph, node: &Node) -> Result<bool, OnnxError> {
    let (Some(table), Some(rows), Some(last)) = (node.input.first(), node.input.get(1), node.output.first())
    else {
        return Ok(false);
    };
    let found = graph.initializer.iter().find(|of| of.name == *table && is_table(of));
    let Some(found) = found.filter(|_| node.op_type == "Gather" && node.int("axis", 0) == 0) else {
        return Ok(false);
    };
    let (numbers, shape) = values(found)?;
    let codes = Symmetric::of(&numbers, &shape, 0, 127);
    let stored = edit.constant(&format!("{table}.codes"), found.dims.clone(), SIGNED_BYTE, codes.bytes());
    let scales = edit.numbers(&format!("{table}.scale"), vec![shape[0] as i64, 1], &codes.scales);
    let rows_of = edit.node("Gather", &[&stored, rows], &format!("{table}.rows"), Vec::new());
    let float = vec![whole("to", i64::from(FLOAT))];
    let numbers = edit.node("Cast", &[&rows_of], &format!("{table}.rows.float"), float);
    let steps = edit.node("Gather", &[&scales, rows], &format!("{table}.steps"), Vec::new());
    edit.nodes.push(Node {
        input: vec![numbers, steps],
        name: last.clone(),
        output: vec![last.clone()],
        op_type: "Mul".to_owned(),
        ..Node::default()
    });
    Ok(true)
}

fn is_table(constant: &TensorMessage) -> bool {
    constant.data_type == FLOAT
        && constant.dims.len() == 2
        && constant.raw_data.len() >= LEAST_OF_TABLE * size_of::<f32>()
}

/// Opset 21, which has 4 bits. Reductions got their axes as an input in 18.
pub(super) fn raise_opset(model: &mut Model) {
    model.ir_version = 10;
    for set in model.opset_import.iter_mut().filter(|set| set.domain.is_empty()) {
        set.version = 21;
    }
    let Some(graph) = &mut model.graph else { return };
    let mut edit = Edit::of(graph);
    for mut node in std::mem::take(&mut graph.node) {
        let is_reduction = matches!(node.op_type.as_str(), "ReduceMean" | "ReduceMax" | "ReduceMin");
        if let Some(place) = node.attribute.iter().position(|of| is_reduction && of.name == "axes") {
            let axes: Attribute = node.attribute.remove(place);
            let raw = axes.ints.iter().flat_map(|axis| axis.to_le_bytes()).collect();
            let dims = vec![axes.ints.len() as i64];
            let name = format!("{}.axes", node.name);
            node.input.push(edit.constant(&name, dims, 7, raw));
        }
        edit.nodes.push(node);
    }
    *graph = edit.finish(graph);
}
