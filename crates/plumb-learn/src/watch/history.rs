//! The history of a training run as the practices read it, and the curves drawn from it.

use std::collections::BTreeMap;

use crate::train::history::{ActivationStats, Event, LayerStats};

/// The events of a run, by kind, in their order. May be of another tool's run: any part may be empty, any number
/// may be NaN.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Steps taken.
    pub steps: Vec<Step>,
    /// Closer looks at some steps.
    pub looks: Vec<Look>,
    /// Epochs completed.
    pub epochs: Vec<Epoch>,
    /// What the numbers of `epochs` count.
    pub axis: Axis,
}

/// What the numbers of a history's epochs count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Axis {
    /// Epochs.
    #[default]
    Epochs,
    /// Steps: another tool's log that names no epochs, or evaluates several times in one.
    Steps,
}

/// A step: see [`Event::Step`]. What another tool did not record is `None`; what it recorded may be NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Steps before it.
    pub step: u64,
    /// The number of the epoch that it belongs to.
    pub epoch: u64,
    /// The loss of its rows, or the mean since the step before where not each is recorded.
    pub loss: Option<f64>,
    /// The learning rate.
    pub lr: Option<f64>,
    /// The norm of all gradients together.
    pub grad_norm: Option<f64>,
}

/// A closer look at a step: see [`Event::Layers`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// The step.
    pub step: u64,
    /// By parameter.
    pub layers: BTreeMap<String, LayerStats>,
    /// By layer.
    pub activations: BTreeMap<String, ActivationStats>,
}

/// An epoch: see [`Event::Epoch`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Epoch {
    /// Its number: in Plumb's runs the epochs before it, in another tool's log that tool's own, or a step.
    pub epoch: u64,
    /// Steps so far.
    pub step: u64,
    /// The mean loss over its steps.
    pub train_loss: Option<f64>,
    /// `loss` and metrics on the validation rows.
    pub valid: BTreeMap<String, f64>,
    /// Whether it was the best so far.
    pub best: bool,
}

/// A point of a loss curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The step, or the epoch where only epochs are known.
    pub at: u64,
    /// The loss.
    pub loss: f64,
}

/// Points of the smoothed curve: enough to see a swing, few enough for the median to calm a batch.
const POINTS: usize = 100;

impl History {
    /// Takes the next event in.
    pub fn push(&mut self, event: &Event) {
        match event.clone() {
            Event::Step { step, epoch, loss, lr, grad_norm } => {
                let (loss, lr, grad_norm) = (Some(loss), Some(lr), Some(grad_norm));
                self.steps.push(Step { step, epoch, loss, lr, grad_norm });
            }
            Event::Layers { step, mut layers, mut activations, .. } => {
                // No practice reads what a long run's histograms would need a gigabyte for.
                for stats in layers.values_mut() {
                    (stats.values, stats.gradient) = (None, None);
                }
                for stats in activations.values_mut() {
                    stats.values = None;
                }
                self.looks.push(Look { step, layers, activations });
            }
            Event::Epoch { epoch, step, train_loss, valid, best, .. } => {
                self.epochs.push(Epoch { epoch, step, train_loss: Some(train_loss), valid, best });
            }
        }
    }

    /// The loss before anything was learned: the first recorded of a step, else of an epoch.
    pub(super) fn start_loss(&self) -> Option<f64> {
        let first = self.steps.iter().find_map(|step| step.loss);
        first
            .or_else(|| self.epochs.iter().find_map(|epoch| epoch.train_loss))
            .filter(|loss| loss.is_finite())
    }

    /// `epoch 7`: one of the epochs in words.
    pub(super) fn place(&self, number: u64) -> String {
        match self.axis {
            Axis::Epochs => format!("epoch {number}"),
            Axis::Steps => format!("step {number}"),
        }
    }

