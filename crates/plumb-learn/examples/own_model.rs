//! Plumb's checks on a Burn module of one's own, in a loop of one's own.
//!
//! `cargo run --release -p plumb-learn --example own_model`. The module knows nothing of Plumb but [`Network`], through which it
//! is asked before the training; the loop tells a [`Follower`] what each step did.
#![expect(clippy::print_stdout, reason = "it shows the verdicts")]

use std::collections::BTreeMap;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig, Relu};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plumb_data::prepare::{Prepared, PreparedLabels};
use plumb_learn::batches::{Batch, Batches, Sampling};
use plumb_learn::model::training_device;
use plumb_learn::network::{Network, Pass};
use plumb_learn::optim::{AdamConfig, Hyper, Optimizer, OptimizerConfig};
use plumb_learn::parameters::{gradients, host, update};
use plumb_learn::preflight::{self, Subject};
use plumb_learn::presets::{self, Circumstances};
use plumb_learn::watch::{Follower, Primary, Taken};
use plumb_ledger::{Judgement, Seed};

type Failure = Box<dyn std::error::Error>;

/// Two layers, as in Burn's book.
#[derive(Module, Debug)]
struct Own {
    first: Linear,
    second: Linear,
}

impl Own {
    fn new(device: &Device) -> Self {
        Self { first: LinearConfig::new(4, 32).init(device), second: LinearConfig::new(32, 3).init(device) }
    }

    fn hidden(&self, inputs: Tensor<2>) -> Tensor<2> {
        Relu::new().forward(self.first.forward(inputs))
    }
}

impl Network for Own {
    fn forward(&self, batch: &Batch, pass: &mut Pass) -> Tensor<2> {
        let hidden = self.hidden(batch.numbers.clone());
        pass.tap("first", &hidden);
        self.second.forward(hidden)
    }
}

/// Points around three centres.
fn rows(count: usize, seed: u64) -> Prepared {
    let stream = Seed(seed).stream("points");
    let class = |row: u64| stream.below(10 * row, 3) as u32;
    let point = |row: u64| {
        (0..4).map(move |at| {
            let centre = if at == u64::from(class(row)) { 1.5 } else { -0.5 };
            (centre + 0.5 * stream.normal(10 * row + 1 + at)) as f32
        })
    };
    Prepared {
        rows: count,
        numbers: (0..count as u64).flat_map(point).collect(),
        numbers_width: 4,
        flags: Vec::new(),
        flags_width: 0,
        codes: Vec::new(),
        codes_width: 0,
        images: None,
        texts: None,
        labels: PreparedLabels::Classes((0..count as u64).map(class).collect()),
    }
}

fn show(id: &str, judgement: &Judgement) {
    println!("{:7} {id}: {}", judgement.verdict.as_str(), judgement.summary);
}

/// Everything that is asked before the training.
fn check(network: &Own, train: &Prepared) -> Result<(), Failure> {
    let preset = presets::named("mlp")?;
    let of = Circumstances {
        task: plumb_stats::Task::Multiclass,
        rows: train.rows,
        columns: 4,
        picture_side: None,
        pretrained: false,
        encoder: None,
        backbone: None,
        primary: "log_loss",
    };
    let config = (preset.train)(&of);
    let names = ["a", "b", "c", "d"].map(str::to_owned);
    let subject = Subject { train, config: &config, dropout: 0.0, chooses_epoch: true, names: &names };
    let facts = preflight::measure(network, &subject, &mut || ())?;
    for practice in preflight::PRACTICES {
        show(practice.page.id, &(practice.judge)(&facts));
    }
    Ok(())
}

/// The labels as Burn's loss wants them.
fn targets(labels: &PreparedLabels, device: &Device) -> Tensor<1, Int> {
    let codes: Vec<i32> = match labels {
        PreparedLabels::Classes(codes) => codes.iter().map(|&code| code as i32).collect(),
        _ => Vec::new(),
    };
    Tensor::from_data(TensorData::new(codes.clone(), [codes.len()]), device)
}

fn train(mut network: Own, train: &Prepared, valid: &Prepared) -> Result<Follower, Failure> {
    let device = training_device();
    let batches = Batches::new(train.rows, 32, Seed(1).stream("shuffle"), Sampling::Shuffled);
    let mut optimizer = Optimizer::new(OptimizerConfig::Adam(AdamConfig::DEFAULT))?;
    let mut follower = Follower::new(10);
    follower.context.primary = Some(Primary { name: "loss".to_owned(), more_is_better: false });
    let loss_of = CrossEntropyLossConfig::new().init(&device);
    let mut lowest = f64::INFINITY;
    for epoch in 0..15 {
        let order = batches.order(epoch);
        for index in 0..batches.per_epoch() {
            let batch = Batch::gather(train, batches.slice(&order, index), &device);
            let hidden = network.hidden(batch.numbers.clone());
            let outputs = network.second.forward(hidden.clone());
            let loss = loss_of.forward(outputs, targets(&batch.labels, &device));
            let value = f64::from(host(loss.clone().inner())[0]);
            let seen = gradients(&network, loss.backward());
            let before = network.clone();
            let mut outcome = Ok(());
            network = update(network, |name, _, values| {
                let Some((_, gradient)) = seen.iter().find(|(of, _)| of == name) else { return };
                let moved = optimizer.update(name, values, gradient, &Hyper::at_rate(1e-3));
                outcome = outcome.clone().and(moved);
            });
            outcome?;
            follower.step(&Taken {
                loss: value,
                lr: 1e-3,
                rows: &batch.rows,
                gradients: &seen,
                before: &before,
                after: &network,
                activations: &[("first".to_owned(), host(hidden.inner()), 32)],
            });
        }
        let plain = Device::flex();
        let all: Vec<u32> = (0..valid.rows as u32).collect();
        let batch = Batch::gather(valid, &all, &plain);
        let outputs = network.valid().forward(&batch, &mut Pass::inference());
        let loss =
            CrossEntropyLossConfig::new().init(&plain).forward(outputs, targets(&batch.labels, &plain));
        let score = f64::from(host(loss)[0]);
        follower.epoch(BTreeMap::from([("loss".to_owned(), score)]), score < lowest, 0.0);
        lowest = lowest.min(score);
    }
    follower.context.finished = true;
    Ok(follower)
}

fn main() -> Result<(), Failure> {
    let device = training_device();
    device.seed(7);
    let (seen, unseen) = (rows(600, 1), rows(200, 2));
    let network = Own::new(&device);
    check(&network, &seen)?;
    for (page, judgement) in train(network, &seen, &unseen)?.verdicts() {
        show(page.id, &judgement);
    }
    Ok(())
}
