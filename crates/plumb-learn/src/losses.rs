//! What training minimizes.

use burn::tensor::{Tensor, TensorData};
use plumb_data::prepare::PreparedLabels;
use plumb_kernels::cross_entropy;
use serde::{Deserialize, Serialize};

use crate::batches::Batch;

/// A loss on the outputs of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Loss {
    /// Cross-entropy on logits; equal to `torch.nn.CrossEntropyLoss`, weights and smoothing included.
    CrossEntropy {
        /// The probability taken from the true class and spread over all classes.
        smoothing: f64,
        /// A weight for each class; empty for 1 each.
        class_weights: Vec<f64>,
    },
    /// The mean of squared errors on the standardized target.
    SquaredError,
}

impl Loss {
    /// What a row's loss is divided by, summed over rows: the sum of their class weights, or their count.
    ///
    /// Accumulated batches are divided by the sum over the whole window, which makes them equal to one big batch.
    pub fn weight(&self, labels: &PreparedLabels) -> f64 {
        match (self, labels) {
            (_, PreparedLabels::Absent) => 0.0,
            (Self::CrossEntropy { class_weights, .. }, PreparedLabels::Classes(codes)) => {
                codes.iter().map(|&code| class_weight(class_weights, code as usize)).sum()
            }
            (_, PreparedLabels::Classes(codes)) => codes.len() as f64,
            (_, PreparedLabels::Numbers(numbers)) => numbers.len() as f64,
        }
    }

    /// The same for a batch, whose rows may have weights of their own.
    pub fn weight_of_batch(&self, batch: &Batch) -> f64 {
        let Some(weights) = &batch.weights else { return self.weight(&batch.labels) };
        let of_row = |(weight, at): (&f32, usize)| f64::from(*weight) * self.weight_of_row(&batch.labels, at);
        weights.iter().zip(0..count(&batch.labels)).map(of_row).sum()
    }

    fn weight_of_row(&self, labels: &PreparedLabels, at: usize) -> f64 {
        match (self, labels) {
            (Self::CrossEntropy { class_weights, .. }, PreparedLabels::Classes(codes)) => {
                class_weight(class_weights, codes[at] as usize)
            }
            _ => 1.0,
        }
    }

    /// The weighted sum of the rows' losses, divided by `weight`: one number, `[1]`.
    ///
    /// # Shapes
    /// `outputs` is `[rows, classes]` or `[rows, 1]`; a network of several members gives `[members * rows, ..]`, one
    /// member after the other, and the loss is the mean of theirs. Labels of the other kind count as class 0 or the
    /// number 0.
    pub fn of(&self, outputs: Tensor<2>, labels: &PreparedLabels, weight: f64) -> Tensor<1> {
        self.weighted(outputs, labels, None, weight)
    }

    /// The same with a weight for each row: `weights` repeat for each member, as the labels do.
    fn weighted(
        &self,
        outputs: Tensor<2>,
        labels: &PreparedLabels,
        weights: Option<&[f32]>,
        weight: f64,
    ) -> Tensor<1> {
        let [rows, columns] = outputs.dims();
        let mut wanted = self.targets(labels, rows, columns);
        let members = rows / count(labels).max(1);
        let divisor = weight * members.max(1) as f64;
        let weights = weights.map(|weights| weights.iter().copied().cycle().take(rows).collect::<Vec<f32>>());
        match self {
            Self::CrossEntropy { .. } => {
                // Linear in what is wanted, the sum of each row's included: a weighted row is one whose targets are.
                for (wanted, weight) in wanted.chunks_exact_mut(columns.max(1)).zip(weights.iter().flatten())
                {
                    for wanted in wanted {
                        *wanted *= weight;
                    }
                }
                cross_entropy(outputs, wanted, divisor)
            }
            Self::SquaredError => {
                let device = outputs.device();
                let wanted = Tensor::from_data(TensorData::new(wanted, [rows, columns]), &device);
                let error = outputs.sub(wanted);
                let squared = error.clone().mul(error);
                let squared = match weights {
                    Some(weights) => {
                        squared.mul(Tensor::from_data(TensorData::new(weights, [rows, 1]), &device))
                    }
                    None => squared,
                };
                squared.sum().div_scalar(divisor)
            }
        }
    }

