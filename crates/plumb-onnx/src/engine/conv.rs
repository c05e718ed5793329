//! Convolution of images with what follows it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use plumb_kernels::conv::{ConvShape, FloatConv};
use plumb_kernels::int8::ByteConv;

use super::Step;
use super::compile::{Compiler, Lowered};
use super::tail::{Chain, Tail};
use super::value::{Bytes, Value};
use super::weights::Weights8;
use crate::error::wrong;
use crate::proto::Node;
use crate::tensor::size;
use crate::{OnnxError, Tensor};

/// The filters in one form or both: bytes where the file has them, floats when they are asked for.
#[derive(Debug)]
struct Filters {
    layer: ConvShape,
    bytes: Option<(ByteConv, Vec<f32>, Weights8)>,
    floats: OnceLock<FloatConv>,
}

/// A convolution.
#[derive(Debug)]
pub(super) struct Conv {
    filters: Filters,
    bias: Vec<f32>,
    /// Pixels before and after each axis.
    pads: [[usize; 2]; 2],
    /// `SAME_UPPER` or `SAME_LOWER`: the padding follows from the image.
    same: Option<bool>,
    tail: Tail,
}

const CONV: &str = "Conv";

/// A layer as the node and the shape of its weight have it, the padding left out; none of a form that is not known.
fn layer(node: &Node, weight: &[usize]) -> Option<ConvShape> {
    let &[filters, channels, height, width] = weight else { return None };
    let groups = usize::try_from(node.int("group", 1)).ok()?;
    let pair = |name: &str| match node.ints(name).as_slice() {
        [] => Some([1, 1]),
        &[y, x] => Some([usize::try_from(y).ok()?, usize::try_from(x).ok()?]),
        _ => None,
    };
    let kernel = node.ints("kernel_shape");
    if !kernel.is_empty() && kernel != [height as i64, width as i64] {
        return None;
    }
    let shape = ConvShape {
        batch: 0,
        channels: channels.checked_mul(groups)?,
        size: [0, 0],
        filters,
        kernel: [height, width],
        stride: pair("strides")?,
        padding: [0, 0],
        dilation: pair("dilations")?,
        groups,
    };
    // Extents beyond these are no image's; below them nothing overflows.
    let sides = [shape.stride, shape.dilation, shape.kernel].concat();
    (shape.check_layer().is_ok() && sides.iter().all(|&side| side <= FARTHEST)).then_some(shape)
}

/// The largest kernel, stride, dilation and padding.
const FARTHEST: usize = 1 << 12;

/// The padding of a node: by axis, before and after; and whether it is the image's, the larger part at the end.
fn padding(node: &Node) -> Option<([[usize; 2]; 2], Option<bool>)> {
    let same = match node.string("auto_pad").as_str() {
        "" | "NOTSET" => None,
        "VALID" => return Some(([[0; 2]; 2], None)),
        "SAME_UPPER" => Some(true),
        "SAME_LOWER" => Some(false),
        _ => return None,
    };
    let side = |side: i64| usize::try_from(side).ok().filter(|&side| side <= FARTHEST);
    match node.ints("pads").as_slice() {
        [] => Some(([[0; 2]; 2], same)),
        &[top, left, bottom, right] => {
            Some(([[side(top)?, side(bottom)?], [side(left)?, side(right)?]], same))
        }
        _ => None,
    }
}

/// `Conv` with constant weights.
pub(super) fn lower(compiler: &Compiler, at: usize) -> Result<Option<Lowered>, OnnxError> {
    let node = compiler.node(at);
    let unknown = || OnnxError::Operator(node.op_type.clone());
    let (input, weight) = (node.input.first().ok_or_else(unknown)?, node.input.get(1).ok_or_else(unknown)?);
    let (bytes, floats) = match compiler.store.weights8(weight) {
        Some(weights) => (Some(weights.clone()), None),
        None => (None, Some(compiler.store.tensor(weight)?.ok_or_else(unknown)?)),
    };
    let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
        Some(name) => Some(compiler.store.tensor(name)?.ok_or_else(unknown)?.floats(CONV)?),
        None => None,
    };
    let output = node.output.first().ok_or_else(unknown)?;
    let filters = Filters::new(node, bytes, floats)?;
    build(compiler, node, [input, output], filters, bias, BTreeSet::new())
}

