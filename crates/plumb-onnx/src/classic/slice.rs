//! Parts of tensors, and tensors that repeat.

use super::shapes::{axis, pick};
use super::{Outputs, input, math};
use crate::proto::Node;
use crate::tensor::size;
use crate::{OnnxError, Tensor, Values};

/// Where a slice begins along an axis, how many places it has and how far they lie apart.
#[derive(Clone, Copy)]
struct Part {
    first: i64,
    count: usize,
    step: i64,
}

impl Part {
    /// As NumPy has `start:end:step`, but that a start ahead of the first place is the first place.
    fn of(extent: usize, start: i64, end: i64, step: i64) -> Self {
        let extent = extent as i64;
        let place = |at: i64| if at < 0 { at.saturating_add(extent) } else { at };
        let (low, high) = if step > 0 { (0, extent) } else { (-1, extent - 1) };
        let first = place(start).min(high).max(0);
        let last = place(end).clamp(low, high);
        let room = if step > 0 { last - first } else { first - last };
        let apart = i64::try_from(step.unsigned_abs()).unwrap_or(i64::MAX);
        let count = if room > 0 && extent > 0 { (room - 1) / apart + 1 } else { 0 };
        Self { first, count: count as usize, step }
    }
}

/// `Slice`, its ends by inputs or attributes.
pub(super) fn slice(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let rank = x.shape().len();
    let given = |place: usize, name: &str| match inputs.get(place).copied().flatten() {
        Some(tensor) => tensor.whole(&node.op_type),
        None => Ok(node.ints(name)),
    };
    let (starts, ends) = (given(1, "starts")?, given(2, "ends")?);
    let (mut axes, mut steps) = (given(3, "axes")?, given(4, "steps")?);
    if axes.is_empty() {
        axes = (0..starts.len() as i64).collect();
    }
    if steps.is_empty() {
        steps = vec![1; starts.len()];
    }
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
        return Err(node.wrong("starts, ends, axes and steps do not go together"));
    }
    let mut parts: Vec<Part> =
        x.shape().iter().map(|&extent| Part::of(extent, 0, extent as i64, 1)).collect();
    for (at, &named) in axes.iter().enumerate() {
        let place = axis(node, named, rank)?;
        let extent = x.shape().get(place).copied().ok_or_else(|| node.wrong("a number has no parts"))?;
        // The end of a slice that goes backwards past the first place is a number far below 0.
        let end = if ends[at] < -(extent as i64) { i64::MIN / 2 } else { ends[at] };
        parts[place] = Part::of(extent, starts[at], end, steps[at]);
    }
    let shape: Vec<usize> = parts.iter().map(|part| part.count).collect();
    let values = match x.values() {
        Values::Floats(values) => Values::Floats(cut(values, x.shape(), &parts)),
        Values::Whole(values) => Values::Whole(cut(values, x.shape(), &parts)),
        Values::Texts(values) => Values::Texts(cut(values, x.shape(), &parts)),
    };
    Ok(vec![Tensor::new(shape, values)?])
}

/// The elements of the parts, axis by axis.
fn cut<T: Clone>(values: &[T], shape: &[usize], parts: &[Part]) -> Vec<T> {
    let ([extent, inner @ ..], [part, others @ ..]) = (shape, parts) else { return values.to_vec() };
    let len: usize = inner.iter().product();
    let whole = others.iter().zip(inner).all(|(part, extent)| part.step == 1 && part.count == *extent);
    let mut found = Vec::new();
    for at in 0..part.count {
        let place = (part.first + at as i64 * part.step) as usize;
        debug_assert!(place < *extent, "a slice lies inside");
        let values = &values[place * len..][..len];
        if whole {
            found.extend_from_slice(values);
        } else {
            found.extend(cut(values, inner, others));
        }
    }
    found
}

/// `Expand`: as broadcasting has it, in both directions.
pub(super) fn expand(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let (x, asked) = (input(node, inputs, 0)?, input(node, inputs, 1)?.whole(&node.op_type)?);
    let extent = |&extent: &i64| usize::try_from(extent).map_err(|_negative| node.wrong("a negative extent"));
    let asked: Vec<usize> = asked.iter().map(extent).collect::<Result<_, _>>()?;
    let shape = math::broadcast(node, x.shape(), &asked)?;
    size(&shape).ok_or_else(|| OnnxError::TooLarge(shape.clone()))?;
    let values = pick(x.values(), &math::places(x.shape(), &shape));
    Ok(vec![Tensor::new(shape, values)?])
}

/// `Split` into as many parts as there are outputs, equal ones where no extents are given.
pub(super) fn split(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let at = axis(node, node.int("axis", 0), x.shape().len())?;
    let extent = x.shape().get(at).copied().ok_or_else(|| node.wrong("a number has no parts"))?;
    let asked = match inputs.get(1).copied().flatten() {
        Some(asked) => asked.whole(&node.op_type)?,
        None => node.ints("split"),
    };
    let lens: Vec<usize> = if asked.is_empty() {
        let each = extent.div_ceil(node.output.len().max(1)).max(1);
        (0..node.output.len()).map(|part| each.min(extent.saturating_sub(part * each))).collect()
    } else {
        let len = |&len: &i64| usize::try_from(len).map_err(|_negative| node.wrong("a negative extent"));
        asked.iter().map(len).collect::<Result<_, _>>()?
    };
    if lens.iter().try_fold(0usize, |sum, len| sum.checked_add(*len)) != Some(extent) {
        return Err(node.wrong(format!("parts of {lens:?} of {extent}")));
    }
    let mut first = 0;
    let part = |len: usize| {
        let mut parts: Vec<Part> =
            x.shape().iter().map(|&extent| Part::of(extent, 0, extent as i64, 1)).collect();
        parts[at] = Part { first: first as i64, count: len, step: 1 };
        first += len;
        let shape = parts.iter().map(|part| part.count).collect();
        let values = match x.values() {
            Values::Floats(values) => Values::Floats(cut(values, x.shape(), &parts)),
            Values::Whole(values) => Values::Whole(cut(values, x.shape(), &parts)),
            Values::Texts(values) => Values::Texts(cut(values, x.shape(), &parts)),
        };
        Tensor::new(shape, values)
    };
    lens.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sliced(extent: usize, start: i64, end: i64, step: i64) -> Vec<i64> {
        let part = Part::of(extent, start, end, step);
        (0..part.count as i64).map(|at| part.first + at * part.step).collect()
    }

    /// What ONNX Runtime 1.32 gives.
    #[test]
    fn ends_beyond_the_extent_are_those_of_the_extent() {
        assert_eq!(sliced(5, 1, 4, 1), [1, 2, 3]);
        assert_eq!(sliced(5, -3, 100, 2), [2, 4]);
        assert_eq!(sliced(5, -1, i64::MIN / 2, -2), [4, 2, 0]);
        assert_eq!(sliced(1, -4, -4, -2), [0]);
        assert_eq!(sliced(5, 7, 2, -1), [4, 3]);
        assert_eq!(sliced(5, 3, 2, 1), [0i64; 0]);
        assert_eq!(sliced(5, 0, 5, i64::MAX), [0]);
        for (start, end, step) in [(0, 5, 1), (-1, i64::MIN / 2, -1), (3, 0, -1), (-9, 9, 1)] {
            assert_eq!(sliced(0, start, end, step), [0i64; 0]);
        }
    }
}