    /// `epochs`: what several of them are called.
    pub(super) fn places(&self) -> &'static str {
        match self.axis {
            Axis::Epochs => "epochs",
            Axis::Steps => "evaluations",
        }
    }

    /// A point of [`Self::train_curve`] in words.
    pub(super) fn curve_place(&self, at: u64) -> String {
        if self.has_step_losses() { format!("step {at}") } else { self.place(at) }
    }

    fn has_step_losses(&self) -> bool {
        self.steps.iter().any(|step| step.loss.is_some())
    }

    /// The training losses by epoch that were recorded and are finite.
    pub(super) fn epoch_losses(&self) -> impl Iterator<Item = Point> {
        let points = self
            .epochs
            .iter()
            .filter_map(|epoch| epoch.train_loss.map(|loss| Point { at: epoch.epoch, loss }));
        points.filter(|point| point.loss.is_finite())
    }

    /// The training loss as at most about 100 medians of neighbouring steps, or by epoch where no steps are
    /// known. Losses that are not finite are left out.
    pub(super) fn train_curve(&self) -> Vec<Point> {
        if self.has_step_losses() { self.stretches(POINTS).0 } else { self.epoch_losses().collect() }
    }

    /// The training loss as medians of at most `count` stretches of recorded steps of one length, with that length. Losses
    /// that are not finite are left out.
    pub(super) fn stretches(&self, count: usize) -> (Vec<Point>, usize) {
        let recorded = self.step_losses();
        let length = recorded.len().div_ceil(count).max(1);
        let point = |steps: &[Point]| {
            let loss = median(steps.iter().map(|step| step.loss))?;
            steps.first().map(|first| Point { at: first.at, loss })
        };
        (recorded.chunks(length).filter_map(point).collect(), length)
    }

    /// How far a step's loss is from that of the steps around it: a standard deviation, from the median of the differences
    /// of neighbours, which no trend and no spike changes much. 0 where fewer than two steps are known.
    pub(super) fn batch_noise(&self) -> f64 {
        // The median of |x - y| of normal x and y is 0.6745 times the root of 2 times their deviation.
        const OF_DIFFERENCES: f64 = 0.6745 * std::f64::consts::SQRT_2;
        let recorded = self.step_losses();
        let differences = recorded.windows(2).map(|pair| (pair[1].loss - pair[0].loss).abs());
        median(differences).map_or(0.0, |median| median / OF_DIFFERENCES)
    }

    fn step_losses(&self) -> Vec<Point> {
        let point = |step: &Step| step.loss.map(|loss| Point { at: step.step, loss });
        self.steps.iter().filter_map(point).collect()
    }

    /// The validation loss by epoch, finite values only.
    pub(super) fn valid_curve(&self) -> Vec<Point> {
        let loss = |epoch: &Epoch| {
            let loss = *epoch.valid.get("loss")?;
            loss.is_finite().then_some(Point { at: epoch.epoch, loss })
        };
        self.epochs.iter().filter_map(loss).collect()
    }

    /// For each parameter that is no bias, `figure` over all looks. A bias in front of a batch norm has no
    /// gradient by construction, so biases say nothing about the flow.
    pub(super) fn weights(&self, figure: impl Fn(&LayerStats) -> f64) -> BTreeMap<&str, Vec<f64>> {
        let mut series: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (name, stats) in self.looks.iter().flat_map(|look| &look.layers) {
            if is_weight(name) {
                series.entry(name).or_default().push(figure(stats));
            }
        }
        series
    }

    /// For each layer, `figure` over the last quarter of the looks, as a median.
    pub(super) fn late_activations(&self, figure: impl Fn(&ActivationStats) -> f64) -> BTreeMap<&str, f64> {
        let mut series: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let late = self.looks.len() - self.looks.len().div_ceil(4);
        for (name, stats) in self.looks.iter().skip(late).flat_map(|look| &look.activations) {
            series.entry(name).or_default().push(figure(stats));
        }
        series.into_iter().filter_map(|(name, values)| Some((name, median(values)?))).collect()
    }
}

/// Whether a parameter is more than a shift of its layer's output.
pub(crate) fn is_weight(name: &str) -> bool {
    !name.ends_with("bias")
}

/// The lowest point of a curve, the first one among ties.
pub(super) fn lowest(curve: &[Point]) -> Option<Point> {
    curve.iter().copied().min_by(|a, b| a.loss.total_cmp(&b.loss))
}

/// The median of the finite values; the lower one of two middles.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    let middle = finite.len().checked_sub(1)? / 2;
    let (_, median, _) = finite.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_short_and_calm_whatever_the_number_of_steps() {
        for count in [1usize, 7, 100, 101, 12_345] {
            let step = |i: usize| Step {
                step: i as u64,
                epoch: 0,
                loss: Some(if i % 13 == 12 { f64::NAN } else { 2.0 }),
                lr: Some(0.1),
                grad_norm: Some(1.0),
            };
            let history = History { steps: (0..count).map(step).collect(), ..History::default() };
            let curve = history.train_curve();
            assert!(!curve.is_empty() && curve.len() <= POINTS, "{count}: {}", curve.len());
            assert!(curve.iter().all(|point| (point.loss - 2.0).abs() < 1e-12));
        }
    }

    #[test]
    fn the_median_leaves_out_what_is_no_number() {
        assert_eq!(median([3.0, f64::NAN, 1.0, 2.0, f64::INFINITY]), Some(2.0));
        assert_eq!(median([f64::NAN]), None);
    }
}
