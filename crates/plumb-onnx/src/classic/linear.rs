//! Linear models.

use super::{Outputs, input, labels, largest, transform, two_classes};
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

/// Scores `x W + b`: rows by targets, `W` as targets by features.
fn scores(node: &Node, x: &Tensor, targets: usize) -> Result<Vec<f32>, OnnxError> {
    let (weights, offsets) = (node.floats("coefficients")?, node.floats("intercepts")?);
    let (values, width) = (x.floats(&node.op_type)?, x.width());
    if targets == 0 || weights.len() != targets * width {
        return Err(
            node.wrong(format!("{} coefficients for {targets} targets of {width} features", weights.len()))
        );
    }
    let score = |row: &[f32], target: usize| {
        let sum: f32 = row.iter().zip(&weights[target * width..]).map(|(x, w)| x * w).sum();
        sum + offsets.get(target).copied().unwrap_or(0.0)
    };
    Ok(values
        .chunks_exact(width.max(1))
        .flat_map(|row| (0..targets).map(move |target| (row, target)))
        .map(|(row, target)| score(row, target))
        .collect())
}

/// `LinearClassifier`.
pub(super) fn classifier(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let classes = node.strings("classlabels_strings").len().max(node.ints("classlabels_ints").len());
    let targets = node.floats("intercepts")?.len().max(node.floats("coefficients")?.len() / x.width().max(1));
    let mut all = scores(node, x, targets)?;
    let how = node.string("post_transform");
    if targets == 1 && classes == 2 {
        let two: Vec<f32> = all.iter().flat_map(|&score| two_classes(score, &how, false)).collect();
        let best = all.iter().map(|&score| usize::from(score > 0.0));
        let mut outputs = labels(node, best)?;
        outputs.push(Tensor::new(vec![all.len(), 2], Values::Floats(two))?);
        return Ok(outputs);
    }
    let mut outputs = labels(node, all.chunks_exact(targets).map(largest))?;
    all.chunks_exact_mut(targets).for_each(|row| transform(row, &how));
    outputs.push(Tensor::new(vec![x.rows(), targets], Values::Floats(all))?);
    Ok(outputs)
}

/// `LinearRegressor`.
pub(super) fn regressor(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let targets = node.int("targets", 1).max(1) as usize;
    let mut all = scores(node, x, targets)?;
    let how = node.string("post_transform");
    all.chunks_exact_mut(targets).for_each(|row| transform(row, &how));
    Ok(vec![Tensor::new(vec![x.rows(), targets], Values::Floats(all))?])
}
