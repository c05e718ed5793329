//! Extents, places and kinds of elements.

use super::{Outputs, input};
use crate::proto::Node;
use crate::tensor::size;
use crate::{OnnxError, Tensor, Values};

/// The elements at some places, in that order.
pub(super) fn pick(values: &Values, places: &[usize]) -> Values {
    match values {
        Values::Floats(values) => Values::Floats(places.iter().map(|&at| values[at]).collect()),
        Values::Whole(values) => Values::Whole(places.iter().map(|&at| values[at]).collect()),
        Values::Texts(values) => Values::Texts(places.iter().map(|&at| values[at].clone()).collect()),
    }
}

/// An axis as a place; negative ones count from the end.
pub(super) fn axis(node: &Node, axis: i64, rank: usize) -> Result<usize, OnnxError> {
    let place = if axis < 0 { axis + rank as i64 } else { axis };
    usize::try_from(place)
        .ok()
        .filter(|&place| place < rank.max(1))
        .ok_or_else(|| node.wrong(format!("axis {axis} of {rank}")))
}

/// `Identity`; `Dropout` too, which does nothing after training, and `ZipMap`, whose maps are shown as the tensor.
pub(super) fn identity(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    Ok(vec![input(node, inputs, 0)?.clone()])
}

/// `Cast`. Numbers of 64 bits are of 32 here.
pub(super) fn cast(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let to = node.int("to", 1);
    let values = match (to, x.values()) {
        (1 | 10 | 11 | 16, Values::Texts(values)) => {
            let number = |value: &String| {
                value.trim().parse().map_err(|_none| node.wrong(format!("`{value}` is no number")))
            };
            Values::Floats(values.iter().map(number).collect::<Result<_, _>>()?)
        }
        (1 | 10 | 11 | 16, _) => Values::Floats(x.floats(&node.op_type)?),
        (8, Values::Texts(values)) => Values::Texts(values.clone()),
        (8, Values::Whole(values)) => Values::Texts(values.iter().map(i64::to_string).collect()),
        (8, Values::Floats(values)) => Values::Texts(values.iter().map(f32::to_string).collect()),
        (9, Values::Floats(values)) => Values::Whole(values.iter().map(|&x| i64::from(x != 0.0)).collect()),
        (9, Values::Whole(values)) => Values::Whole(values.iter().map(|&x| i64::from(x != 0)).collect()),
        (2..=7 | 12 | 13, Values::Texts(values)) => {
            let number = |value: &String| {
                value.trim().parse().map_err(|_none| node.wrong(format!("`{value}` is no whole number")))
            };
            Values::Whole(values.iter().map(number).collect::<Result<_, _>>()?)
        }
        (2..=7 | 12 | 13, _) => Values::Whole(x.whole(&node.op_type)?),
        (other, _) => return Err(node.wrong(format!("to type {other}"))),
    };
    Ok(vec![Tensor::new(x.shape().to_vec(), values)?])
}

/// The extents that `Reshape` asks for: 0 keeps one, -1 is what is left.
fn asked_shape(node: &Node, shape: &[usize], asked: &[i64]) -> Result<Vec<usize>, OnnxError> {
    let kept = |(at, &extent): (usize, &i64)| match extent {
        0 if node.int("allowzero", 0) == 0 => shape.get(at).copied(),
        -1 => Some(1),
        extent => usize::try_from(extent).ok(),
    };
    let known: Option<Vec<usize>> = asked.iter().enumerate().map(kept).collect();
    let mut found = known.ok_or_else(|| node.wrong(format!("the shape {asked:?}")))?;
    if let Some(at) = asked.iter().position(|&extent| extent == -1) {
        let others = size(&found).ok_or_else(|| OnnxError::TooLarge(found.clone()))?;
        found[at] = shape.iter().product::<usize>().checked_div(others).unwrap_or(0);
    }
    Ok(found)
}

