//! Stage 5: train, keep the best weights, judge the training.

use plumb_data::Predictions;
use plumb_data::prepare::PreparedLabels;
use plumb_learn::model::{Inputs, ModelConfig, TabularNetwork, training_device};
use plumb_learn::models::mixed::MixedNetwork;
use plumb_learn::predict::TrainedModel;
use plumb_learn::pretrained::{self, HeadOf, Published};
use plumb_learn::train::{
    self, Checkpoint, Control, Event, Mitigation, Observer, Stopped, TrainConfig, TrainData, TrainError,
};
use plumb_learn::watch::{self, Kept, NonFinite, Primary, Regularisation, TrainContext};
use plumb_ledger::clock::StoppedClock;
use plumb_ledger::{Seed, Sha256};
use plumb_stats::metrics::Direction;
use plumb_stats::{Metric, Outcome};

use super::film::{Camera, Film};
use super::history::History;
use super::live::Live;
use super::observer::{Recorder, Watcher, find_checkpoint};
use super::pipeline::Setup;
use super::settle::Plan;
use super::stage_prepare::Ready;
use super::{Run, files, notes};
use crate::fault::Fault;
use crate::pretrained::Pretrained;

/// A trained model and how it came about.
#[derive(Debug)]
pub(crate) struct Fit {
    /// The model with its best weights.
    pub(crate) model: TrainedModel,
    /// The digest of the weights.
    pub(crate) weights_sha256: Sha256,
    /// Steps taken.
    pub(crate) steps: u64,
    best_epoch: Option<u64>,
    seconds: train::Seconds,
    /// What was seen of the training; nothing of a repeat.
    context: TrainContext,
    /// How a picture network came to see; empty for others.
    pub(crate) film: Film,
}

/// Which training this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one that the run is about: its events are recorded.
    Main,
    /// A fold or another seed: `fold-3`.
    Repeat(&'static str, usize),
}

impl Which {
    fn slot(self) -> String {
        match self {
            Self::Main => "last".to_owned(),
            Self::Repeat(what, number) => format!("{what}-{number}"),
        }
    }

    fn title(self) -> String {
        match self {
            Self::Main => "training".to_owned(),
            Self::Repeat(what, number) => format!("training {what} {number}"),
        }
    }
}

/// The model as it will be trained.
pub(crate) fn model_config(plan: &Plan, ready: &Ready) -> ModelConfig {
    let classes = ready.preparation.classes.len();
    let mut inputs = Inputs::of(&ready.preparation);
    if let (Some(text), Some(encoder)) =
        (&mut inputs.text, plan.pretrained.as_ref().and_then(|of| of.published.encoder()))
    {
        // Published tables are often rounded up to more rows than the tokenizer has tokens.
        text.vocabulary = encoder.vocabulary;
    }
    ModelConfig {
        schema: 1,
        inputs,
        outputs: if ready.preparation.task.is_classification() { classes } else { 1 },
        network: plan.network.clone(),
        views: plan.views.clone(),
    }
}

/// The network with its start values, or those that it was trained to before.
pub(crate) fn start(config: &ModelConfig, plan: &Plan, ready: &Ready) -> Result<TabularNetwork, Fault> {
    let network = config.start(Seed(plan.train.seed), &ready.train, &training_device());
    match (network, &plan.pretrained) {
        (
            TabularNetwork::Pictures(network),
            Some(Pretrained { published: Published::Picture(of), weights, .. }),
        ) => {
            let network = pretrained::adopt(network, of, weights.as_ref().clone(), HeadOf::Network)?;
            Ok(TabularNetwork::Pictures(network))
        }
        (
            TabularNetwork::Text(network),
            Some(Pretrained { published: Published::Encoder(of), weights, .. }),
        ) => {
            let head = HeadOf::Network;
            let network = pretrained::adopt_encoder(network, of, weights, head, plan.fresh_layers)?;
            Ok(TabularNetwork::Text(network))
        }
        (TabularNetwork::Mixed(network), Some(of)) => {
            Ok(TabularNetwork::Mixed(adopt_part(network, of, plan.fresh_layers)?))
        }
        (network, _) => Ok(network),
    }
}

