//! Logistic, multinomial and ridge regression on standardised numbers and one-hot categories.
//!
//! One solver for all three, with scikit-learn's default strength: the penalty is half the squared weights
//! against the sum of the losses, intercepts are free.

use rayon::prelude::*;

use crate::prepare::mean_and_deviation;

use super::features::FeatureValues;
use super::lbfgs::minimise;
use super::link::Link;

/// Steps of the solver at most; some tens are usual.
const ROUNDS: usize = 200;
/// Where the mean loss counts as flat.
const TOLERANCE: f64 = 1e-5;
/// Rows of a block: enough work for a thread, and sums over blocks run in their order.
const BLOCK: usize = 4096;

/// A fitted linear model.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    link: Link,
    inputs: Vec<Input>,
    /// For each output: an intercept, then the weights of the design's columns.
    weights: Vec<f64>,
}

/// What becomes of an input.
#[derive(Debug, Clone)]
enum Input {
    /// Two weights: of the standardised number (0 when missing), and of a flag for missing.
    Number { mean: f64, factor: f64 },
    /// One weight for each code.
    Codes { count: usize },
}

impl Input {
    fn fit(values: &FeatureValues) -> Self {
        match values {
            FeatureValues::Codes { count, .. } => Self::Codes { count: *count },
            FeatureValues::Numbers(numbers) => {
                let present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
                let (mean, deviation) =
                    if present.is_empty() { (0.0, 0.0) } else { mean_and_deviation(&present) };
                Self::Number { mean, factor: if deviation > 0.0 { 1.0 / deviation } else { 0.0 } }
            }
        }
    }

    fn width(&self) -> usize {
        if let Self::Codes { count } = self { *count } else { 2 }
    }
}

/// A column of the design with the place of its first weight.
struct DesignColumn {
    at: usize,
    values: DesignValues,
}

enum DesignValues {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
}

/// The inputs of all rows, column by column; categories stay codes, so that a pass costs one term a category.
struct Design {
    columns: Vec<DesignColumn>,
    /// Weights of one output, the intercept included.
    width: usize,
}

impl Design {
    fn new(inputs: &[Input], features: &[FeatureValues]) -> Self {
        let mut width = 1;
        let mut columns = Vec::new();
        for (input, values) in inputs.iter().zip(features) {
            match (input, values) {
                (Input::Number { mean, factor }, FeatureValues::Numbers(numbers)) => {
                    let number = |&x: &f64| if x.is_nan() { 0.0 } else { (x - mean) * factor };
                    columns.push(DesignColumn::numbers(width, numbers.iter().map(number).collect()));
                    if numbers.iter().any(|x| x.is_nan()) {
                        let flag = |x: &f64| f64::from(u8::from(x.is_nan()));
                        columns.push(DesignColumn::numbers(width + 1, numbers.iter().map(flag).collect()));
                    }
                }
                (Input::Codes { .. }, FeatureValues::Codes { codes, .. }) => {
                    columns.push(DesignColumn { at: width, values: DesignValues::Codes(codes.clone()) });
                }
                // The features hold kinds equal between fit and prediction.
                _ => {}
            }
            width += input.width();
        }
        Self { columns, width }
    }

    /// One output's scores of the rows from `first` on, by that output's weights.
    fn scores(&self, weights: &[f64], first: usize, scores: &mut [f64]) {
        scores.fill(weights[0]);
        for column in &self.columns {
            column.add_to(&weights[column.at..], first, scores);
        }
    }

    /// The scores of a block of rows, one run for each output.
    fn block_scores(&self, weights: &[f64], first: usize, rows: usize) -> Vec<f64> {
        let mut scores = vec![0.0; rows * (weights.len() / self.width)];
        for (weights, scores) in weights.chunks_exact(self.width).zip(scores.chunks_exact_mut(rows)) {
            self.scores(weights, first, scores);
        }
        scores
    }
}

impl DesignColumn {
    fn numbers(at: usize, values: Vec<f64>) -> Self {
        Self { at, values: DesignValues::Numbers(values) }
    }

    /// Adds its term to the score of each row from `first` on.
    fn add_to(&self, weights: &[f64], first: usize, scores: &mut [f64]) {
        match &self.values {
            DesignValues::Numbers(values) => {
                let weight = weights[0];
                scores.iter_mut().zip(&values[first..]).for_each(|(score, value)| *score += weight * value);
            }
            DesignValues::Codes(codes) => {
                scores
                    .iter_mut()
                    .zip(&codes[first..])
                    .for_each(|(score, &code)| *score += weights[code as usize]);
            }
        }
    }

