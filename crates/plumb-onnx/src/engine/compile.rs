//! From a graph to steps.

use std::collections::{BTreeMap, BTreeSet};

use super::tail::Chain;
use super::value::{Value, scalar};
use super::weights::Store;
use super::{
    Engine, Placed, Step, activation, conv, dynamic, elementwise, patterns, pool, product, quantized, rows,
    shapes,
};
use crate::OnnxError;
use crate::classic::Kernel;
use crate::graph::Parsed;
use crate::proto::Node;

/// A lowered node: its step, what that reads and writes, and the nodes that it stands for besides.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) step: Box<dyn Step>,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) nodes: BTreeSet<usize>,
    /// Whether all outputs are names of one value.
    pub(super) joint: bool,
}

impl Lowered {
    /// A step of one node alone, with the node's own inputs and outputs.
    pub(super) fn alone(node: &Node, step: impl Step + 'static) -> Self {
        Self {
            step: Box::new(step),
            inputs: node.input.clone(),
            outputs: node.output.clone(),
            nodes: BTreeSet::new(),
            joint: false,
        }
    }

    /// A step of a node's first input whose result has several names.
    pub(super) fn joined(
        node: &Node,
        step: impl Step + 'static,
        names: Vec<String>,
        nodes: BTreeSet<usize>,
    ) -> Self {
        Self { outputs: names, nodes, joint: true, ..Self::of_first(node, step) }
    }

    /// A step of a node's first inputs, whose others are constants that it has taken in.
    pub(super) fn of_first(node: &Node, step: impl Step + 'static) -> Self {
        Self { inputs: node.input.iter().take(1).cloned().collect(), ..Self::alone(node, step) }
    }

    /// A step that takes a chain along: from an input, and what the chain adds.
    pub(super) fn chained(input: &str, step: impl Step + 'static, chain: Chain) -> Self {
        let inputs = std::iter::once(input.to_owned()).chain(chain.residual).collect();
        Self { step: Box::new(step), inputs, outputs: chain.outputs, nodes: chain.nodes, joint: true }
    }
}

/// The `DequantizeLinear` nodes behind a `QuantizeLinear`.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) nodes: Vec<usize>,
    /// What they make.
    pub(super) names: Vec<String>,
}

/// What lowers a node.
type Lower = fn(&Compiler, usize) -> Result<Option<Lowered>, OnnxError>;

/// The operators with steps of their own. One that answers none leaves the node to the operators of tables.
static STEPS: &[(&str, Lower)] = &[
    ("Add", elementwise::lower),
    ("AveragePool", pool::lower),
    ("BatchNormalization", elementwise::lower_norm),
    ("Clip", activation::lower),
    ("Conv", conv::lower),
    ("ConvInteger", dynamic::lower_conv),
    ("DequantizeLinear", quantized::lower_back),
    ("Div", elementwise::lower),
    ("DynamicQuantizeLinear", dynamic::lower),
    ("Elu", activation::lower),
    ("Erf", activation::lower),
    ("Exp", activation::lower),
    ("Flatten", shapes::lower),
    ("Gelu", activation::lower),
    ("Gemm", product::lower_gemm),
    ("GlobalAveragePool", pool::lower_global),
    ("HardSigmoid", activation::lower),
    ("HardSwish", activation::lower),
    ("LayerNormalization", rows::lower_norm),
    ("LeakyRelu", activation::lower),
    ("MatMul", product::lower),
    ("MatMulInteger", dynamic::lower_product),
    ("MaxPool", pool::lower),
    ("Mul", elementwise::lower),
    ("QuantizeLinear", quantized::lower),
    ("ReduceMean", patterns::layer_norm),
    ("Relu", activation::lower),
    ("Reshape", shapes::lower),
    ("Sigmoid", activation::lower),
    ("Softmax", rows::lower_softmax),
    ("Sqrt", activation::lower),
    ("Squeeze", shapes::lower),
    ("Sub", elementwise::lower),
    ("Tanh", activation::lower),
    ("Transpose", shapes::lower_transpose),
    ("Unsqueeze", shapes::lower),
];

