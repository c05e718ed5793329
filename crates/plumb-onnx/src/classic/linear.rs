//! Linear models.

use super::{Outputs, input, labels, largest, transform, two_classes};
use crate::proto::Node;
use crate::{OnnxError, Tensor, Values};

/// Rows whose sums are computed side by side.
const ROWS: usize = 16;

/// Scores `x W + b`: rows by targets, `W` as targets by features.
fn scores(node: &Node, x: &Tensor, targets: usize) -> Result<Vec<f32>, OnnxError> {
    let (weights, offsets) = (node.floats("coefficients")?, node.floats("intercepts")?);
    let (values, width) = (x.floats(&node.op_type)?, x.width());
    if targets == 0 || weights.len() != targets * width {
        return Err(
            node.wrong(format!("{} coefficients for {targets} targets of {width} features", weights.len()))
        );
    }
    let width = width.max(1);
    let mut scores = vec![0.0; values.len() / width * targets];
    // Sums of a row are kept in order; rows of a block go side by side.
    for (scores, rows) in scores.chunks_mut(ROWS * targets).zip(values.chunks(ROWS * width)) {
        for target in 0..targets {
            let mut sums = [0.0f32; ROWS];
            for (feature, weight) in weights[target * width..][..width].iter().enumerate() {
                let column = rows.iter().skip(feature).step_by(width);
                sums.iter_mut().zip(column).for_each(|(sum, x)| *sum += x * weight);
            }
            let offset = offsets.get(target).copied().unwrap_or(0.0);
            let places = scores.iter_mut().skip(target).step_by(targets);
            places.zip(sums).for_each(|(score, sum)| *score = sum + offset);
        }
    }
    Ok(scores)
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
