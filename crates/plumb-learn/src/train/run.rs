//! The training loop, whole.

use std::time::Duration;

use plumb_data::prepare::PreparedLabels;
use plumb_ledger::clock::Clock;

use super::feed::Feed;
use super::state::{Plan, Seconds, State};
use super::step::step;
use super::validate::Judge;
use super::{Checkpoint, Control, Event, Observer, Ties, TrainConfig, TrainData, TrainError, checkpoint};
use crate::network::Network;
use crate::parameters::Arrays;
use crate::schedules::ScheduleConfig;

/// What training leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The weights of the best epoch.
    pub weights: Arrays,
    /// The best epoch, counted from 0.
    pub best_epoch: Option<u64>,
    /// Epochs completed.
    pub epochs: u64,
    /// Steps taken.
    pub steps: u64,
    /// Why it ended.
    pub stopped: Stopped,
    /// Where the time went, since the checkpoint that it went on from.
    pub seconds: Seconds,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All epochs are done.
    Finished,
    /// The validation score had not improved for `patience` epochs.
    Early,
    /// The observer asked for it; a checkpoint was handed over and `resume` goes on from it.
    Interrupted,
}

/// Trains `network`, whose tensors must be on an autodiff device ([`crate::model::training_device`]).
///
/// With `resume`, the start values are replaced by the checkpoint's and training goes on to the same weights, bit
/// for bit, as if it had never stopped. Neither `clock` nor `observer` can change a weight.
pub fn train<N: Network>(
    network: N,
    data: &TrainData<'_>,
    config: &TrainConfig,
    resume: Option<&Checkpoint>,
    observer: &mut dyn Observer,
    clock: &dyn Clock,
) -> Result<Trained, TrainError> {
    check(data, config)?;
    let plan = Plan::new(&network, *data, config);
    let judge = Judge::new(*data, config, plan.hold.as_ref())?;
    let (mut network, mut state) = match resume {
        Some(checkpoint) => checkpoint::restore(checkpoint, network, config)?,
        None => (network, State::new(config)?),
    };
    std::thread::scope(|scope| {
        let mut feed = Feed::start(scope, &plan, config, (state.progress.epoch, state.progress.batch), clock);
        let mut saved = clock.elapsed();
        while state.progress.epoch < config.epochs && !waited_enough(&state, config) {
            let order = plan.batches.order(state.progress.epoch);
            network = plan.with_rest(network, state.progress.epoch);
            while state.progress.batch < plan.batches.per_epoch() {
                let (next, events) = step(network, &mut state, &plan, &mut feed, &order, clock)?;
                network = next;
                if events.iter().any(|event| observer.event(event) == Control::Stop) {
                    save(&network, &state, observer)?;
                    return Ok(trained(&network, state, Stopped::Interrupted));
                }
                if due(saved, clock, config) {
                    save(&network, &state, observer)?;
                    saved = clock.elapsed();
                }
            }
            let event = end_epoch(&network, &mut state, &plan, &judge, clock, observer);
            if observer.event(&event) == Control::Stop {
                save(&network, &state, observer)?;
                return Ok(trained(&network, state, Stopped::Interrupted));
            }
        }
        save(&network, &state, observer)?;
        let early = state.progress.epoch < config.epochs;
        Ok(trained(&network, state, if early { Stopped::Early } else { Stopped::Finished }))
    })
}