    /// The same for a batch, whose labels may be blends of two rows'.
    pub fn of_batch(&self, outputs: Tensor<2>, batch: &Batch, weight: f64) -> Tensor<1> {
        let of = |outputs, labels| self.weighted(outputs, labels, batch.weights.as_deref(), weight);
        let Some(mixed) = &batch.mixed else { return of(outputs, &batch.labels) };
        let own = of(outputs.clone(), &batch.labels).mul_scalar(mixed.share);
        own.add(of(outputs, &mixed.labels).mul_scalar(1.0 - mixed.share))
    }

    /// The mean loss over the rows.
    pub fn mean(&self, outputs: Tensor<2>, labels: &PreparedLabels) -> Tensor<1> {
        self.of(outputs, labels, self.weight(labels))
    }

    /// The same loss without smoothing and class weights: what is comparable over runs.
    #[must_use]
    pub fn plain(&self) -> Self {
        match self {
            Self::CrossEntropy { .. } => Self::CrossEntropy { smoothing: 0.0, class_weights: Vec::new() },
            Self::SquaredError => Self::SquaredError,
        }
    }

    /// The mean loss of outputs that are on the host already, row-major, in 64 bits; NaN without rows.
    pub fn on_host(&self, outputs: &[f32], labels: &PreparedLabels) -> f64 {
        let rows = count(labels);
        let columns = outputs.len().checked_div(rows).unwrap_or(0).max(1);
        let targets = self.targets(labels, rows, columns);
        let mut total = 0.0;
        for (row, wanted) in outputs.chunks_exact(columns).zip(targets.chunks_exact(columns)) {
            total += match self {
                Self::CrossEntropy { .. } => row_cross_entropy(row, wanted),
                Self::SquaredError => squared_error(row, wanted),
            };
        }
        total / self.weight(labels)
    }

    /// Row-major `[rows, columns]`: what each log-probability is multiplied by, or the wanted numbers. The labels
    /// repeat for each member.
    fn targets(&self, labels: &PreparedLabels, rows: usize, columns: usize) -> Vec<f32> {
        let mut targets = vec![0.0f32; rows * columns];
        match (self, labels) {
            (Self::CrossEntropy { smoothing, class_weights }, PreparedLabels::Classes(codes)) => {
                let spread = |class| class_weight(class_weights, class) * smoothing / columns as f64;
                for (row, &code) in targets.chunks_exact_mut(columns).zip(codes.iter().cycle()) {
                    for (class, target) in row.iter_mut().enumerate() {
                        let hit = if class == code as usize { 1.0 - smoothing } else { 0.0 };
                        *target = (hit * class_weight(class_weights, class) + spread(class)) as f32;
                    }
                }
            }
            (_, PreparedLabels::Numbers(numbers)) => {
                for (row, &number) in targets.chunks_exact_mut(columns).zip(numbers.iter().cycle()) {
                    row.fill(number);
                }
            }
            _ => {}
        }
        targets
    }
}

fn count(labels: &PreparedLabels) -> usize {
    match labels {
        PreparedLabels::Absent => 0,
        PreparedLabels::Classes(codes) => codes.len(),
        PreparedLabels::Numbers(numbers) => numbers.len(),
    }
}

fn row_cross_entropy(logits: &[f32], wanted: &[f32]) -> f64 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let log_sum = logits.iter().map(|&x| f64::from(x - top).exp()).sum::<f64>().ln() + f64::from(top);
    logits.iter().zip(wanted).map(|(&x, &w)| f64::from(w) * (log_sum - f64::from(x))).sum()
}

fn squared_error(outputs: &[f32], wanted: &[f32]) -> f64 {
    outputs.iter().zip(wanted).map(|(&x, &w)| (f64::from(x) - f64::from(w)).powi(2)).sum()
}

fn class_weight(weights: &[f64], class: usize) -> f64 {
    weights.get(class).copied().unwrap_or(1.0)
}

