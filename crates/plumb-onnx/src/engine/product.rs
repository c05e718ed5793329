//! Products of matrices with what follows them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use plumb_kernels::conv::FloatConv;
use plumb_kernels::int8::{self, Weights};
use plumb_kernels::slices;

use super::Step;
use super::compile::{Compiler, Lowered};
use super::tail::{Chain, Tail};
use super::value::{Value, count, floats_of};
use super::weights::Weights8;
use crate::classic::Kernel;
use crate::error::wrong;
use crate::proto::Node;
use crate::{OnnxError, Tensor};

/// The columns in one form or both: bytes where the file has them, floats when they are asked for.
#[derive(Debug)]
struct Columns {
    /// Rows and columns of the matrix.
    extents: [usize; 2],
    turned: bool,
    bytes: Option<(Weights, Vec<f32>, Weights8)>,
    floats: OnceLock<FloatConv>,
}

/// A product with a constant matrix.
#[derive(Debug)]
struct Product {
    columns: Columns,
    bias: Vec<f32>,
    tail: Tail,
    operator: String,
}

/// What the right matrix is.
enum Right {
    Bytes(Weights8),
    Floats(Tensor),
}

impl Right {
    fn of(compiler: &Compiler, name: &str) -> Result<Option<Self>, OnnxError> {
        if let Some(weights) = compiler.store.weights8(name) {
            return Ok(Some(Self::Bytes(weights.clone())));
        }
        Ok(compiler.store.tensor(name)?.map(Self::Floats))
    }

    fn shape(&self) -> &[usize] {
        match self {
            Self::Bytes(weights) => &weights.shape,
            Self::Floats(tensor) => tensor.shape(),
        }
    }
}

impl Columns {
    fn new(right: Right, turned: bool, factor: f32, operator: &str) -> Result<Self, OnnxError> {
        let &[rows, columns] = right.shape() else { return Err(wrong(operator, "the second is no matrix")) };
        let extents @ [_, n] = if turned { [columns, rows] } else { [rows, columns] };
        let damaged = || wrong(operator, "a matrix of another extent");
        let mut found = Self { extents, turned, bytes: None, floats: OnceLock::new() };
        let values = match right {
            Right::Bytes(mut weights) => {
                weights.scale.iter_mut().for_each(|scale| *scale *= factor);
                let packed = Weights::of_matrix(&weights.values, extents, turned);
                match (packed, weights.scales(usize::from(!turned), n)) {
                    (Some(packed), Some(scale)) => {
                        found.bytes = Some((packed, scale, weights));
                        return Ok(found);
                    }
                    _ => weights.restored(),
                }
            }
            Right::Floats(tensor) => tensor.floats(operator)?.into_iter().map(|x| x * factor).collect(),
        };
        let floats = FloatConv::of_matrix(&values, extents, turned).ok_or_else(damaged)?;
        found.floats.get_or_init(|| floats);
        Ok(found)
    }

    /// The columns as floats; restored once.
    fn floats(&self) -> Option<&FloatConv> {
        if self.floats.get().is_none() {
            let (_, _, weights) = self.bytes.as_ref()?;
            let floats = FloatConv::of_matrix(&weights.restored(), self.extents, self.turned)?;
            return Some(self.floats.get_or_init(|| floats));
        }
        self.floats.get()
    }
}

/// The bias that an `Add` of a constant row after a value is, and the name of the sum; the node goes into `nodes`.
pub(super) fn bias(
    compiler: &Compiler,
    name: &str,
    columns: usize,
    nodes: &mut BTreeSet<usize>,
) -> Result<Option<(Vec<f32>, String)>, OnnxError> {
    let is_row = |shape: &[usize]| matches!(shape, [found] | [1, found] if *found == columns);
    added(compiler, name, is_row, nodes)
}

/// The constant of such a shape that an `Add` after a value adds, and the name of the sum; the node goes into `nodes`.
pub(super) fn added(
    compiler: &Compiler,
    name: &str,
    fits: impl Fn(&[usize]) -> bool,
    nodes: &mut BTreeSet<usize>,
) -> Result<Option<(Vec<f32>, String)>, OnnxError> {
    let Some(at) = compiler.only_user(name) else { return Ok(None) };
    let node = compiler.node(at);
    let other = node.input.iter().find(|input| *input != name);
    let (Some(other), Some(output), "Add") = (other, node.output.first(), node.op_type.as_str()) else {
        return Ok(None);
    };
    let Some(constant) = compiler.store.tensor(other)? else { return Ok(None) };
    if node.input.len() != 2 || !fits(constant.shape()) {
        return Ok(None);
    }
    nodes.insert(at);
    Ok(Some((constant.floats("Add")?, output.clone())))
}

/// `MatMul`; with a constant matrix packed once.
pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let (Some(input), Some(name), Some(output)) =
        (node.input.first(), node.input.get(1), node.output.first())
    else {
        return Err(node.wrong("an input is missing"));
    };
    let right = if compiler.store.has(input) { None } else { Right::of(compiler, name)? };
    let Some(right) = right.filter(|right| right.shape().len() == 2) else {
        return Ok(Some(Lowered::alone(node, Pairs { node: node.clone(), kernel: Kernel::of(node)? })));
    };
    let columns = Columns::new(right, false, 1.0, &node.op_type)?;
    build(compiler, node, [input, output], columns, None, BTreeSet::new())
}

