//! Networks on kernels of our own.
//!
//! A graph is compiled into steps once: weights are packed, what follows a convolution or a product is joined with it ([`tail`]), pairs of
//! `QuantizeLinear` and `DequantizeLinear` leave bytes in memory. Shapes are those of the inputs of a run. Images lie channels last between steps
//! that know them so ([`value::Value`]). What is not worth a step of its own is computed by the operators of tables ([`crate::classic`]).

#![expect(clippy::unnecessary_wraps, reason = "what lowers a node is a row of one table")]
#![expect(clippy::inline_always, reason = "what is not inlined into a pass is compiled for the plain target")]

mod activation;
mod compile;
mod conv;
mod dynamic;
mod elementwise;
mod patterns;
mod pool;
mod product;
mod quantized;
mod rows;
mod shapes;
mod tail;
mod value;
mod weights;

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Parsed;
use crate::{OnnxError, Tensor};
use value::Value;

/// A step: from its inputs, which are its own, to its outputs.
trait Step: std::fmt::Debug + Send + Sync {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError>;
}

/// A step with the places of what it reads and writes.
#[derive(Debug)]
struct Placed {
    step: Box<dyn Step>,
    inputs: Vec<Option<usize>>,
    outputs: Vec<usize>,
}

/// A compiled network.
#[derive(Debug)]
pub(crate) struct Engine {
    steps: Vec<Placed>,
    /// The values of constants; none of what is computed.
    constants: Vec<Option<Value>>,
    names: BTreeMap<String, usize>,
    /// Extents that the file fixes, by input.
    inputs: Vec<(String, Vec<Option<usize>>)>,
}

impl Engine {
    /// Compiles a graph; [`OnnxError::Operator`] where it has an operator, or a form of one, that is not known.
    pub(crate) fn new(parsed: &mut Parsed) -> Result<Self, OnnxError> {
        compile::compile(parsed)
    }

    /// The outputs of those names.
    pub(crate) fn run(
        &self,
        inputs: Vec<(String, Tensor)>,
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, OnnxError> {
        let place =
            |name: &str| self.names.get(name).copied().ok_or_else(|| OnnxError::NoName(name.to_owned()));
        let wanted: Vec<usize> = outputs.iter().map(|name| place(name)).collect::<Result<_, _>>()?;
        let mut values = self.constants.clone();
        for (name, tensor) in inputs {
            self.check(&name, tensor.shape())?;
            values[place(&name)?] = Some(tensor.into());
        }
        let (needed, mut uses) = self.needed(&wanted);
        for (at, step) in self.steps.iter().enumerate().filter(|(at, _)| needed.contains(at)) {
            let mut given = Vec::with_capacity(step.inputs.len());
            for input in &step.inputs {
                given.push(input.map(|place| self.take(&mut values, &mut uses, place)).transpose()?);
            }
            let found = self.steps[at].step.run(given)?;
            for (&place, value) in step.outputs.iter().zip(found) {
                values[place] = (uses[place] > 0).then_some(value);
            }
        }
        let answer = |&place: &usize| {
            let value = self.take(&mut values, &mut uses, place)?.plain()?;
            Ok(std::sync::Arc::try_unwrap(value).unwrap_or_else(|shared| (*shared).clone()))
        };
        wanted.iter().map(answer).collect()
    }

    /// A value; its last reader gets it for itself.
    fn take(
        &self,
        values: &mut [Option<Value>],
        uses: &mut [usize],
        place: usize,
    ) -> Result<Value, OnnxError> {
        uses[place] = uses[place].saturating_sub(1);
        let value = if uses[place] == 0 { values[place].take() } else { values[place].clone() };
        value.ok_or_else(|| {
            let name = self.names.iter().find(|(_, at)| **at == place);
            OnnxError::NoName(name.map(|(name, _)| name.clone()).unwrap_or_default())
        })
    }

    /// The steps that outputs follow from, and how often each value is read.
    fn needed(&self, wanted: &[usize]) -> (BTreeSet<usize>, Vec<usize>) {
        let mut uses = vec![0; self.constants.len()];
        for &place in wanted {
            uses[place] += 1;
        }
        let mut needed = BTreeSet::new();
        for (at, step) in self.steps.iter().enumerate().rev() {
            if step.outputs.iter().any(|&place| uses[place] > 0) {
                needed.insert(at);
                for &place in step.inputs.iter().flatten() {
                    uses[place] += 1;
                }
            }
        }
        (needed, uses)
    }

    /// The extents that the file fixes are those of the input.
    fn check(&self, name: &str, shape: &[usize]) -> Result<(), OnnxError> {
        let Some((_, wanted)) = self.inputs.iter().find(|(known, _)| known == name) else {
            return Err(OnnxError::NoName(name.to_owned()));
        };
        let fits = |(wanted, found): (&Option<usize>, &usize)| wanted.is_none_or(|extent| extent == *found);
        if wanted.is_empty() || (wanted.len() == shape.len() && wanted.iter().zip(shape).all(fits)) {
            return Ok(());
        }
        Err(OnnxError::Network(format!(
            "the input `{name}` has the shape {shape:?}, the model wants {wanted:?}"
        )))
    }
}