/// The network with published weights in the part that they are for.
fn adopt_part(mut network: MixedNetwork, of: &Pretrained, fresh: usize) -> Result<MixedNetwork, Fault> {
    let (weights, head) = (of.weights.as_ref(), HeadOf::Network);
    match &of.published {
        Published::Picture(architecture) => {
            let adopt = |part| pretrained::adopt(part, architecture, weights.clone(), head);
            network.picture = network.picture.map(adopt).transpose()?;
        }
        Published::Encoder(encoder) => {
            let adopt = |part| pretrained::adopt_encoder(part, encoder, weights, head, fresh);
            network.text = network.text.map(adopt).transpose()?;
        }
    }
    Ok(network)
}

/// Trains, from the checkpoint where there is one.
pub(crate) fn fit(run: &mut Run, plan: &Plan, ready: &Ready, which: Which) -> Result<Fit, Fault> {
    let config = model_config(plan, ready);
    let network = start(&config, plan, ready)?;
    let slot = run.folder()?.make(files::CHECKPOINTS)?.join(which.slot());
    let found = find_checkpoint(&slot, &run.screen);
    let resumed = found.checkpoint;
    let clock = super::screen::SharedClock::of(&run.screen);
    let (mut recorder, mut context) = (None, TrainContext::default());
    if which == Which::Main {
        context = known(run, plan, ready);
        let before = History::before(&run.folder()?.join(files::HISTORY), found.history_length);
        notes::settled(run, &network, &before);
        for event in &before.events {
            context.history.push(event);
        }
        let camera = Camera::new(&config, &ready.preparation, &ready.valid, plan.train.epochs, found.film);
        recorder = Some(Recorder { camera, ..self::recorder(run, found.history_length)? });
    }
    run.screen.begin(&which.title(), steps(&plan.train, ready));
    let live = (which == Which::Main)
        .then(|| Live::new(context, &mut run.ledger, run.folder.as_ref(), &run.job.gates.fail));
    let mut watcher = Watcher::new(&mut run.screen, slot, recorder, &plan.train.primary, live);
    let trained = train::train(network, &data(ready), &plan.train, resumed.as_ref(), &mut watcher, &clock);
    let (failed, film) = (watcher.failed.take(), watcher.take_film());
    let context = watcher.live.map(|live| live.context).unwrap_or_default();
    run.screen.end();
    if let Some(error) = failed {
        return Err(Fault::failed(format!("cannot write the history ({error})")));
    }
    let trained = match trained {
        Ok(trained) => trained,
        Err(error) => return Err(broken(run, ready, context, error)?),
    };
    if trained.stopped == Stopped::Interrupted {
        // By a gate, if not by a person.
        run.end_stage()?;
        return Err(Fault::interrupted(run.folder()?.path()));
    }
    let (config, weights) = config.merged(trained.weights);
    let weights_sha256 = weights.sha256()?;
    let model = TrainedModel::new(config, ready.preparation.clone(), &weights)
        .map_err(|e| Fault::failed(e.to_string()))?;
    let (steps, best_epoch, seconds) = (trained.steps, trained.best_epoch, trained.seconds);
    Ok(Fit { model, weights_sha256, steps, best_epoch, seconds, context, film })
}

/// What the practices may know of a training before it begins.
fn known(run: &Run, plan: &Plan, ready: &Ready) -> TrainContext {
    TrainContext {
        constant_loss: constant_loss(&ready.train.labels),
        primary: Some(Primary {
            name: plan.primary.metric.name.to_owned(),
            more_is_better: plan.primary.metric.direction == Direction::Up,
        }),
        slack: match plan.train.mitigation {
            Some(Mitigation::Hold { slack, .. }) => Some(slack),
            Some(Mitigation::Reweigh) | None => None,
        },
        regularisation: Some(Regularisation {
            dropout: run.job.model.dropout.or(0.0),
            weight_decay: plan.train.weight_decay,
            label_smoothing: run.job.train.label_smoothing.or(0.0),
        }),
        ..TrainContext::default()
    }
}