/// The extents that `Reshape`, `Flatten`, `Squeeze` or `Unsqueeze` give to a tensor of `shape`; `others` are the inputs behind the first.
pub(crate) fn shape_of(
    node: &Node,
    shape: &[usize],
    others: &[Option<&Tensor>],
) -> Result<Vec<usize>, OnnxError> {
    let asked = |name: &str| match others.first().copied().flatten() {
        Some(asked) => asked.whole(&node.op_type),
        None => Ok(node.ints(name)),
    };
    match node.op_type.as_str() {
        "Reshape" => asked_shape(node, shape, &asked("shape")?),
        "Flatten" => flattened(node, shape),
        "Squeeze" => {
            let named = axes(node, &asked("axes")?, shape.len())?;
            let goes = |at: usize, extent: usize| extent == 1 && (named.is_empty() || named.contains(&at));
            let kept = shape.iter().enumerate().filter(|&(at, &extent)| !goes(at, extent));
            Ok(kept.map(|(_, &extent)| extent).collect())
        }
        _ => {
            let asked = asked("axes")?;
            let rank = shape.len() + asked.len();
            let named = axes(node, &asked, rank)?;
            let mut own = shape.iter();
            let extent = |at: usize| if named.contains(&at) { 1 } else { own.next().copied().unwrap_or(1) };
            Ok((0..rank).map(extent).collect())
        }
    }
}

/// `Reshape`, `Flatten`, `Squeeze` and `Unsqueeze`: the same elements in another shape.
pub(super) fn reshape(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let shape = shape_of(node, x.shape(), &inputs[1..])?;
    Ok(vec![x.clone().reshaped(shape)?])
}

/// Two extents.
fn flattened(node: &Node, shape: &[usize]) -> Result<Vec<usize>, OnnxError> {
    let asked = node.int("axis", 1);
    let at = if asked < 0 { asked + shape.len() as i64 } else { asked };
    let at = usize::try_from(at)
        .ok()
        .filter(|&at| at <= shape.len())
        .ok_or_else(|| node.wrong(format!("axis {asked}")))?;
    Ok(vec![shape[..at].iter().product(), shape[at..].iter().product()])
}

/// Axes as places.
fn axes(node: &Node, asked: &[i64], rank: usize) -> Result<Vec<usize>, OnnxError> {
    asked.iter().map(|&asked| axis(node, asked, rank)).collect()
}

/// `Concat` along an axis.
pub(super) fn concat(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let all: Vec<&Tensor> = (0..inputs.len()).map(|at| input(node, inputs, at)).collect::<Result<_, _>>()?;
    let first = all.first().ok_or_else(|| node.wrong("there is nothing to join"))?;
    let at = axis(node, node.int("axis", 1), first.shape().len())?;
    let fits = |other: &&Tensor| {
        let same = |(place, (a, b)): (usize, (&usize, &usize))| place == at || a == b;
        other.shape().len() == first.shape().len()
            && first.shape().iter().zip(other.shape()).enumerate().all(same)
    };
    if !all.iter().all(fits) {
        return Err(node.wrong("the shapes do not go together"));
    }
    let outer: usize = first.shape()[..at].iter().product();
    let piece = |tensor: &Tensor| tensor.shape()[at..].iter().product::<usize>();
    let mut shape = first.shape().to_vec();
    shape[at] = all.iter().map(|tensor| tensor.shape()[at]).sum();
    size(&shape).ok_or_else(|| OnnxError::TooLarge(shape.clone()))?;
    let values = if all.iter().all(|tensor| matches!(tensor.values(), Values::Texts(_))) {
        let texts = |tensor: &Tensor| {
            if let Values::Texts(values) = tensor.values() { values.clone() } else { Vec::new() }
        };
        Values::Texts(joined(
            &all.iter().map(|tensor| (texts(tensor), piece(tensor))).collect::<Vec<_>>(),
            outer,
        ))
    } else if all.iter().all(|tensor| matches!(tensor.values(), Values::Whole(_))) {
        let own: Result<Vec<_>, OnnxError> =
            all.iter().map(|tensor| Ok((tensor.whole(&node.op_type)?, piece(tensor)))).collect();
        Values::Whole(joined(&own?, outer))
    } else {
        let own: Result<Vec<_>, OnnxError> =
            all.iter().map(|tensor| Ok((tensor.floats(&node.op_type)?, piece(tensor)))).collect();
        Values::Floats(joined(&own?, outer))
    };
    Ok(vec![Tensor::new(shape, values)?])
}

