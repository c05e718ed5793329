//! Pooling of images.

use plumb_kernels::slices::{self, Window};

use super::compile::{Compiler, Lowered};
use super::value::{Bytes, Value, count};
use super::{Step, conv};
use crate::OnnxError;
use crate::error::wrong;

/// What is taken of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Max,
    /// Whether the padding counts.
    Average(bool),
}

#[derive(Debug)]
struct Pool {
    kind: Kind,
    kernel: [usize; 2],
    stride: [usize; 2],
    pads: [[usize; 2]; 2],
    up: bool,
}

/// `MaxPool` with one output, and `AveragePool`.
pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let unknown = || OnnxError::Operator(node.op_type.clone());
    let conv::Window { kernel, stride, pads } = conv::window(node).ok_or_else(unknown)?;
    if node.output.len() != 1
        || pads.iter().zip(kernel).any(|(pads, side)| pads.iter().any(|&pad| pad >= side))
    {
        return Err(unknown());
    }
    let kind = if node.op_type == "MaxPool" {
        Kind::Max
    } else {
        Kind::Average(node.int("count_include_pad", 0) != 0)
    };
    let up = node.int("ceil_mode", 0) != 0;
    if up && kind == Kind::Average(true) {
        return Err(unknown());
    }
    Ok(Some(Lowered::of_first(node, Pool { kind, kernel, stride, pads, up })))
}

impl Pool {
    fn window(&self, [_, channels, height, width]: [usize; 4]) -> Result<Window, OnnxError> {
        let size = [height, width];
        let mut output = [0; 2];
        for axis in 0..2 {
            let [before, after] = self.pads[axis];
            let room = (size[axis] + before + after).checked_sub(self.kernel[axis]);
            let room = room.ok_or_else(|| wrong("MaxPool", format!("a window larger than {size:?}")))?;
            let places = if self.up { room.div_ceil(self.stride[axis]) } else { room / self.stride[axis] };
            // A window that would begin in the padding behind the image is left out.
            let begins = places * self.stride[axis] < size[axis] + before;
            output[axis] = places + usize::from(begins || places == 0);
        }
        let before = self.pads.map(|[before, _]| before);
        Ok(Window { size, channels, kernel: self.kernel, stride: self.stride, before, output })
    }
}

impl Step for Pool {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let operator = if self.kind == Kind::Max { "MaxPool" } else { "AveragePool" };
        let input =
            inputs.into_iter().next().flatten().ok_or_else(|| wrong(operator, "the input is missing"))?;
        let extents = super::value::four(input.shape(), operator)?;
        let window = self.window(extents)?;
        let shape = [extents[0], extents[1], window.output[0], window.output[1]];
        count(&shape)?;
        let value = match (self.kind, input) {
            // The order of bytes is that of what they stand for.
            (Kind::Max, Value::Bytes(bytes)) => {
                let (_, bytes) = bytes.pictures(operator)?;
                let values = slices::max_pool(&bytes.values, &window, 0u8).into();
                Value::Bytes(Bytes { shape: shape.to_vec(), last: true, values, steps: bytes.steps })
            }
            (Kind::Max, other) => {
                let (_, values) = other.pictures(operator)?;
                Value::images(shape, slices::max_pool(&values, &window, f32::NEG_INFINITY))
            }
            (Kind::Average(padded), other) => {
                let (_, values) = other.pictures(operator)?;
                Value::images(shape, slices::average_pool(&values, &window, padded))
            }
        };
        Ok(vec![value])
    }
}

/// `GlobalAveragePool`.
#[derive(Debug)]
struct Global;

pub(super) fn lower_global(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    Ok(Some(Lowered::of_first(compiler.node(at), Global)))
}

impl Step for Global {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let operator = "GlobalAveragePool";
        let input =
            inputs.into_iter().next().flatten().ok_or_else(|| wrong(operator, "the input is missing"))?;
        let ([batch, channels, height, width], values) = input.pictures(operator)?;
        if height * width == 0 {
            return Err(wrong(operator, "images without pixels"));
        }
        let values = slices::global_average(&values, [height * width, channels]);
        Ok(vec![Value::images([batch, channels, 1, 1], values)])
    }
}
