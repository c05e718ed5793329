//! One step: losses and gradients of a window of batches, clipping, the update.

use std::collections::BTreeMap;

use burn::tensor::{Int, Tensor, TensorData};
use plumb_ledger::clock::Clock;

use super::distillation::{Lesson, MAP, weight_of_rows};
use super::feed::Feed;
use super::mitigation::Tally;
use super::state::{Plan, Rates, State};
use super::{ActivationStats, Event, LayerStats, TrainError};
use crate::batches::Batch;
use crate::layers::Linear;
use crate::network::{Network, Pass};
use crate::optim::{Hyper, OptimizerError, clip};
use crate::parameters::{gradients, gradients_and_rest, host, update, write_buffers};
use crate::watch::figures;

/// Gradients by parameter, in the order in which the module is walked.
type Gradients = Vec<(String, Vec<f32>)>;

/// What the batches of a step give together.
#[derive(Default)]
struct Window {
    loss: f64,
    gradients: Gradients,
    activations: BTreeMap<String, ActivationStats>,
    attention: BTreeMap<String, Vec<f64>>,
    rows: Vec<u32>,
    tallies: Vec<Tally>,
    /// The map of features, as it was before the step.
    map: Option<Linear>,
}

/// Takes one step and tells about it. `order` holds the rows of the epoch.
pub(super) fn step<N: Network>(
    network: N,
    state: &mut State,
    plan: &Plan<'_>,
    feed: &mut Feed<'_>,
    order: &[u32],
    clock: &dyn Clock,
) -> Result<(N, Vec<Event>), TrainError> {
    let started = clock.elapsed();
    let batches = gather(state, plan, feed, order);
    let gathered = clock.elapsed();
    let step = state.progress.step;
    let watched = plan.is_watched(step);
    let rates = plan.rates(&state.progress);
    let (network, mut window) = window(network, batches, state, plan, rates, watched)?;
    let grad_norm = clip::global_norm(window.gradients.iter().map(|(_, gradient)| gradient.as_slice()));
    if !grad_norm.is_finite() {
        return Err(broken_gradient(step, window));
    }
    let scale = plan.config.clip_norm.map_or(1.0, |longest| clip::factor(grad_norm, longest));
    let (network, layers) = move_weights(network, state, plan, &window.gradients, rates, scale, watched)?;
    state.map = move_map(window.map.take(), state, &window.gradients, rates, scale)?;
    if let Some(hold) = &plan.hold {
        hold.follow(state.progress.multipliers.get_or_insert_with(|| hold.start()), &window.tallies);
    }
    let mut events =
        vec![Event::Step { step, epoch: state.progress.epoch, loss: window.loss, lr: rates.lr, grad_norm }];
    if watched {
        let Window { activations, attention, .. } = window;
        events.push(Event::Layers { step, layers, activations, attention });
    }
    state.seconds.making = feed.making();
    state.seconds.wait += gathered.saturating_sub(started).as_secs_f64();
    state.seconds.compute += clock.elapsed().saturating_sub(gathered).as_secs_f64();
    state.progress.step += 1;
    state.progress.loss_sum += window.loss;
    state.progress.losses += 1;
    Ok((network, events))
}

/// The batches of the step, which the next one goes on after.
fn gather(state: &mut State, plan: &Plan<'_>, feed: &mut Feed<'_>, order: &[u32]) -> Vec<Batch> {
    let first = state.progress.batch;
    let last = (first + plan.config.accumulate.max(1)).min(plan.batches.per_epoch());
    state.progress.batch = last;
    (first..last).map(|index| feed.next(plan.batches.slice(order, index), plan)).collect()
}

/// Sums loss and gradients over the batches of the step, each divided by the weight of the whole window.
fn window<N: Network>(
    mut network: N,
    batches: Vec<Batch>,
    state: &State,
    plan: &Plan<'_>,
    rates: Rates,
    watched: bool,
) -> Result<(N, Window), TrainError> {
    let at_rest = plan.at_rest(state.progress.epoch);
    let weight = batches.iter().map(|batch| plan.config.loss.weight_of_batch(batch)).sum();
    let rows = batches.iter().map(Batch::len).sum();
    let taught = batches.iter().map(weight_of_rows).sum();
    // Weights rest until the step is taken, and norms where numbers are rounded: one copy is good for all batches.
    let rounded = plan.data.rounding.map(|rounding| rounding.weights(network.clone()));
    let mut window = Window { map: state.map.clone(), ..Window::default() };
    for (index, batch) in batches.into_iter().enumerate() {
        let stream = plan.dropout.at(state.progress.step).at(index as u64);
        let shown = rounded.as_ref().unwrap_or(&network);
        let mut pass = Pass::training(stream, rates.dropout_factor).frozen_below(at_rest);
        pass = pass.rounded_by(plan.codes.clone());
        if watched {
            pass = pass.tapped();
        }
        if plan.lesson.as_ref().is_some_and(Lesson::wants_features) {
            pass = pass.with_features();
        }
        let outputs = shown.forward(&batch, &mut pass);
        let mut loss = plan.config.loss.of_batch(outputs.clone(), &batch, weight);
        if let Some(lesson) = &plan.lesson {
            let features = pass.take_features();
            loss = lesson.blend(loss, outputs.clone(), features, &mut window.map, &batch, taught);
        }
        if let Some(hold) = &plan.hold {
            window.tallies.push(hold.tally(&outputs, &batch));
            let penalty = state.progress.multipliers.as_ref();
            let penalty = penalty.and_then(|of| hold.penalty(&outputs, &batch, of, rows));
            loss = penalty.map_or_else(|| loss.clone(), |penalty| loss.clone().add(penalty));
        }
        window.loss += host(loss.clone().inner()).first().copied().map_or(f64::NAN, f64::from);
        if !window.loss.is_finite() {
            return Err(broken_loss(&network, state.progress.step, &batch, stream, rates));
        }
        // Weights were rounded too: their slopes move the weights that they were rounded from.
        let (mut slopes, rest) = gradients_and_rest(shown, loss.backward());
        if let Some(map) = &window.map {
            let of_map = gradients(map, rest).into_iter();
            slopes.extend(of_map.map(|(name, slopes)| (format!("{MAP}.{name}"), slopes)));
        }
        add(&mut window.gradients, slopes);
        network = write_buffers(network, &pass.take_buffers());
        window.attention.extend(pass.take_attention());
        window.activations.extend(pass.take_taps().into_iter().map(figures_of));
        window.rows.extend(batch.rows);
    }
    Ok((network, window))
}