/// Puts a convolution together with the chain behind `output`.
fn build(
    compiler: &Compiler,
    node: &Node,
    [input, output]: [&str; 2],
    filters: Filters,
    bias: Option<Vec<f32>>,
    nodes: BTreeSet<usize>,
) -> Result<Option<Lowered>, OnnxError> {
    let count = filters.layer.filters;
    let bias = bias.unwrap_or_else(|| vec![0.0; count]);
    if bias.len() != count {
        return Err(node.wrong("a bias for each filter is wanted"));
    }
    let (pads, same) = padding(node).ok_or_else(|| OnnxError::Operator(node.op_type.clone()))?;
    let chain = Chain::from(compiler, output, nodes)?;
    let tail = chain.tail.clone();
    Ok(Some(Lowered::chained(input, Conv { filters, bias, pads, same, tail }, chain)))
}

/// `ConvInteger` behind `DynamicQuantizeLinear`, whose scales [`super::dynamic`] has found.
pub(super) fn of_integers(
    compiler: &Compiler,
    node: &Node,
    ends: [&str; 2],
    weights: Weights8,
    bias: Option<Vec<f32>>,
    nodes: BTreeSet<usize>,
) -> Result<Option<Lowered>, OnnxError> {
    let filters = Filters::new(node, Some(weights), None)?;
    build(compiler, node, ends, filters, bias, nodes)
}

impl Filters {
    fn new(node: &Node, bytes: Option<Weights8>, floats: Option<Tensor>) -> Result<Self, OnnxError> {
        let shape = match (&bytes, &floats) {
            (Some(weights), _) => &weights.shape[..],
            (None, Some(tensor)) => tensor.shape(),
            (None, None) => &[],
        };
        let layer = layer(node, shape).ok_or_else(|| OnnxError::Operator(node.op_type.clone()))?;
        let packed = bytes.as_ref().and_then(|weights| {
            Some((
                ByteConv::new(&layer, &weights.values)?,
                weights.scales(0, layer.filters)?,
                weights.clone(),
            ))
        });
        let filters = Self { layer, bytes: packed, floats: OnceLock::new() };
        if filters.bytes.is_none() {
            let values = match (bytes, floats) {
                (Some(weights), _) => weights.restored(),
                (None, Some(tensor)) => tensor.floats(CONV)?,
                (None, None) => Vec::new(),
            };
            let floats =
                FloatConv::new(&layer, values).ok_or_else(|| node.wrong("a weight of another extent"))?;
            filters.floats.get_or_init(|| floats);
        }
        Ok(filters)
    }

    /// The filters as floats; restored once.
    fn floats(&self) -> Option<&FloatConv> {
        if self.floats.get().is_none() {
            let (_, _, weights) = self.bytes.as_ref()?;
            let floats = FloatConv::new(&self.layer, weights.restored())?;
            return Some(self.floats.get_or_init(|| floats));
        }
        self.floats.get()
    }
}

impl Step for Conv {
    fn run(&self, inputs: Vec<Option<Value>>) -> Result<Vec<Value>, OnnxError> {
        let mut inputs = inputs.into_iter().flatten();
        let input = inputs.next().ok_or_else(|| wrong(CONV, "the input is missing"))?;
        let residual = inputs.next();
        let value = match (&self.filters.bytes, input) {
            (Some((conv, scale, _)), Value::Bytes(bytes)) => self.bytes(conv, scale, bytes, residual)?,
            (_, input) => {
                let (shape, values) = input.pictures(CONV)?;
                let (shape, values, layer) = self.padded(shape, &values, 0.0)?;
                let conv = self.filters.floats().ok_or_else(|| wrong(CONV, "there are no weights"))?;
                let values = conv.run(&layer, &values, Some(&self.bias));
                let [height, width] = layer.output();
                let value = Value::images([shape[0], layer.filters, height, width], values);
                self.tail.after(value, residual)?
            }
        };
        Ok(vec![value])
    }
}

/// Extents of images, the images, and the layer for them.
type Padded<'a, T> = ([usize; 4], Cow<'a, [T]>, ConvShape);

