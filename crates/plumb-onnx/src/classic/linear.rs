//! Linear models.

use super::cut::Tell;
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
    let targets = targets(node, x.width())?;
    let all = scores(node, x, targets)?;
    let mut outputs = if is_of_two(node, targets) {
        labels(node, all.iter().map(|&score| usize::from(score > 0.0)))?
    } else {
        labels(node, all.chunks_exact(targets).map(largest))?
    };
    outputs.push(transformed(node, all, targets)?);
    Ok(outputs)
}

/// `LinearRegressor`.
pub(super) fn regressor(node: &Node, inputs: &[Option<&Tensor>]) -> Outputs {
    let x = input(node, inputs, 0)?;
    let targets = targets(node, x.width())?;
    Ok(vec![transformed(node, scores(node, x, targets)?, targets)?])
}

/// How many scores a row of so many features has.
fn targets(node: &Node, width: usize) -> Result<usize, OnnxError> {
    if node.op_type == "LinearRegressor" {
        return Ok(node.int("targets", 1).max(1) as usize);
    }
    Ok(node.floats("intercepts")?.len().max(node.floats("coefficients")?.len() / width.max(1)))
}

/// Whether one score stands for two classes.
fn is_of_two(node: &Node, targets: usize) -> bool {
    let classes = node.strings("classlabels_strings").len().max(node.ints("classlabels_ints").len());
    node.op_type == "LinearClassifier" && targets == 1 && classes == 2
}

/// What either operator makes of its scores.
fn transformed(node: &Node, mut scores: Vec<f32>, targets: usize) -> Result<Tensor, OnnxError> {
    let (how, rows) = (node.string("post_transform"), scores.len() / targets.max(1));
    if is_of_two(node, targets) {
        let two = scores.iter().flat_map(|&score| two_classes(score, &how, false)).collect();
        return Tensor::new(vec![rows, 2], Values::Floats(two));
    }
    scores.chunks_exact_mut(targets).for_each(|row| transform(row, &how));
    Tensor::new(vec![rows, targets], Values::Floats(scores))
}

/// A linear operator whose scores are sums over features.
pub(super) struct Weights {
    /// Targets by features.
    factors: Vec<f32>,
    start: Vec<f64>,
    first: u32,
}

impl Weights {
    /// Those of a node for rows of so many features, a product with a constant matrix among them; `first` is the place of the first
    /// score. None of another operator, or where lengths do not agree.
    pub(super) fn new(node: &Node, matrix: Option<&Tensor>, width: usize, first: u32) -> Option<Self> {
        let (weights, offsets, targets) = match (node.op_type.as_str(), matrix) {
            ("MatMul", Some(matrix)) => {
                let (&[inner, targets], values) = (matrix.shape(), matrix.floats("MatMul").ok()?) else {
                    return None;
                };
                let turned =
                    (0..targets).flat_map(|target| values.iter().skip(target).step_by(targets).copied());
                (turned.collect(), Vec::new(), if inner == width { targets } else { 0 })
            }
            ("LinearClassifier" | "LinearRegressor", _) => (
                node.floats("coefficients").ok()?,
                node.floats("intercepts").ok()?,
                targets(node, width).ok()?,
            ),
            _ => return None,
        };
        let start =
            (0..targets).map(|target| f64::from(offsets.get(target).copied().unwrap_or(0.0))).collect();
        (targets > 0 && width > 0 && weights.len() == targets * width).then_some(Self {
            factors: weights,
            start,
            first,
        })
    }

    /// How many scores a row has.
    pub(super) fn scores(&self) -> usize {
        self.start.len()
    }

    /// Whether the operator answers the scores.
    pub(super) fn is_additive(&self, node: &Node) -> bool {
        matches!(node.string("post_transform").as_str(), "" | "NONE") && !is_of_two(node, self.scores())
    }

    /// Tells what every player changes who takes its columns from `own` instead of `other`, and what the other row has.
    pub(super) fn tell(
        &self,
        (own, other): (&[f32], &[f32]),
        owners: &[Option<u32>],
        players: usize,
        tell: &mut Tell<'_>,
    ) {
        let width = owners.len().max(1);
        let (mut all, mut changes) = (self.start.clone(), vec![0.0; players * self.scores()]);
        for (target, weights) in self.factors.chunks_exact(width).enumerate() {
            for (((weight, x), y), owner) in weights.iter().zip(own).zip(other).zip(owners) {
                let (weight, x, y) = (f64::from(*weight), f64::from(*x), f64::from(*y));
                all[target] += weight * y;
                if let Some(change) =
                    owner.and_then(|player| changes.get_mut(player as usize * self.scores() + target))
                {
                    *change += weight * x - weight * y;
                }
            }
        }
        let named = |values: &[f64]| {
            values.iter().enumerate().map(|(at, &value)| (self.first + at as u32, value)).collect::<Vec<_>>()
        };
        tell(&[], &[], &named(&all));
        for (player, change) in (0..).zip(changes.chunks_exact(self.scores())) {
            if change.iter().any(|change| *change != 0.0) {
                tell(&[player], &[], &named(change));
            }
        }
    }

    /// What the node makes of scores, row-major.
    pub(super) fn transformed(&self, node: &Node, scores: Vec<f32>) -> Result<Tensor, OnnxError> {
        if node.op_type == "MatMul" {
            let shape = vec![scores.len() / self.scores(), self.scores()];
            return Tensor::new(shape, Values::Floats(scores));
        }
        transformed(node, scores, self.scores())
    }
}
