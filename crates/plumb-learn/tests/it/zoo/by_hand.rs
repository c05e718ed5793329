//! A training loop of somebody else's, with one mistake, followed by Plumb.

use std::collections::BTreeMap;
use std::time::Duration;

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_learn::batches::{Batch, Batches, Sampling};
use plumb_learn::losses::Loss;
use plumb_learn::model::training_device;
use plumb_learn::network::{Network as _, Pass};
use plumb_learn::parameters::{Arrays, gradients, host, update};
use plumb_learn::watch::{Follower, Kept, Primary, Taken, TrainContext};
use plumb_ledger::Seed;
use plumb_ledger::clock::Clock;

use super::network::Dense;

/// What is wrong with a loop; the names of [`super::trainings`] say it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    None,
    KeepsGradients,
    ClimbsUp,
    ForgetsLayer,
    LogOfNothing,
    KeepsLast,
    KeepsWorst,
    ScoresInTraining,
    WaitsForRows,
    DrawsUnseeded,
}

/// The loop and its settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByHand {
    pub(crate) slip: Slip,
    pub(crate) epochs: u64,
    pub(crate) batch: usize,
    pub(crate) lr: f64,
    /// The share of units dropped before the head.
    pub(crate) dropout: f64,
}

const LOSS: Loss = Loss::CrossEntropy { smoothing: 0.0, class_weights: Vec::new() };