/// Class weights inversely proportional to the classes' counts, 1 on average over rows; scikit-learn's `balanced`.
pub fn balanced_class_weights(codes: &[u32], classes: usize) -> Vec<f64> {
    let mut counts = vec![0usize; classes];
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let weight = |count: usize| codes.len() as f64 / (classes as f64 * count.max(1) as f64);
    counts.into_iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::parameters::host;

    fn logits() -> Tensor<2> {
        Tensor::from_data([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [0.2, 0.1, 0.0]], &Device::flex())
    }

    fn value(loss: Tensor<1>) -> f64 {
        f64::from(host(loss)[0])
    }

    #[test]
    fn equal_to_torch() {
        // torch.nn.functional.cross_entropy(logits, [1, 2, 0], weight=[1, 2, 3], label_smoothing=0.1), 2.15.0.
        let labels = PreparedLabels::Classes(vec![1, 2, 0]);
        let plain = Loss::CrossEntropy { smoothing: 0.0, class_weights: vec![] };
        let full = Loss::CrossEntropy { smoothing: 0.1, class_weights: vec![1.0, 2.0, 3.0] };
        assert!((value(plain.mean(logits(), &labels)) - 0.510_731_845).abs() < 1e-6);
        assert!((full.on_host(&host(logits()), &labels) - value(full.mean(logits(), &labels))).abs() < 1e-6);
        assert!((value(full.mean(logits(), &labels)) - 0.466_434_114).abs() < 1e-6);
    }

    #[test]
    fn parts_of_a_window_add_up_to_the_big_batch() {
        let loss = Loss::CrossEntropy { smoothing: 0.1, class_weights: vec![1.0, 5.0, 0.5] };
        let labels = PreparedLabels::Classes(vec![1, 2, 0]);
        let (first, rest) = (PreparedLabels::Classes(vec![1]), PreparedLabels::Classes(vec![2, 0]));
        let weight = loss.weight(&labels);
        let parts = value(loss.of(logits().narrow(0, 0, 1), &first, weight))
            + value(loss.of(logits().narrow(0, 1, 2), &rest, weight));
        assert!((value(loss.mean(logits(), &labels)) - parts).abs() < 1e-6);
    }

    #[test]
    fn a_row_of_weight_two_counts_as_two_rows() {
        let doubled = Batch { weights: Some(vec![1.0, 2.0, 1.0]), ..labelled(vec![1, 2, 0]) };
        let repeated = labelled(vec![1, 2, 2, 0]);
        let rows = Tensor::cat(vec![logits().narrow(0, 0, 2), logits().narrow(0, 1, 2)], 0);
        for loss in [
            Loss::CrossEntropy { smoothing: 0.1, class_weights: vec![1.0, 5.0, 0.5] },
            Loss::CrossEntropy { smoothing: 0.0, class_weights: vec![] },
        ] {
            let weight = loss.weight_of_batch(&doubled);
            assert!((weight - loss.weight_of_batch(&repeated)).abs() < 1e-12);
            let (once, twice) = (
                value(loss.of_batch(logits(), &doubled, weight)),
                value(loss.of_batch(rows.clone(), &repeated, weight)),
            );
            assert!((once - twice).abs() < 1e-6, "{once} {twice}");
        }
    }

    fn labelled(codes: Vec<u32>) -> Batch {
        let device = Device::flex();
        let nothing = || Tensor::zeros([codes.len(), 0], &device);
        Batch {
            numbers: nothing(),
            flags: nothing(),
            codes: Tensor::zeros([codes.len(), 0], &device),
            images: None,
            tokens: None,
            mixed: None,
            weights: None,
            embedded: crate::batches::Embedded::default(),
            rows: (0..codes.len() as u32).collect(),
            labels: PreparedLabels::Classes(codes),
        }
    }

    #[test]
    fn balanced_weights_are_scikit_learns() {
        assert_eq!(balanced_class_weights(&[0, 0, 0, 1], 2), [4.0 / 6.0, 2.0]);
    }
}