/// What the loaders did; nothing for tables without pictures.
fn making(of: train::Making, ready: &Ready) -> Vec<(String, f64)> {
    if ready.train.images.is_none() {
        return Vec::new();
    }
    let steps = [("cut", of.cut), ("change", of.change), ("scale", of.scale), ("blend", of.blend)];
    steps.map(|(step, seconds)| (step.to_owned(), seconds)).to_vec()
}

/// What a training is told of its rows.
pub(super) fn data(ready: &Ready) -> TrainData<'_> {
    TrainData {
        train: &ready.train,
        valid: &ready.valid,
        task: ready.preparation.task,
        label_scale: ready.preparation.label_scale,
        changed: ready.changed.as_ref(),
        groups: ready.groups.as_ref(),
        teacher: ready.teacher.as_ref(),
        rounding: None,
    }
}

fn steps(config: &TrainConfig, ready: &Ready) -> u64 {
    let batches = ready.train.rows / config.batch_size.clamp(1, ready.train.rows.max(1));
    config.epochs * batches.div_ceil(config.accumulate) as u64
}

fn recorder(run: &Run, history_length: u64) -> Result<Recorder, Fault> {
    let folder = run.folder()?;
    let failed = |e: std::io::Error| Fault::failed(format!("cannot write the history ({e})"));
    let history = History::open(&folder.join(files::HISTORY), history_length).map_err(failed)?;
    Ok(Recorder { history, logs: run.logs.clone(), camera: None, taken: Vec::new() })
}

/// A training that ended without a model: the ledger says why before the process ends.
fn broken(run: &mut Run, ready: &Ready, context: TrainContext, error: TrainError) -> Result<Fault, Fault> {
    if let TrainError::NonFinite { what, step, layer, rows } = &error {
        let in_table = |row: &u32| ready.train_rows.get(*row as usize).copied().unwrap_or(*row);
        let rows = rows.iter().map(in_table).collect();
        let non_finite =
            Some(NonFinite { what: (*what).to_owned(), step: *step, layer: layer.clone(), rows });
        run.judge(watch::PRACTICES, &TrainContext { finished: true, non_finite, ..context });
        run.end_stage()?;
    }
    Ok(error.into())
}

/// Judges the training.
pub(crate) fn judge(run: &mut Run, setup: &Setup, fit: &mut Fit) -> Result<(), Fault> {
    let Setup { plan, ready, .. } = setup;
    let kept =
        fit.best_epoch.map(|epoch| Kept { epoch, score: score(&fit.model, ready, plan.primary.metric) });
    let rows = standing_out(&fit.context.history, plan, ready);
    let context = TrainContext {
        finished: true,
        kept,
        rows,
        seconds: [
            ("wait", fit.seconds.wait),
            ("compute", fit.seconds.compute),
            ("validate", fit.seconds.validate),
        ]
        .map(|(step, seconds)| (step.to_owned(), seconds))
        .to_vec(),
        making: making(fit.seconds.making, ready),
        repeated_hashes: Some((short_run(plan, ready)?, short_run(plan, ready)?)),
        ..std::mem::take(&mut fit.context)
    };
    run.judge(watch::PRACTICES, &context);
    run.end_stage()
}