/// Operators that are computed once where their inputs are constants; none makes much of little.
const FOLDED: &[&str] = &["Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

/// Whether a node has only attributes that the operators know: some change what is computed and came with a later version.
fn is_known(node: &Node) -> bool {
    let plain = ["fmod", "noop_with_empty_axes", "select_last_index", "start"];
    let near = |name: &str, usual: f32| (node.float(name, usual) - usual).abs() < 1e-3;
    let domains = ["", "ai.onnx", crate::graph::CLASSIC];
    domains.contains(&node.domain.as_str())
        && plain.iter().all(|name| node.int(name, 0) == 0)
        && node.list("end").is_none()
        && match node.op_type.as_str() {
            "Selu" => near("alpha", 1.673_263_2) && near("gamma", 1.050_701),
            "Cast" => matches!(node.int("to", 1), 1..=7 | 9..=13 | 16),
            _ => true,
        }
}

/// A graph that is being compiled.
#[derive(Debug)]
pub(super) struct Compiler {
    nodes: Vec<Node>,
    pub(super) store: Store,
    /// By name: the nodes that read it, once for each time.
    users: BTreeMap<String, Vec<usize>>,
    makers: BTreeMap<String, usize>,
    outputs: BTreeSet<String>,
    /// Nodes that a step of another one stands for.
    taken: BTreeSet<usize>,
    pub(super) opset: i64,
}

impl Compiler {
    pub(super) fn node(&self, at: usize) -> &Node {
        &self.nodes[at]
    }

    /// The node that makes a value.
    pub(super) fn maker(&self, name: &str) -> Option<&Node> {
        self.makers.get(name).map(|&at| &self.nodes[at])
    }

    pub(super) fn users(&self, name: &str) -> &[usize] {
        self.users.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_output(&self, name: &str) -> bool {
        self.outputs.contains(name)
    }

    /// The one node that reads a value, which it reads once, and which is no output of the graph; none that is taken already.
    pub(super) fn only_user(&self, name: &str) -> Option<usize> {
        match self.users(name) {
            [user] if !self.is_output(name) && !self.taken.contains(user) => Some(*user),
            _ => None,
        }
    }

    /// The constant ends of a `Relu` or `Clip`.
    pub(super) fn ends(&self, node: &Node) -> Result<Option<[f32; 2]>, OnnxError> {
        if node.op_type == "Relu" {
            return Ok(Some([0.0, f32::INFINITY]));
        }
        let mut ends = [node.float("min", f32::NEG_INFINITY), node.float("max", f32::INFINITY)];
        for (end, name) in ends.iter_mut().zip(node.input.iter().skip(1)) {
            if name.is_empty() {
                continue;
            }
            match self.store.tensor(name)?.as_ref().and_then(scalar) {
                Some(constant) => *end = constant,
                None => return Ok(None),
            }
        }
        Ok((ends[0] <= ends[1]).then_some(ends))
    }

    /// The `DequantizeLinear` nodes that read a `QuantizeLinear`, and what they make; none where somebody else reads it or with other steps.
    pub(super) fn restored(&self, at: usize) -> Result<Option<Restored>, OnnxError> {
        let node = self.node(at);
        let Some(name) = node.output.first() else { return Ok(None) };
        let users = self.users(name);
        if self.is_output(name) || users.is_empty() {
            return Ok(None);
        }
        let steps = self.store.steps(node)?;
        for &user in users {
            let back = self.node(user);
            if back.op_type != "DequantizeLinear"
                || back.input.first() != Some(name)
                || self.store.steps(back)? != steps
            {
                return Ok(None);
            }
        }
        let names = users.iter().filter_map(|&user| self.node(user).output.first().cloned()).collect();
        Ok(Some(Restored { nodes: users.to_vec(), names }))
    }

    /// Computes what follows from constants alone.
    fn fold(&mut self) -> Result<(), OnnxError> {
        for at in 0..self.nodes.len() {
            let node = self.nodes[at].clone();
            let Some(output) = node.output.first() else { continue };
            let known = node.input.iter().all(|name| name.is_empty() || self.store.has(name));
            if node.op_type == "Constant" || (known && FOLDED.contains(&node.op_type.as_str())) {
                let inputs =
                    node.input.iter().map(|name| self.store.tensor(name)).collect::<Result<Vec<_>, _>>()?;
                let inputs: Vec<_> = inputs.iter().map(Option::as_ref).collect();
                if let Some(tensor) = Kernel::of(&node)?.compute(&node, &inputs)?.into_iter().next() {
                    self.store.fold(output, tensor);
                }
            } else if known && node.op_type == "DequantizeLinear" {
                self.store.dequantize(&node)?;
            }
        }
        Ok(())
    }

    fn lower(&self, at: usize) -> Result<Lowered, OnnxError> {
        let node = self.node(at);
        if !is_known(node) {
            return Err(OnnxError::Operator(node.op_type.clone()));
        }
        let own =
            STEPS.iter().find(|(name, _)| *name == node.op_type && node.domain != crate::graph::CLASSIC);
        if let Some(lowered) = own.map(|(_, lower)| lower(self, at)).transpose()?.flatten() {
            return Ok(lowered);
        }
        Ok(Lowered::alone(node, Table { node: node.clone(), kernel: Kernel::of(node)? }))
    }
}

/// A node that the operators of tables compute.
#[derive(Debug)]
struct Table {
    node: Node,
    kernel: Kernel,
}

impl Step for Table {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let inputs = inputs.into_iter().map(|value| value.map(Value::plain).transpose());
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let inputs: Vec<_> = inputs.iter().map(Option::as_deref).collect();
        Ok(self.kernel.compute(&self.node, &inputs)?.into_iter().map(Value::from).collect())
    }
}

pub(super) fn compile(parsed: &mut Parsed) -> Result<Engine, OnnxError> {
    let mut compiler = Compiler {
        nodes: std::mem::take(&mut parsed.nodes),
        store: Store::new(std::mem::take(&mut parsed.weights)),
        users: BTreeMap::new(),
        makers: BTreeMap::new(),
        outputs: parsed.outputs.iter().map(|port| port.name.clone()).collect(),
        taken: BTreeSet::new(),
        opset: parsed.opset,
    };
    for (at, node) in compiler.nodes.iter().enumerate() {
        for name in node.input.iter().filter(|name| !name.is_empty()) {
            compiler.users.entry(name.clone()).or_default().push(at);
        }
        for name in &node.output {
            compiler.makers.insert(name.clone(), at);
        }
    }
    compiler.fold()?;
    let mut lowered: BTreeMap<usize, Lowered> = BTreeMap::new();
    for at in 0..compiler.nodes.len() {
        let node = compiler.node(at);
        let folded = node.output.first().is_some_and(|name| compiler.store.has(name));
        if folded || compiler.taken.contains(&at) {
            continue;
        }
        let step = compiler.lower(at)?;
        if step.nodes.iter().any(|node| compiler.taken.contains(node)) {
            return Err(OnnxError::Operator(node.op_type.clone()));
        }
        compiler.taken.extend(&step.nodes);
        // A chain is computed where its last node stands: there everything that it reads is known.
        let place = step.nodes.iter().copied().fold(at, usize::max);
        lowered.insert(place, step);
    }
    place(parsed, &compiler, lowered)
}

/// Gives each name a place.
fn place(
    parsed: &Parsed,
    compiler: &Compiler,
    lowered: BTreeMap<usize, Lowered>,
) -> Result<Engine, OnnxError> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let at = |names: &mut BTreeMap<String, usize>, name: &str| {
        let next = names.len();
        *names.entry(name.to_owned()).or_insert(next)
    };
    let inputs: Vec<_> = parsed.inputs.iter().map(|port| (port.name.clone(), port.shape.clone())).collect();
    for (name, _) in &inputs {
        at(&mut names, name);
    }
    let mut steps = Vec::new();
    for lowered in lowered.into_values() {
        let reads =
            lowered.inputs.iter().map(|name| (!name.is_empty()).then(|| at(&mut names, name))).collect();
        let mut outputs: Vec<usize> = Vec::with_capacity(lowered.outputs.len());
        for name in &lowered.outputs {
            match outputs.first() {
                Some(&first) if lowered.joint => {
                    names.insert(name.clone(), first);
                }
                _ => outputs.push(at(&mut names, name)),
            }
        }
        steps.push(Placed { step: lowered.step, inputs: reads, outputs });
    }
    for port in &parsed.outputs {
        at(&mut names, &port.name);
    }
    let mut constants = vec![None; names.len()];
    for (name, &place) in names.iter().filter(|(name, _)| compiler.store.has(name)) {
        constants[place] = compiler.store.tensor(name)?.map(Value::from);
    }
    Ok(Engine { steps, constants, names, inputs })
}