impl ByHand {
    /// Plain SGD, as anyone would write it.
    pub(crate) fn train(
        &self,
        mut network: Dense,
        train: &Prepared,
        valid: &Prepared,
        clock: &dyn Clock,
    ) -> TrainContext {
        let mut follower = Follower::new(10);
        let batches = Batches::new(train.rows, self.batch, Seed(5).stream("own"), Sampling::Shuffled);
        let mut sum: BTreeMap<String, Vec<f32>> = BTreeMap::new();
        let mut epochs: Vec<(f64, Arrays)> = Vec::new();
        let (mut waited, started) = (Duration::ZERO, clock.elapsed());
        'training: for epoch in 0..self.epochs {
            let order = batches.order(if self.slip == Slip::DrawsUnseeded { unseeded() } else { epoch });
            for index in 0..batches.per_epoch() {
                let before_batch = clock.elapsed();
                if self.slip == Slip::WaitsForRows {
                    std::thread::sleep(Duration::from_millis(4));
                }
                let batch = Batch::gather(train, batches.slice(&order, index), &training_device());
                waited += clock.elapsed().saturating_sub(before_batch);
                let before = network.clone();
                let stream = Seed(5).stream("drop").at(epoch).at(index as u64);
                let mut pass = Pass::training(stream, 1.0).tapped();
                let outputs = before.forward(&batch, &mut pass);
                let loss = self.loss(pass.dropout(outputs, self.dropout), &batch.labels);
                let value = f64::from(host(loss.clone().inner())[0]);
                let fresh = gradients(&before, loss.backward());
                let used = self.used(&mut sum, fresh);
                network = self.moved(network, &used);
                let activations: Vec<(String, Vec<f32>, usize)> = (pass.take_taps().into_iter())
                    .map(|(name, tensor)| (name, host(tensor.clone()), tensor.dims()[1]))
                    .collect();
                follower.step(&Taken {
                    loss: value,
                    lr: self.lr,
                    rows: &batch.rows,
                    gradients: &used,
                    before: &before,
                    after: &network,
                    activations: &activations,
                });
                if follower.context.non_finite.is_some() {
                    break 'training;
                }
            }
            let scored = score(&network, valid, self.slip == Slip::ScoresInTraining, epoch, self.dropout);
            let best = epochs.iter().all(|(before, _)| scored < *before);
            epochs.push((scored, Arrays::of(&network)));
            follower.epoch(BTreeMap::from([("loss".to_owned(), scored)]), best, 0.0);
        }
        let total = clock.elapsed().saturating_sub(started);
        let context = &mut follower.context;
        context.finished = true;
        context.primary = Some(Primary { name: "loss".to_owned(), more_is_better: false });
        context.constant_loss = constant_loss(&train.labels);
        context.kept = self.kept(&network, &epochs, valid);
        context.seconds = [("wait", waited), ("compute", total.saturating_sub(waited))]
            .map(|(name, time)| (name.to_owned(), time.as_secs_f64()))
            .to_vec();
        follower.context
    }

    fn loss(&self, outputs: Tensor<2>, labels: &PreparedLabels) -> Tensor<1> {
        if self.slip != Slip::LogOfNothing {
            return LOSS.mean(outputs, labels);
        }
        // The logarithm of a softmax, which is 0 for a logit of 104 below the others.
        let PreparedLabels::Classes(codes) = labels else { panic!("no classes") };
        let [rows, classes] = outputs.dims();
        let wanted = codes
            .iter()
            .flat_map(|&code| (0..classes).map(move |class| f32::from(u8::from(class == code as usize))));
        let wanted = burn::tensor::TensorData::new(wanted.collect(), [rows, classes]);
        let wanted: Tensor<2> = Tensor::from_data(wanted, &outputs.device());
        let likely = (softmax(outputs.mul_scalar(60.0), 1) * wanted).sum_dim(1);
        likely.log().mean().neg()
    }

    /// The gradients that the update is made of.
    fn used(
        &self,
        sum: &mut BTreeMap<String, Vec<f32>>,
        fresh: Vec<(String, Vec<f32>)>,
    ) -> Vec<(String, Vec<f32>)> {
        if self.slip != Slip::KeepsGradients {
            return fresh;
        }
        for (name, gradient) in fresh {
            let kept = sum.entry(name).or_insert_with(|| vec![0.0; gradient.len()]);
            kept.iter_mut().zip(gradient).for_each(|(kept, new)| *kept += new);
        }
        sum.iter().map(|(name, gradient)| (name.clone(), gradient.clone())).collect()
    }

    fn moved(&self, network: Dense, gradients: &[(String, Vec<f32>)]) -> Dense {
        let rate = if self.slip == Slip::ClimbsUp { -self.lr } else { self.lr } as f32;
        update(network, |name, _, values| {
            let forgotten = self.slip == Slip::ForgetsLayer && name.starts_with("hidden.0");
            let Some((_, gradient)) = gradients.iter().find(|(of, _)| of == name && !forgotten) else {
                return;
            };
            values.iter_mut().zip(gradient).for_each(|(value, gradient)| *value -= rate * gradient);
        })
    }

    /// What the loop hands over at its end.
    fn kept(&self, network: &Dense, epochs: &[(f64, Arrays)], valid: &Prepared) -> Option<Kept> {
        let by_score = |pick: fn(f64, f64) -> bool| {
            let better = |(best, old): (usize, f64), (at, new): (usize, f64)| {
                if pick(new, old) { (at, new) } else { (best, old) }
            };
            let scores = epochs.iter().map(|(score, _)| *score).enumerate();
            scores.reduce(better).map(|(at, _)| at)
        };
        let epoch = match self.slip {
            Slip::KeepsLast => epochs.len().checked_sub(1)?,
            Slip::KeepsWorst => by_score(|new, old| new > old)?,
            _ => by_score(|new, old| new < old)?,
        };
        let weights = epochs[epoch].1.load(network.clone()).unwrap();
        let score = Some(score(&weights, valid, false, 0, self.dropout));
        Some(Kept { epoch: epoch as u64, score })
    }
}

/// The mean loss on the validation rows.
fn score(network: &Dense, valid: &Prepared, training: bool, epoch: u64, dropout: f64) -> f64 {
    let rows: Vec<u32> = (0..valid.rows as u32).collect();
    let batch = Batch::gather(valid, &rows, &training_device());
    let stream = Seed(6).stream("scored").at(epoch);
    let mut pass = if training { Pass::training(stream, 1.0) } else { Pass::inference() };
    let outputs = network.forward(&batch, &mut pass);
    let outputs = pass.dropout(outputs, dropout);
    LOSS.on_host(&host(outputs.inner()), &valid.labels)
}

/// The entropy of the classes.
pub(crate) fn constant_loss(labels: &PreparedLabels) -> Option<f64> {
    let PreparedLabels::Classes(codes) = labels else { return None };
    let classes = codes.iter().copied().max()? + 1;
    let share = |class: u32| codes.iter().filter(|&&code| code == class).count() as f64 / codes.len() as f64;
    Some((0..classes).map(share).filter(|share| *share > 0.0).map(|share| -share * share.ln()).sum())
}

/// A number that is another one each time.
fn unseeded() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static DRAWN: AtomicU64 = AtomicU64::new(1000);
    DRAWN.fetch_add(1, Ordering::Relaxed)
}