fn joined<T: Clone>(all: &[(Vec<T>, usize)], outer: usize) -> Vec<T> {
    let of_outer = |at: usize| {
        all.iter().flat_map(move |(values, piece)| values[at * piece..(at + 1) * piece].iter().cloned())
    };
    (0..outer).flat_map(of_outer).collect()
}

/// `FeatureVectorizer`: columns side by side, as numbers.
pub(super) fn feature_vectorizer(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let wide = |at: usize| {
        let tensor = input(node, inputs, at)?;
        let rows = tensor.rows();
        Tensor::new(
            vec![rows, tensor.values().len() / rows.max(1)],
            Values::Floats(tensor.floats(&node.op_type)?),
        )
    };
    let all: Vec<Tensor> = (0..inputs.len()).map(wide).collect::<Result<_, OnnxError>>()?;
    concat(node, &all.iter().map(Some).collect::<Vec<_>>())
}

/// `ArrayFeatureExtractor`: columns by their numbers, of the last extent.
pub(super) fn array_feature_extractor(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let (x, chosen) = (input(node, inputs, 0)?, input(node, inputs, 1)?.whole(&node.op_type)?);
    let width = x.shape().last().copied().unwrap_or(1);
    let place = |&at: &i64| {
        usize::try_from(at)
            .ok()
            .filter(|&at| at < width)
            .ok_or_else(|| node.wrong(format!("column {at} of {width}")))
    };
    let chosen: Vec<usize> = chosen.iter().map(place).collect::<Result<_, _>>()?;
    let rows = x.values().len().checked_div(width).unwrap_or(0);
    let places: Vec<usize> =
        (0..rows).flat_map(|row| chosen.iter().map(move |&at| row * width + at)).collect();
    let mut shape = x.shape().to_vec();
    match shape.last_mut() {
        Some(last) if shape_is_wide(x) => *last = chosen.len(),
        _ => shape = vec![1, chosen.len()],
    }
    Ok(vec![Tensor::new(shape, pick(x.values(), &places))?])
}

fn shape_is_wide(x: &Tensor) -> bool {
    x.shape().len() > 1
}

/// `Gather` along an axis.
pub(super) fn gather(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let (x, chosen) = (input(node, inputs, 0)?, input(node, inputs, 1)?);
    let at = axis(node, node.int("axis", 0), x.shape().len())?;
    let extent = x.shape().get(at).copied().unwrap_or(1);
    let place = |&index: &i64| {
        let index = if index < 0 { index + extent as i64 } else { index };
        usize::try_from(index)
            .ok()
            .filter(|&index| index < extent)
            .ok_or_else(|| node.wrong(format!("place {index} of {extent}")))
    };
    let indices: Vec<usize> = chosen.whole(&node.op_type)?.iter().map(place).collect::<Result<_, _>>()?;
    let (outer, inner): (usize, usize) =
        (x.shape()[..at].iter().product(), x.shape()[(at + 1).min(x.shape().len())..].iter().product());
    let shape: Vec<usize> =
        [&x.shape()[..at], chosen.shape(), &x.shape()[(at + 1).min(x.shape().len())..]].concat();
    size(&shape).ok_or_else(|| OnnxError::TooLarge(shape.clone()))?;
    let values = match x.values() {
        Values::Floats(values) => Values::Floats(stretches(values, [outer, extent, inner], &indices)),
        Values::Whole(values) => Values::Whole(stretches(values, [outer, extent, inner], &indices)),
        Values::Texts(values) => Values::Texts(stretches(values, [outer, extent, inner], &indices)),
    };
    Ok(vec![Tensor::new(shape, values)?])
}

