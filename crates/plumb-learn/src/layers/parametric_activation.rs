//! An activation with a learned strength for each unit (RealMLP, ingredient 7).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_onnx::{GraphWriter, Name};

use super::{Activation, parameter};
use crate::parameters::host;

/// `x + a (f(x) - x)`, `a` started at 1: from the identity (0) over `f` (1) to past it.
///
/// # Shapes
/// `[rows, units]` to the same.
#[derive(Module, Debug)]
pub struct ParametricActivation {
    /// The strengths, `[1, units]`.
    pub strength: Param<Tensor<2>>,
    #[module(skip)]
    function: Activation,
}

impl ParametricActivation {
    /// Strengths of 1.
    pub fn new(units: usize, function: Activation, device: &Device) -> Self {
        Self { strength: parameter([1, units], device, |_| 1.0), function }
    }

    /// Applies the activation.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let bent = self.function.apply(input.clone()).sub(input.clone());
        input.add(bent.mul(self.strength.val()))
    }
}

impl ParametricActivation {
    /// The activation as operators; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, input: &Name) -> Name {
        let strength = host(self.strength.val().inner());
        let strength = graph.floats(&format!("{at}.strength"), &self.strength.dims(), &strength);
        let applied = self.function.write(graph, input);
        let bent = graph.node("Sub", &[&applied, input], &[]);
        let bent = graph.node("Mul", &[&bent, &strength], &[]);
        graph.node("Add", &[input, &bent], &[])
    }
}
