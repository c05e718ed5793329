//! Functions that exporters write as several operators: GELU and layer normalization.

use std::collections::BTreeSet;

use super::compile::{Compiler, Lowered};
use super::value::scalar;
use super::{activation, rows};
use crate::OnnxError;
use crate::proto::Node;

/// How far a constant may be from what it stands for: half precision.
const NEAR: f32 = 1e-3;

/// A walk from node to node, each of which is the only one that reads the last one's result.
struct Walk<'a> {
    compiler: &'a Compiler,
    at: String,
    nodes: BTreeSet<usize>,
}

impl<'a> Walk<'a> {
    fn from(compiler: &'a Compiler, node: &Node) -> Option<Self> {
        Some(Self { compiler, at: node.output.first()?.clone(), nodes: BTreeSet::new() })
    }

    /// On to the node of that operator that reads the value; its other input, empty without.
    fn to(&mut self, operator: &str) -> Option<&'a str> {
        let user = self.compiler.only_user(&self.at)?;
        let node = self.compiler.node(user);
        if node.op_type != operator || node.input.len() > 2 {
            return None;
        }
        let other = node.input.iter().find(|input| **input != self.at);
        self.at = node.output.first()?.clone();
        self.nodes.insert(user);
        Some(other.map_or("", String::as_str))
    }

    fn number(&self, name: &str) -> Result<Option<f32>, OnnxError> {
        Ok(self.compiler.store.tensor(name)?.as_ref().and_then(scalar))
    }

    /// A row of constants.
    fn row(&self, name: &str) -> Result<Option<Vec<f32>>, OnnxError> {
        let row = self.compiler.store.tensor(name)?.filter(|tensor| tensor.shape().len() == 1);
        row.map(|tensor| tensor.floats("Mul")).transpose()
    }
}

fn is_near(number: Option<f32>, wanted: f32) -> bool {
    number.is_some_and(|number| (number - wanted).abs() < NEAR)
}

/// `x (1 + erf(x / sqrt 2)) / 2`, which begins with `Div` or `Mul`.
pub(super) fn gelu(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let [input, root] = node.input.as_slice() else { return Ok(None) };
    let Some(mut walk) = Walk::from(compiler, node) else { return Ok(None) };
    let root = walk.number(root)?;
    let wanted =
        if node.op_type == "Div" { std::f32::consts::SQRT_2 } else { std::f32::consts::FRAC_1_SQRT_2 };
    if !is_near(root, wanted) || walk.to("Erf").is_none() {
        return Ok(None);
    }
    let Some(one) = walk.to("Add") else { return Ok(None) };
    if !is_near(walk.number(one)?, 1.0) {
        return Ok(None);
    }
    let (mut half, mut own) = (false, false);
    while !(half && own) {
        let Some(other) = walk.to("Mul") else { return Ok(None) };
        if other == input && !own {
            own = true;
        } else if is_near(walk.number(other)?, 0.5) && !half {
            half = true;
        } else {
            return Ok(None);
        }
    }
    let lowered = Lowered::of_first(node, activation::gelu());
    Ok(Some(Lowered { outputs: vec![walk.at], nodes: walk.nodes, ..lowered }))
}

/// `(x - mean) / sqrt(variance + epsilon) weight + bias` along the last axis, which begins with `ReduceMean`.
pub(super) fn layer_norm(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let (Some(input), Some(mut walk)) = (node.input.first(), Walk::from(compiler, node)) else {
        return Ok(None);
    };
    if !is_last(compiler, node)? || walk.to("Sub") != Some(input) {
        return Ok(None);
    }
    // The difference goes into the square and into the quotient.
    let difference = walk.at.clone();
    let users = compiler.users(&difference);
    let of = |operator: &str| users.iter().copied().find(|&user| compiler.node(user).op_type == operator);
    let (Some(square), Some(quotient), 2) = (of("Pow"), of("Div"), users.len()) else { return Ok(None) };
    let (square, quotient) = (compiler.node(square), compiler.node(quotient));
    let inner = Walk::from(compiler, square).filter(|_| square.input.first() == Some(&difference));
    let Some(mut inner) = inner.filter(|_| !compiler.is_output(&difference)) else { return Ok(None) };
    let mean = compiler.only_user(&inner.at).map(|at| compiler.node(at));
    let is_mean = mean.map(|mean| is_last(compiler, mean)).transpose()?.unwrap_or(false);
    if !is_near(inner.number(square.input.get(1).map_or("", String::as_str))?, 2.0) || !is_mean {
        return Ok(None);
    }
    let Some(epsilon) = inner.to("ReduceMean").and_then(|_| inner.to("Add")) else { return Ok(None) };
    let epsilon = inner.number(epsilon)?;
    if inner.to("Sqrt").is_none() || quotient.input != [difference.clone(), inner.at.clone()] {
        return Ok(None);
    }
    let Some(mut outer) = Walk::from(compiler, quotient) else { return Ok(None) };
    let weight = outer.to("Mul").map(|name| outer.row(name)).transpose()?.flatten();
    let bias = outer.to("Add").map(|name| outer.row(name)).transpose()?.flatten();
    let (Some(weight), Some(bias), Some(epsilon)) = (weight, bias, epsilon) else { return Ok(None) };
    if weight.len() != bias.len() || weight.is_empty() {
        return Ok(None);
    }
    let mut nodes = walk.nodes;
    nodes.extend(inner.nodes);
    nodes.extend(outer.nodes);
    nodes.extend(users);
    let lowered = Lowered::of_first(node, rows::norm(epsilon, weight, bias));
    Ok(Some(Lowered { outputs: vec![outer.at], nodes, ..lowered }))
}

/// Whether a `ReduceMean` is along the last axis and keeps it.
fn is_last(compiler: &Compiler, node: &Node) -> Result<bool, OnnxError> {
    let axes = match node.input.get(1).filter(|name| !name.is_empty()) {
        Some(name) => {
            compiler.store.tensor(name)?.map(|axes| axes.whole("ReduceMean")).transpose()?.unwrap_or_default()
        }
        None => node.ints("axes"),
    };
    Ok(node.op_type == "ReduceMean" && axes == [-1] && node.int("keepdims", 1) == 1)
}