/// The stretches of `inner` elements at some places of the middle extent.
fn stretches<T: Clone>(values: &[T], [outer, extent, inner]: [usize; 3], indices: &[usize]) -> Vec<T> {
    let mut found = Vec::with_capacity(outer * indices.len() * inner);
    for row in 0..outer {
        for index in indices {
            found.extend_from_slice(&values[(row * extent + index) * inner..][..inner]);
        }
    }
    found
}

/// `Transpose`.
pub(super) fn transpose(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let rank = x.shape().len();
    let order: Vec<usize> = if node.ints("perm").is_empty() {
        (0..rank).rev().collect()
    } else {
        node.ints("perm").iter().map(|&at| axis(node, at, rank)).collect::<Result<_, _>>()?
    };
    let mut seen = order.clone();
    seen.sort_unstable();
    if seen != (0..rank).collect::<Vec<_>>() {
        return Err(node.wrong(format!("the order {order:?} of {rank} axes")));
    }
    let mut strides = vec![1; rank];
    for at in (0..rank.saturating_sub(1)).rev() {
        strides[at] = strides[at + 1] * x.shape()[at + 1];
    }
    let shape: Vec<usize> = order.iter().map(|&at| x.shape()[at]).collect();
    let place = |mut number: usize| {
        let mut place = 0;
        for at in (0..rank).rev() {
            place += number % shape[at] * strides[order[at]];
            number /= shape[at];
        }
        place
    };
    let places: Vec<usize> = (0..x.values().len()).map(place).collect();
    Ok(vec![Tensor::new(shape.clone(), pick(x.values(), &places))?])
}

/// `Shape`.
pub(super) fn shape(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let extents: Vec<i64> = input(node, inputs, 0)?.shape().iter().map(|&extent| extent as i64).collect();
    Ok(vec![Tensor::new(vec![extents.len()], Values::Whole(extents))?])
}

/// `Constant`.
pub(super) fn constant(node: &Node, _inputs: &[Option<&Tensor>]) -> Outputs {
    if let Some(message) = node.list("value").and_then(|attribute| attribute.t.as_ref()) {
        return Ok(vec![Tensor::of_message(message)?]);
    }
    let (floats, ints) = (node.floats("value_floats")?, node.ints("value_ints"));
    let tensor = match (node.list("value_float"), node.list("value_int")) {
        (Some(one), _) => Tensor::new(Vec::new(), Values::Floats(vec![one.f])),
        (_, Some(one)) => Tensor::new(Vec::new(), Values::Whole(vec![one.i])),
        _ if !floats.is_empty() => Tensor::new(vec![floats.len()], Values::Floats(floats)),
        _ => Tensor::new(vec![ints.len()], Values::Whole(ints)),
    };
    Ok(vec![tensor?])
}

/// `ConstantOfShape`.
pub(super) fn constant_of_shape(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let extents = input(node, inputs, 0)?.whole(&node.op_type)?;
    let extent = |&extent: &i64| usize::try_from(extent).map_err(|_negative| node.wrong("a negative extent"));
    let shape: Vec<usize> = extents.iter().map(extent).collect::<Result<_, _>>()?;
    let count = size(&shape).ok_or_else(|| OnnxError::TooLarge(shape.clone()))?;
    let value =
        node.list("value").and_then(|attribute| attribute.t.as_ref()).map(Tensor::of_message).transpose()?;
    let values = match value.as_ref().map(Tensor::values) {
        Some(Values::Whole(value)) => Values::Whole(vec![value.first().copied().unwrap_or(0); count]),
        Some(Values::Floats(value)) => Values::Floats(vec![value.first().copied().unwrap_or(0.0); count]),
        _ => Values::Floats(vec![0.0; count]),
    };
    Ok(vec![Tensor::new(shape, values)?])
}