impl Conv {
    fn bytes(
        &self,
        conv: &ByteConv,
        scale: &[f32],
        input: Bytes,
        residual: Option<Value>,
    ) -> Result<Value, OnnxError> {
        let steps = input.steps;
        let (shape, input) = input.pictures(CONV)?;
        let (shape, values, layer) = self.padded(shape, &input.values, steps.zero)?;
        let scale: Vec<f32> = scale.iter().map(|scale| scale * steps.scale).collect();
        let [height, width] = layer.output();
        let output = vec![shape[0], layer.filters, height, width];
        self.tail.finish([&scale, &self.bias], output, true, residual, |finish, target| {
            conv.run(&layer, &values, steps.zero, finish, target);
        })
    }

    /// Images with the padding that the layer does not do itself, and the layer for them.
    fn padded<'a, T: Copy>(
        &self,
        shape: [usize; 4],
        values: &'a [T],
        zero: T,
    ) -> Result<Padded<'a, T>, OnnxError> {
        let layer = self.filters.layer;
        let [batch, channels, height, width] = shape;
        if channels != layer.channels {
            return Err(wrong(CONV, format!("{channels} channels, and the weight has {}", layer.channels)));
        }
        let pads = [0, 1].map(|axis| self.pads(axis, [height, width][axis]));
        let even = pads.iter().all(|[before, after]| before == after);
        let padding = if even { pads.map(|[before, _]| before) } else { [0, 0] };
        let (shape, values) = if even {
            (shape, Cow::Borrowed(values))
        } else {
            let (shape, values) = around(shape, values, pads, zero)?;
            (shape, Cow::Owned(values))
        };
        let layer = ConvShape { batch, size: [shape[2], shape[3]], padding, ..layer };
        layer.check().map_err(|error| wrong(CONV, error.to_string()))?;
        let [height, width] = layer.output();
        let grown = [batch, shape[2] + 2 * padding[0], shape[3] + 2 * padding[1], channels];
        for extents in [&grown[..], &[batch, height, width, layer.filters]] {
            size(extents).ok_or_else(|| OnnxError::TooLarge(extents.to_vec()))?;
        }
        Ok((shape, values, layer))
    }

    /// Pixels before and after an axis of this extent.
    fn pads(&self, axis: usize, extent: usize) -> [usize; 2] {
        let Some(upper) = self.same else { return self.pads[axis] };
        let layer = &self.filters.layer;
        let span = layer.dilation[axis] * (layer.kernel[axis] - 1) + 1;
        let total = ((extent.div_ceil(layer.stride[axis])).saturating_sub(1) * layer.stride[axis] + span)
            .saturating_sub(extent);
        if upper { [total / 2, total - total / 2] } else { [total - total / 2, total / 2] }
    }
}

/// Images, channels last, with a margin.
pub(super) fn around<T: Copy>(
    [batch, channels, height, width]: [usize; 4],
    values: &[T],
    [[top, bottom], [left, right]]: [[usize; 2]; 2],
    zero: T,
) -> Result<([usize; 4], Vec<T>), OnnxError> {
    let shape = [batch, channels, height + top + bottom, width + left + right];
    let mut padded = vec![zero; super::value::count(&shape)?];
    let (row, old) = (shape[3] * channels, width * channels);
    for image in 0..batch {
        for y in 0..height {
            let to = (image * shape[2] + top + y) * row + left * channels;
            padded[to..to + old].copy_from_slice(&values[(image * height + y) * old..][..old]);
        }
    }
    Ok((shape, padded))
}

/// A window of pooling.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    /// By axis, before and after.
    pub(super) pads: [[usize; 2]; 2],
}

/// As [`layer`] and [`padding`] for a window of pooling.
pub(super) fn window(node: &Node) -> Option<Window> {
    let pair = |values: &[i64]| match values {
        &[y, x] => Some([usize::try_from(y).ok()?, usize::try_from(x).ok()?]),
        _ => None,
    };
    let kernel = pair(&node.ints("kernel_shape"))?;
    let strides = node.ints("strides");
    let stride = if strides.is_empty() { [1, 1] } else { pair(&strides)? };
    let (pads, same) = padding(node)?;
    let plain = node.ints("dilations").iter().all(|&dilation| dilation == 1);
    let sides = [kernel, stride].concat();
    let known = plain && same.is_none() && sides.iter().all(|&side| (1..=FARTHEST).contains(&side));
    known.then_some(Window { kernel, stride, pads })
}