    /// Adds the sums of `residuals` times its terms, rows from `first` on, to the gradient of its weights.
    fn add_gradient(&self, residuals: &[f64], first: usize, gradient: &mut [f64]) {
        match &self.values {
            DesignValues::Numbers(values) => {
                gradient[0] += residuals.iter().zip(&values[first..]).map(|(r, x)| r * x).sum::<f64>();
            }
            DesignValues::Codes(codes) => {
                residuals.iter().zip(&codes[first..]).for_each(|(r, &code)| gradient[code as usize] += r);
            }
        }
    }
}

/// Fits on labels as [`super::link::outcome`] gives them. A step costs two passes over the inputs.
pub(super) fn fit(features: &[FeatureValues], link: Link, labels: &[f64]) -> Linear {
    let inputs: Vec<Input> = features.iter().map(Input::fit).collect();
    let design = Design::new(&inputs, features);
    let mut start = vec![0.0; design.width * link.outputs()];
    for (weights, prior) in start.chunks_exact_mut(design.width).zip(link.prior(labels)) {
        weights[0] = prior;
    }
    let weights = minimise(start, ROUNDS, TOLERANCE, |weights| objective(&design, link, labels, weights));
    Linear { link, inputs, weights }
}

/// The penalised mean loss and its gradient: one pass over blocks of rows, their sums added in order.
fn objective(design: &Design, link: Link, labels: &[f64], weights: &[f64]) -> (f64, Vec<f64>) {
    let blocks: Vec<(f64, Vec<f64>)> = labels
        .par_chunks(BLOCK)
        .enumerate()
        .map(|(block, labels)| block_objective(design, link, labels, weights, block * BLOCK))
        .collect();
    let n = labels.len() as f64;
    let mut loss = 0.0;
    let mut gradient = weights.to_vec();
    for weights in gradient.chunks_exact_mut(design.width) {
        weights[0] = 0.0;
        loss += 0.5 * weights.iter().map(|weight| weight * weight).sum::<f64>();
    }
    for (block_loss, block_gradient) in blocks {
        loss += block_loss;
        gradient.iter_mut().zip(block_gradient).for_each(|(sum, own)| *sum += own);
    }
    for sum in &mut gradient {
        *sum /= n;
    }
    (loss / n, gradient)
}

/// The summed loss of a block of rows and its gradient, without the penalty.
fn block_objective(
    design: &Design,
    link: Link,
    labels: &[f64],
    weights: &[f64],
    first: usize,
) -> (f64, Vec<f64>) {
    let rows = labels.len();
    let mut residuals = design.block_scores(weights, first, rows);
    let mut loss = 0.0;
    let mut scores = vec![0.0; link.outputs()];
    for (row, &label) in labels.iter().enumerate() {
        for (output, score) in scores.iter_mut().enumerate() {
            *score = residuals[output * rows + row];
        }
        loss += link.loss(&scores, label);
        link.activate(&mut scores);
        for (output, &mean) in scores.iter().enumerate() {
            residuals[output * rows + row] = mean - link.wanted(label, output);
        }
    }
    let mut gradient = vec![0.0; weights.len()];
    for (residuals, gradient) in residuals.chunks_exact(rows).zip(gradient.chunks_exact_mut(design.width)) {
        gradient[0] = residuals.iter().sum();
        for column in &design.columns {
            column.add_gradient(residuals, first, &mut gradient[column.at..]);
        }
    }
    (loss, gradient)
}

impl Linear {
    /// Answers for each row, row-major.
    pub(super) fn predict(&self, features: &[FeatureValues], rows: usize) -> Vec<f64> {
        let design = Design::new(&self.inputs, features);
        let outputs = self.link.outputs();
        let mut scores = vec![0.0; rows * outputs];
        scores.par_chunks_mut((BLOCK * outputs).max(1)).enumerate().for_each(|(block, scores)| {
            let rows = scores.len() / outputs;
            let by_output = design.block_scores(&self.weights, block * BLOCK, rows);
            for (place, score) in scores.iter_mut().enumerate() {
                *score = by_output[place % outputs * rows + place / outputs];
            }
        });
        self.link.answers(scores)
    }
}