/// `Gemm` with a constant matrix and a constant row; another one is left to the operators of tables.
pub(super) fn lower_gemm(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let (Some(input), Some(name), Some(output)) =
        (node.input.first(), node.input.get(1), node.output.first())
    else {
        return Err(node.wrong("an input is missing"));
    };
    let Some(right) = Right::of(compiler, name)?.filter(|right| right.shape().len() == 2) else {
        return Ok(None);
    };
    if node.int("transA", 0) != 0 || compiler.store.has(input) {
        return Ok(None);
    }
    let columns = Columns::new(right, node.int("transB", 0) != 0, node.float("alpha", 1.0), &node.op_type)?;
    let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => {
            let Some(row) = compiler.store.tensor(name)? else { return Ok(None) };
            let beta = node.float("beta", 1.0);
            let row: Vec<f32> = row.floats(&node.op_type)?.into_iter().map(|x| beta * x).collect();
            match row.as_slice() {
                [one] => Some(vec![*one; columns.extents[1]]),
                row if row.len() == columns.extents[1] => Some(row.to_vec()),
                _ => return Ok(None),
            }
        }
    };
    build(compiler, node, [input, output], columns, bias, BTreeSet::new())
}

/// `MatMulInteger` behind `DynamicQuantizeLinear`, whose scales [`super::dynamic`] has found.
pub(super) fn of_integers(
    compiler: &Compiler,
    node: &Node,
    ends: [&str; 2],
    weights: Weights8,
    nodes: BTreeSet<usize>,
) -> Result<Option<Lowered>, OnnxError> {
    let columns = Columns::new(Right::Bytes(weights), false, 1.0, &node.op_type)?;
    build(compiler, node, ends, columns, None, nodes)
}

fn build(
    compiler: &Compiler,
    node: &Node,
    [input, output]: [&str; 2],
    columns: Columns,
    row: Option<Vec<f32>>,
    mut nodes: BTreeSet<usize>,
) -> Result<Option<Lowered>, OnnxError> {
    let n = columns.extents[1];
    let (row, output) = match row {
        Some(row) => (row, output.to_owned()),
        None => match bias(compiler, output, n, &mut nodes)? {
            Some((row, output)) => (row, output),
            None => (vec![0.0; n], output.to_owned()),
        },
    };
    let chain = Chain::from(compiler, &output, nodes)?;
    let tail = chain.tail.clone();
    let step = Product { columns, bias: row, tail, operator: node.op_type.clone() };
    Ok(Some(Lowered::chained(input, step, chain)))
}

impl Step for Product {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let mut inputs = inputs.into_iter().flatten();
        let input = inputs.next().ok_or_else(|| wrong(&self.operator, "the input is missing"))?;
        let residual = inputs.next();
        let [k, n] = self.columns.extents;
        let mut shape = input.shape().to_vec();
        if shape.last() != Some(&k) {
            return Err(wrong(&self.operator, format!("{shape:?} by [{k}, {n}]")));
        }
        shape.pop();
        shape.push(n);
        count(&shape)?;
        let value = match (&self.columns.bytes, input) {
            (Some((weights, scale, _)), Value::Bytes(bytes)) => {
                let bytes = bytes.first();
                let scale: Vec<f32> = scale.iter().map(|scale| scale * bytes.steps.scale).collect();
                self.tail.finish([&scale, &self.bias], shape, false, residual, |finish, target| {
                    int8::product(&bytes.values, bytes.steps.zero, k, weights, finish, target);
                })?
            }
            (_, input) => {
                let input = input.plain()?;
                let values = floats_of(&input, &self.operator)?;
                let columns =
                    self.columns.floats().ok_or_else(|| wrong(&self.operator, "there are no weights"))?;
                let values = columns.product(&values, Some(&self.bias));
                self.tail.after(Value::floats(shape, values)?, residual)?
            }
        };
        Ok(vec![value])
    }
}

/// A product of two tensors that are both computed: stacks of matrices, as attention has them.
#[derive(Debug)]
struct Pairs {
    node: Node,
    kernel: Kernel,
}

impl Step for Pairs {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let mut inputs = inputs.into_iter().flatten();
        let (Some(a), Some(b)) = (inputs.next(), inputs.next()) else {
            return Err(self.node.wrong("an input is missing"));
        };
        if let ([of_a @ .., m, k], [of_b @ .., of_k, n]) = (a.shape(), b.shape())
            && of_a == of_b
            && k == of_k
            && *k > 0
            && a.is_floats()
            && b.is_floats()
        {
            let shape = [of_a, &[*m, *n]].concat();
            let (stack, extents) = (count(of_a)?, [*m, *k, *n]);
            count(&shape)?;
            let (a, b) = (a.plain()?, b.plain()?);
            let (a, b) = (floats_of(&a, "MatMul")?, floats_of(&b, "MatMul")?);
            return Ok(vec![Value::floats(shape, slices::products(&a, &b, stack, extents, false))?]);
        }
        let (a, b) = (a.plain()?, b.plain()?);
        Ok(self.kernel.compute(&self.node, &[Some(&a), Some(&b)])?.into_iter().map(Value::from).collect())
    }
}