fn figures_of((name, activation): (String, Tensor<2>)) -> (String, ActivationStats) {
    let [rows, units] = activation.dims();
    let step = figures::row_step(rows * units);
    if step == 1 {
        return (name, figures::activation(&host(activation), units));
    }
    // What is not looked at is not copied either.
    let looked_at: Vec<i32> = (0..rows as i32).step_by(step).collect();
    let count = looked_at.len();
    let looked_at = Tensor::<1, Int>::from_data(TensorData::new(looked_at, [count]), &activation.device());
    (name, figures::activation(&host(activation.select(0, looked_at)), units))
}

fn add(sum: &mut Gradients, next: Gradients) {
    if sum.is_empty() {
        *sum = next;
        return;
    }
    for ((_, sum), (_, next)) in sum.iter_mut().zip(next) {
        sum.iter_mut().zip(next).for_each(|(sum, next)| *sum += next);
    }
}

/// Updates every parameter that has a gradient, and the moving average.
fn move_weights<N: Network>(
    network: N,
    state: &mut State,
    plan: &Plan<'_>,
    gradients: &Gradients,
    rates: Rates,
    gradient_scale: f32,
    watched: bool,
) -> Result<(N, BTreeMap<String, LayerStats>), TrainError> {
    let mut layers = BTreeMap::new();
    let mut outcome: Result<(), OptimizerError> = Ok(());
    let network = update(network, |name, _, values| {
        let Some((_, gradient)) = gradients.iter().find(|(of, _)| of == name) else { return };
        let before = if watched { values.to_vec() } else { Vec::new() };
        let hyper = hyper(plan, name, rates, gradient_scale);
        let moved = state.optimizer.update(name, values, gradient, &hyper);
        let averaged = state.ema.as_mut().map_or(Ok(()), |ema| ema.update(name, values));
        if outcome.is_ok() {
            outcome = moved.and(averaged);
        }
        if watched {
            layers.insert(name.to_owned(), figures::layer(&before, values, gradient));
        }
    });
    outcome?;
    Ok((network, layers))
}

/// Updates the map of features as any layer, without decay and average: it is dropped in the end.
fn move_map(
    map: Option<Linear>,
    state: &mut State,
    gradients: &Gradients,
    rates: Rates,
    gradient_scale: f32,
) -> Result<Option<Linear>, TrainError> {
    let mut outcome: Result<(), OptimizerError> = Ok(());
    let moved = map.map(|map| {
        update(map, |name, _, values| {
            let name = format!("{MAP}.{name}");
            let Some((_, gradient)) = gradients.iter().find(|(of, _)| *of == name) else { return };
            let hyper = Hyper { lr: rates.lr, weight_decay: 0.0, gradient_scale };
            let moved = state.optimizer.update(&name, values, gradient, &hyper);
            if outcome.is_ok() {
                outcome = moved;
            }
        })
    });
    outcome?;
    Ok(moved)
}

fn hyper(plan: &Plan<'_>, name: &str, rates: Rates, gradient_scale: f32) -> Hyper {
    let (rate, decay) = plan.rules.get(name).map_or((1.0, false), |rule| (rule.rate, rule.decay));
    let weight_decay = if decay { rates.weight_decay } else { 0.0 };
    Hyper { lr: rates.lr * rate, weight_decay, gradient_scale }
}

/// Finds the layer by running the same pass again, this time keeping the activations.
fn broken_loss<N: Network>(
    network: &N,
    step: u64,
    batch: &Batch,
    stream: plumb_ledger::Stream,
    rates: Rates,
) -> TrainError {
    let mut pass = Pass::training(stream, rates.dropout_factor).tapped();
    network.forward(batch, &mut pass);
    let broken = pass.take_taps().into_iter().find(|(_, tensor)| !is_finite(&host(tensor.clone())));
    let layer = broken.map_or_else(|| "head".to_owned(), |(name, _)| name);
    TrainError::NonFinite { what: "loss", step, layer, rows: batch.rows.clone() }
}

/// Gradients come from the loss backwards, so the last parameter in the network's order broke first.
fn broken_gradient(step: u64, window: Window) -> TrainError {
    let broken = window.gradients.into_iter().rev().find(|(_, gradient)| !is_finite(gradient));
    let layer = broken.map_or_else(|| "all together".to_owned(), |(name, _)| name);
    TrainError::NonFinite { what: "gradient", step, layer, rows: window.rows }
}

fn is_finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}
