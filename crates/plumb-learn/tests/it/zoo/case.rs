//! One job of the zoo: its rows, network and settings, and what the practices say before and during its training.

use plumb_data::prepare::{Prepared, TokenCount};
use plumb_learn::batches::{Batches, Sampling};
use plumb_learn::network::Network;
use plumb_learn::preflight::{self, PreflightContext, Subject};
use plumb_learn::train::{TrainConfig, TrainData, TrainError, train};
use plumb_learn::watch::{self, History, Kept, NonFinite, Primary, Regularisation, TrainContext};
use plumb_ledger::Seed;
use plumb_ledger::clock::StoppedClock;
use plumb_stats::Task;

use super::Found;
use super::by_hand::constant_loss;
use super::data::{Kind, rows};
use super::network::{Dense, Mistake};
use crate::made_up::{Recorder, setup};

/// A job.
pub(crate) struct Case<N> {
    pub(crate) network: N,
    pub(crate) train: Prepared,
    pub(crate) valid: Prepared,
    pub(crate) config: TrainConfig,
    pub(crate) dropout: f64,
}

impl Case<Dense> {
    /// A sound one, but for the network's mistake.
    pub(crate) fn new(kind: Kind, mistake: Mistake) -> Self {
        let [train, valid] = rows(kind, 600, 300);
        let preset = setup("mlp", 20).config;
        let config = TrainConfig { batch_size: 32, lr: 3e-3, patience: None, watch_every: 20, ..preset };
        let network = Dense::new(kind, Dense::classes(kind), mistake);
        Self { network, train, valid, config, dropout: 0.0 }
    }
}

impl<N: Network> Case<N> {
    /// The facts before the training.
    pub(crate) fn facts(&self) -> PreflightContext {
        let subject = Subject {
            train: &self.train,
            config: &self.config,
            dropout: self.dropout,
            chooses_epoch: self.valid.rows > 0,
            names: &[],
        };
        let facts = preflight::measure(&self.network, &subject, &mut || ()).unwrap();
        PreflightContext { fitted_on_train_only: Some(true), ..facts }
    }

    /// What is said before the training.
    pub(crate) fn before(&self) -> Vec<Found> {
        judged(&self.facts())
    }

    /// What is said about the training, with the step at which it was said first.
    pub(crate) fn during(&self) -> Vec<Found> {
        said(&self.trained())
    }

    /// Both.
    pub(crate) fn whole(&self) -> Vec<Found> {
        [self.before(), self.during()].concat()
    }

    /// The facts about the training.
    pub(crate) fn trained(&self) -> TrainContext {
        let mut recorder = Recorder::default();
        let data = TrainData {
            train: &self.train,
            valid: &self.valid,
            task: Task::Multiclass,
            label_scale: None,
            changed: None,
            groups: None,
            teacher: None,
            rounding: None,
        };
        let clock = StoppedClock { unix_ms: 0 };
        let outcome = train(self.network.clone(), &data, &self.config, None, &mut recorder, &clock);
        let mut history = History::default();
        for event in &recorder.events {
            history.push(event);
        }
        let non_finite = match &outcome {
            Err(TrainError::NonFinite { what, step, layer, rows }) => Some(NonFinite {
                what: (*what).to_owned(),
                step: *step,
                layer: layer.clone(),
                rows: rows.clone(),
            }),
            _ => None,
        };
        let kept = outcome.ok().and_then(|trained| trained.best_epoch);
        let score =
            |epoch| history.epochs.iter().find(|of| of.epoch == epoch)?.valid.get("log_loss").copied();
        TrainContext {
            finished: true,
            non_finite,
            constant_loss: constant_loss(&self.train.labels),
            primary: Some(Primary { name: "log_loss".to_owned(), more_is_better: false }),
            kept: kept.map(|epoch| Kept { epoch, score: score(epoch) }),
            regularisation: Some(Regularisation {
                dropout: self.dropout,
                weight_decay: self.config.weight_decay,
                label_smoothing: 0.0,
            }),
            history,
            ..TrainContext::default()
        }
    }
}

/// What all `preflight.*` practices say.
pub(crate) fn judged(facts: &PreflightContext) -> Vec<Found> {
    let ask = |practice: &plumb_ledger::Practice<PreflightContext>| {
        Found::new(practice.page.id, (practice.judge)(facts), None)
    };
    preflight::PRACTICES.iter().map(ask).collect()
}

/// What all `train.*` practices say at the end, with the step at which they said it first when asked on the way.
pub(crate) fn said(context: &TrainContext) -> Vec<Found> {
    let last = context.history.steps.last().map_or(0, |step| step.step + 1);
    let ask = |practice: &plumb_ledger::Practice<TrainContext>| {
        let id = practice.page.id;
        let found = Found::new(id, (practice.judge)(context), Some(last));
        let earlier = |upto: u64| {
            let early = Found::new(id, (practice.judge)(&until(context, upto)), Some(upto));
            (early.verdict == found.verdict && found.is_alarm()).then_some(early)
        };
        (1..last / 10).find_map(|tens| earlier(10 * tens)).unwrap_or(found)
    };
    watch::PRACTICES.iter().map(ask).collect()
}

/// What was known after so many steps.
fn until(context: &TrainContext, steps: u64) -> TrainContext {
    let mut early = TrainContext {
        finished: false,
        kept: None,
        non_finite: None,
        repeated_hashes: None,
        ..context.clone()
    };
    early.history.steps.retain(|step| step.step < steps);
    early.history.looks.retain(|look| look.step < steps);
    early.history.epochs.retain(|epoch| epoch.step <= steps);
    early.seconds.clear();
    early
}

/// The order of somebody else's batches, as facts.
pub(crate) fn order_of(train: &Prepared, size: usize, orders: [&[u32]; 2]) -> preflight::BatchOrder {
    let batches: Vec<&[u32]> = orders[0].chunks(size).collect();
    preflight::order_of(orders, &batches, &train.labels)
}

/// A shuffled order.
pub(crate) fn shuffled(rows: usize, epoch: u64) -> Vec<u32> {
    Batches::new(rows, 1, Seed(5).stream("shuffled"), Sampling::Shuffled).order(epoch)
}

/// Texts of which so many are cut off.
pub(crate) fn token_count(rows: usize, lost: usize) -> TokenCount {
    TokenCount { rows, length: 8, cut_rows: rows, tokens: 20 * rows, lost, unknown: 0 }
}