/// Validates, keeps the weights if they are the best, and turns to the next epoch.
fn end_epoch<N: Network>(
    network: &N,
    state: &mut State,
    plan: &Plan<'_>,
    judge: &Judge<'_>,
    clock: &dyn Clock,
    observer: &mut dyn Observer,
) -> Event {
    let averaged = averaged(network, state);
    let weights = || averaged.clone().unwrap_or_else(|| Arrays::of(network));
    observer.epoch_weights(state.progress.epoch, &weights);
    let started = clock.elapsed();
    let valid = match &averaged {
        Some(weights) => {
            weights.load(network.valid()).map(|network| judge.scores(&network)).unwrap_or_default()
        }
        None => judge.scores(&network.valid()),
    };
    state.seconds.validate += clock.elapsed().saturating_sub(started).as_secs_f64();
    let score = judge.score(&valid);
    let loss = valid.get("loss").copied();
    let excess = judge.excess(&valid);
    let best = is_best(score, loss, excess, state, plan.config.ties);
    if best {
        state.best = Some(averaged.unwrap_or_else(|| Arrays::of(network)));
        state.progress.best_score = score;
        state.progress.best_loss = loss;
        state.progress.best_excess = Some(excess).filter(|excess| *excess > 0.0);
        state.progress.best_epoch = Some(state.progress.epoch);
    }
    if let ScheduleConfig::Plateau(plateau) = &plan.config.schedule {
        state.progress.plateau.observe(plateau, loss.unwrap_or(f64::NAN));
    }
    let train_loss = state.progress.loss_sum / state.progress.losses as f64;
    let (epoch, step) = (state.progress.epoch, state.progress.step);
    state.progress.epoch += 1;
    (state.progress.batch, state.progress.loss_sum, state.progress.losses) = (0, 0.0, 0);
    Event::Epoch { epoch, step, train_loss, valid, best, seconds: clock.elapsed().as_secs_f64() }
}

/// Without a score (no validation rows) the newest epoch is the best. Groups that are held together come before the score.
fn is_best(score: Option<f64>, loss: Option<f64>, excess: f64, state: &State, ties: Ties) -> bool {
    let (Some(score), Some(best)) = (score, state.progress.best_score) else {
        return score.is_none_or(f64::is_finite);
    };
    let (of_best, is_finite) = (state.progress.best_excess.unwrap_or(0.0), score.is_finite());
    if is_finite && (excess - of_best).abs() > 0.0 {
        return excess < of_best;
    }
    let wins_tie = match ties {
        Ties::Last => true,
        Ties::Loss => loss < state.progress.best_loss,
    };
    score > best || (score >= best && wins_tie)
}

fn waited_enough(state: &State, config: &TrainConfig) -> bool {
    let since = state.progress.best_epoch.map_or(0, |best| state.progress.epoch.saturating_sub(best + 1));
    config.patience.is_some_and(|patience| since > patience)
}

/// The network's values with the moving averages in place of what they average.
fn averaged<N: Network>(network: &N, state: &State) -> Option<Arrays> {
    let averages = state.ema.as_ref()?.averages();
    let mut weights = Arrays::of(network);
    for (name, values) in averages {
        if let Some(array) = weights.0.get_mut(name) {
            array.values.clone_from(values);
        }
    }
    Some(weights)
}

fn due(saved: Duration, clock: &dyn Clock, config: &TrainConfig) -> bool {
    clock.elapsed().saturating_sub(saved).as_secs_f64() >= config.checkpoint_seconds
}

fn save<N: Network>(network: &N, state: &State, observer: &mut dyn Observer) -> Result<(), TrainError> {
    observer.checkpoint(&checkpoint::make(network, state)?).map_err(TrainError::NotSaved)
}

fn trained<N: Network>(network: &N, state: State, stopped: Stopped) -> Trained {
    Trained {
        weights: state.best.unwrap_or_else(|| Arrays::of(network)),
        best_epoch: state.progress.best_epoch,
        epochs: state.progress.epoch,
        steps: state.progress.step,
        stopped,
        seconds: state.seconds,
    }
}

fn check(data: &TrainData<'_>, config: &TrainConfig) -> Result<(), TrainError> {
    let require = |legal, key, value, range| {
        if legal { Ok(()) } else { Err(TrainError::Setting { key, value, range }) }
    };
    if data.train.rows == 0 || data.train.labels == PreparedLabels::Absent {
        return Err(TrainError::NoRows);
    }
    require(config.lr.is_finite() && config.lr > 0.0, "train.lr", config.lr, "above 0")?;
    let decay = config.weight_decay;
    require(decay.is_finite() && decay >= 0.0, "train.weight_decay", decay, "at least 0")?;
    let clip = config.clip_norm.unwrap_or(1.0);
    require(clip.is_finite() && clip > 0.0, "train.clip_norm", clip, "above 0")
}