/// The rows in the table of the step with the largest gradient.
fn standing_out(history: &watch::History, plan: &Plan, ready: &Ready) -> Vec<(u64, Vec<u32>)> {
    let norms = history.steps.iter().filter_map(|step| Some((step.step, step.grad_norm?)));
    let finite = norms.filter(|(_, norm)| norm.is_finite());
    let largest = finite.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(step, _)| step);
    let rows = |step: u64| {
        let rows = train::rows_of_step(&ready.train, &plan.train, step);
        (step, rows.into_iter().filter_map(|row| ready.train_rows.get(row as usize).copied()).collect())
    };
    largest.map(rows).into_iter().collect()
}

/// The primary metric of the kept weights on the valid rows, computed anew.
fn score(model: &TrainedModel, ready: &Ready, metric: &Metric) -> Option<f64> {
    match (model.predict_prepared(&ready.valid), &ready.valid.labels, ready.preparation.label_scale) {
        (Predictions::Probabilities { values, classes }, PreparedLabels::Classes(truth), _) => {
            (metric.compute)(&Outcome::Classes { truth, probabilities: &values, classes })
        }
        (Predictions::Numbers(predicted), PreparedLabels::Numbers(labels), Some(scale)) => {
            // As the loop does it: standardised labels back to their own unit, not held to train's range.
            let truth: Vec<f64> =
                labels.iter().map(|&label| f64::from(label) * scale.deviation + scale.mean).collect();
            (metric.compute)(&Outcome::Numbers { truth: &truth, predicted: &predicted })
        }
        _ => None,
    }
}

/// The entropy of the classes, or the variance of the standardised labels.
fn constant_loss(labels: &PreparedLabels) -> Option<f64> {
    match labels {
        PreparedLabels::Absent => None,
        PreparedLabels::Numbers(numbers) => {
            let numbers: Vec<f64> = numbers.iter().map(|&x| f64::from(x)).collect();
            let mean = numbers.iter().sum::<f64>() / numbers.len().max(1) as f64;
            Some(numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len().max(1) as f64)
        }
        PreparedLabels::Classes(codes) => {
            let mut counts = std::collections::BTreeMap::<u32, usize>::new();
            for code in codes {
                *counts.entry(*code).or_default() += 1;
            }
            let shares = counts.values().map(|&count| count as f64 / codes.len() as f64);
            Some(-shares.map(|share| share * share.ln()).sum::<f64>())
        }
    }
}

/// The digest of the weights after a few steps: two of these tell whether the same seed gives the same weights.
fn short_run(plan: &Plan, ready: &Ready) -> Result<String, Fault> {
    struct StopSoon;
    impl Observer for StopSoon {
        fn event(&mut self, event: &Event) -> Control {
            const STEPS: u64 = 5;
            match event {
                Event::Step { step, .. } if step + 1 < STEPS => Control::Continue,
                Event::Layers { .. } => Control::Continue,
                _ => Control::Stop,
            }
        }
        fn checkpoint(&mut self, _: &Checkpoint) -> Result<(), String> {
            Ok(())
        }
    }
    let network = start(&model_config(plan, ready), plan, ready)?;
    let clock = StoppedClock::default();
    let trained = train::train(network, &data(ready), &plan.train, None, &mut StopSoon, &clock)?;
    Ok(trained.weights.sha256()?.to_string())
}

/// Writes `model/`: weights, description, preparation.
pub(crate) fn write_model(run: &Run, model: &TrainedModel) -> Result<(), Fault> {
    let folder = run.folder()?;
    let failed = |e: &dyn std::fmt::Display| Fault::failed(format!("cannot store the model ({e})"));
    let mut staged =
        plumb_ledger::atomic::StagedFolder::new(&folder.join(files::MODEL)).map_err(|e| failed(&e))?;
    let parts = [
        ("model.safetensors", model.weights_file().map_err(|e| failed(&e))?),
        ("model.json", model.description().map_err(|e| failed(&e))?.into_bytes()),
        ("preparation.json", model.preparation().to_json()?.into_bytes()),
    ];
    for (name, bytes) in parts {
        staged.write(name, &bytes).map_err(|e| failed(&e))?;
    }
    staged.commit().map_err(|e| failed(&e))
}
