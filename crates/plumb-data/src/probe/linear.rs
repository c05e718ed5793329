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
    Codes { codes: Vec<u32>, count: usize },
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
                (Input::Codes { count }, FeatureValues::Codes { codes, .. }) => {
                    let values = DesignValues::Codes { codes: codes.clone(), count: *count };
                    columns.push(DesignColumn { at: width, values });
                }
                // The features hold kinds equal between fit and prediction.
                _ => {}
            }
            width += input.width();
        }
        Self { columns, width }
    }

    /// The scores of the rows from `first` on, row-major.
    fn scores(&self, weights: &[f64], outputs: usize, first: usize, scores: &mut [f64]) {
        for output in 0..outputs {
            let own = &weights[output * self.width..][..self.width];
            scores.iter_mut().skip(output).step_by(outputs).for_each(|score| *score = own[0]);
            for column in &self.columns {
                column.add_to(own, first, scores.iter_mut().skip(output).step_by(outputs));
            }
        }
    }
}

impl DesignColumn {
    fn numbers(at: usize, values: Vec<f64>) -> Self {
        Self { at, values: DesignValues::Numbers(values) }
    }

    /// Adds its term to the score of each row from `first` on.
    fn add_to<'a>(&self, weights: &[f64], first: usize, scores: impl Iterator<Item = &'a mut f64>) {
        match &self.values {
            DesignValues::Numbers(values) => {
                let weight = weights[self.at];
                scores.zip(&values[first..]).for_each(|(score, value)| *score += weight * value);
            }
            DesignValues::Codes { codes, .. } => {
                let weights = &weights[self.at..];
                scores.zip(&codes[first..]).for_each(|(score, &code)| *score += weights[code as usize]);
            }
        }
    }

    /// The sums of `residuals` (one output's) times its terms: the gradient of its weights.
    fn gradient(&self, residuals: impl Iterator<Item = f64>) -> Vec<f64> {
        match &self.values {
            DesignValues::Numbers(values) => vec![residuals.zip(values).map(|(r, x)| r * x).sum()],
            DesignValues::Codes { codes, count } => {
                let mut sums = vec![0.0; *count];
                residuals.zip(codes).for_each(|(r, &code)| sums[code as usize] += r);
                sums
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

/// The penalised mean loss and its gradient.
fn objective(design: &Design, link: Link, labels: &[f64], weights: &[f64]) -> (f64, Vec<f64>) {
    let outputs = link.outputs();
    let n = labels.len() as f64;
    let mut residuals = vec![0.0; labels.len() * outputs];
    let blocks = residuals.par_chunks_mut(BLOCK * outputs).zip(labels.par_chunks(BLOCK)).enumerate();
    let losses: Vec<f64> = blocks
        .map(|(block, (scores, labels))| {
            design.scores(weights, outputs, block * BLOCK, scores);
            scores.chunks_exact_mut(outputs).zip(labels).map(|(row, &label)| residual(link, row, label)).sum()
        })
        .collect();
    let mut gradient: Vec<f64> = Vec::with_capacity(weights.len());
    let mut penalty = 0.0;
    for output in 0..outputs {
        let own = || residuals.iter().copied().skip(output).step_by(outputs);
        let sums: Vec<Vec<f64>> = design.columns.par_iter().map(|column| column.gradient(own())).collect();
        let weights = &weights[output * design.width..][..design.width];
        let mut of_output: Vec<f64> = weights.iter().map(|weight| weight / n).collect();
        of_output[0] = own().sum::<f64>() / n;
        for (column, sums) in design.columns.iter().zip(sums) {
            of_output[column.at..].iter_mut().zip(sums).for_each(|(to, sum)| *to += sum / n);
        }
        penalty += 0.5 * weights[1..].iter().map(|weight| weight * weight).sum::<f64>() / n;
        gradient.extend(of_output);
    }
    (losses.iter().sum::<f64>() / n + penalty, gradient)
}

/// The loss of a row; its scores become predicted minus wanted.
fn residual(link: Link, scores: &mut [f64], label: f64) -> f64 {
    let loss = link.loss(scores, label);
    link.activate(scores);
    for (output, score) in scores.iter_mut().enumerate() {
        *score -= link.wanted(label, output);
    }
    loss
}

impl Linear {
    /// Answers for each row, row-major.
    pub(super) fn predict(&self, features: &[FeatureValues], rows: usize) -> Vec<f64> {
        let design = Design::new(&self.inputs, features);
        let outputs = self.link.outputs();
        let mut scores = vec![0.0; rows * outputs];
        if outputs > 0 {
            scores.par_chunks_mut(BLOCK * outputs).enumerate().for_each(|(block, scores)| {
                design.scores(&self.weights, outputs, block * BLOCK, scores);
            });
        }
        self.link.answers(scores)
    }
}
