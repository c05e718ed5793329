//! Functions of one number.

use plumb_kernels::elementary;
use plumb_kernels::slices::apply;

use super::Step;
use super::compile::{Compiler, Lowered};
use super::elementwise::{each, is_whole};
use super::tail;
use super::value::Value;
use crate::OnnxError;
use crate::error::wrong;
use crate::proto::Node;

/// A function, with the numbers of its node.
#[derive(Debug, Clone, Copy)]
enum Function {
    Ends([f32; 2]),
    Elu(f32),
    Erf,
    Exp,
    Gelu,
    GeluTanh,
    HardSigmoid(f32, f32),
    HardSwish,
    LeakyRelu(f32),
    Sigmoid,
    Sqrt,
    Tanh,
}

#[derive(Debug)]
struct Activation {
    function: Function,
    operator: String,
}

/// GELU.
pub(super) fn gelu() -> impl Step {
    Activation { function: Function::Gelu, operator: "Gelu".to_owned() }
}

/// One of the functions of one number; a `Clip` whose ends are not constant is left to the operators of tables.
pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let function = match node.op_type.as_str() {
        "Relu" | "Clip" => match compiler.ends(node)? {
            Some(ends) => Function::Ends(ends),
            None => return Ok(None),
        },
        name => match plain(name, node) {
            Some(function) => function,
            None => return Ok(None),
        },
    };
    Ok(Some(Lowered::of_first(node, Activation { function, operator: node.op_type.clone() })))
}

fn plain(name: &str, node: &Node) -> Option<Function> {
    Some(match name {
        "Elu" => Function::Elu(node.float("alpha", 1.0)),
        "Erf" => Function::Erf,
        "Exp" => Function::Exp,
        "Gelu" if node.string("approximate") == "tanh" => Function::GeluTanh,
        "Gelu" => Function::Gelu,
        "HardSigmoid" => Function::HardSigmoid(node.float("alpha", 0.2), node.float("beta", 0.5)),
        "HardSwish" => Function::HardSwish,
        "LeakyRelu" => Function::LeakyRelu(node.float("alpha", 0.01)),
        "Sigmoid" => Function::Sigmoid,
        "Sqrt" => Function::Sqrt,
        "Tanh" => Function::Tanh,
        _ => return None,
    })
}

/// `1 / (1 + e^-x)` from the exponential of a number that is not positive, so that nothing overflows.
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let small = elementary::exp(-x.abs());
    let share = 1.0 / (1.0 + small);
    if x < 0.0 { small * share } else { share }
}

/// Within 1e-7 of the hyperbolic tangent: its series near 0, where the difference of exponentials would cancel.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let square = x * x;
    let near = x
        * (1.0
            + square
                * (-1.0 / 3.0 + square * (2.0 / 15.0 + square * (-17.0 / 315.0 + square * (62.0 / 2835.0)))));
    let small = elementary::exp(-2.0 * x.abs());
    let far = ((1.0 - small) / (1.0 + small)).copysign(x);
    if x.abs() < 0.25 { near } else { far }
}

impl Step for Activation {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let input = inputs.into_iter().next().flatten();
        let input = input.ok_or_else(|| wrong(&self.operator, "the input is missing"))?;
        if let (Function::Ends(ends), false) = (self.function, is_whole(&input)) {
            return Ok(vec![tail::clipped(input, ends)?]);
        }
        let change = |values: &mut Vec<f32>| self.function.apply(values);
        Ok(vec![each(input, &self.operator, change)?])
    }
}

/// Calls `apply` with a closure that becomes vector code.
macro_rules! map {
    ($values:expr, $x:ident => $body:expr) => {
        apply(
            $values,
            #[inline(always)]
            |$x: f32| $body,
        )
    };
}

impl Function {
    fn apply(self, values: &mut [f32]) {
        match self {
            Self::Ends([low, high]) => map!(values, x => {
                let x = if x < low { low } else { x };
                if x > high { high } else { x }
            }),
            Self::Elu(alpha) => {
                map!(values, x => if x > 0.0 { x } else { alpha * (elementary::exp(x) - 1.0) });
            }
            Self::Erf => map!(values, x => elementary::erf(x).0),
            Self::Exp => values.iter_mut().for_each(|x| *x = x.exp()),
            Self::Gelu => {
                map!(values, x => 0.5 * x * (1.0 + elementary::erf(x * std::f32::consts::FRAC_1_SQRT_2).0));
            }
            Self::GeluTanh => {
                map!(values, x => 0.5 * x * (1.0 + tanh(0.797_884_6 * (x + 0.044_715 * x * x * x))));
            }
            Self::HardSigmoid(alpha, beta) => map!(values, x => {
                let x = alpha * x + beta;
                let x = if x < 0.0 { 0.0 } else { x };
                if x > 1.0 { 1.0 } else { x }
            }),
            Self::HardSwish => map!(values, x => {
                let share = x / 6.0 + 0.5;
                let share = if share < 0.0 { 0.0 } else { share };
                x * if share > 1.0 { 1.0 } else { share }
            }),
            Self::LeakyRelu(alpha) => map!(values, x => if x < 0.0 { alpha * x } else { x }),
            Self::Sigmoid => map!(values, x => sigmoid(x)),
            Self::Sqrt => map!(values, x => x.sqrt()),
            Self::Tanh => map!(values, x => tanh(x)),
        }
    }
}
