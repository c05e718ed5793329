//! How a kernel with a gradient of its own becomes a tensor function.
//!
//! Burn's CPU backend hands out the buffers of its tensors without a copy. A kernel takes them, computes on slices, and
//! puts a node of its own into the gradient graph; what its backward pass needs it keeps itself. On a device that is not
//! this CPU the function of the same name is made of Burn's operations.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::{Autodiff, DispatchDevice, Flex};
use burn::tensor::{Bytes, DType, Device, Shape, Tensor};

/// A tensor that gradients may flow to.
type Tracked = burn::backend::tensor::FloatTensor<Autodiff<Flex>>;

/// A function of `N` tensors, computed by kernels.
pub(crate) trait Operation<const N: usize>: Clone + Debug + Send + 'static {
    /// What the gradients are computed from.
    type Saved: Clone + Debug + Send + 'static;

    /// The value, and what the backward pass needs.
    fn forward(&self, inputs: [FlexTensor; N]) -> (FlexTensor, Self::Saved);

    /// The gradients of the wanted inputs, from that of the output.
    fn backward(
        &self,
        saved: Self::Saved,
        gradient: FlexTensor,
        wanted: [bool; N],
    ) -> [Option<FlexTensor>; N];
}

/// An input, on the gradient graph or not.
#[derive(Debug)]
pub(crate) enum Operand {
    Plain(FlexTensor),
    Tracked(Tracked),
}

/// Whether kernels can compute with the tensor: 32-bit floats on this CPU.
pub(crate) fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    let of_cpu = |device: &DispatchDevice| match device {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(_) => is_flex(tensor.device()),
        #[expect(unreachable_patterns, reason = "other devices come with features of the engine")]
        _ => false,
    };
    tensor.dtype() == DType::F32 && of_cpu(tensor.device().as_dispatch())
}

fn is_flex(device: Device) -> bool {
    matches!(device.inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// The tensor's memory. Call it after [`on_cpu`].
pub(crate) fn operand<const D: usize>(tensor: Tensor<D>) -> Operand {
    const WHY: &str = "`on_cpu` was asked";
    if tensor.device().is_autodiff() {
        #[expect(clippy::expect_used, reason = "callers have asked `on_cpu`")]
        Operand::Tracked(tensor.try_into_primitive::<Autodiff<Flex>>().expect(WHY))
    } else {
        #[expect(clippy::expect_used, reason = "callers have asked `on_cpu`")]
        Operand::Plain(tensor.try_into_primitive::<Flex>().expect(WHY))
    }
}

/// Computes the operation and puts it on the gradient graph if its inputs are on it. Also returns what it has saved.
pub(crate) fn apply<O: Operation<N>, const N: usize, const D: usize>(
    operation: O,
    inputs: [Operand; N],
) -> (Tensor<D>, O::Saved) {
    if inputs.iter().all(|input| matches!(input, Operand::Plain(_))) {
        let (value, saved) = operation.forward(inputs.map(plain));
        return (Tensor::from_primitive::<Flex>(value), saved);
    }
    let inputs = inputs.map(tracked);
    let guards = inputs.each_ref().map(Tracked::node);
    let (value, saved) = operation.forward(inputs.map(Tracked::into_primitive));
    let node = match Node(operation).prepare::<NoCheckpointing>(guards).compute_bound().stateful() {
        OpsKind::Tracked(node) => node.finish(saved.clone(), value),
        OpsKind::UnTracked(node) => node.finish(value),
    };
    (Tensor::from_primitive::<Autodiff<Flex>>(node), saved)
}

fn plain(operand: Operand) -> FlexTensor {
    match operand {
        Operand::Plain(tensor) => tensor,
        Operand::Tracked(tensor) => tensor.into_primitive(),
    }
}

fn tracked(operand: Operand) -> Tracked {
    match operand {
        Operand::Plain(tensor) => Tracked::new(tensor),
        Operand::Tracked(tensor) => tensor,
    }
}

#[derive(Debug)]
struct Node<O>(O);

impl<O: Operation<N>, const N: usize> Backward<Flex, N> for Node<O> {
    type State = O::Saved;

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = self.0.backward(ops.state, gradient, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// The tensor with its entries one after the other; copied if they are not.
pub(crate) fn dense(tensor: FlexTensor) -> FlexTensor {
    if tensor.as_slice::<f32>().is_some() { tensor } else { tensor.to_contiguous() }
}

/// The entries of a tensor that went through [`dense`].
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().unwrap_or_default()
}

/// A tensor of these entries, row-major.
pub(crate) fn array(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape.into()), DType::F32)
}

/// The extents of a tensor.
pub(crate) fn extents(tensor: &FlexTensor) -> Vec<usize> {
    tensor.layout().shape().iter().copied().collect()
}
