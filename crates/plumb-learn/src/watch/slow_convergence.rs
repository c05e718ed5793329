//! `train.slow-convergence`: are the steps long enough, and the run too?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::{lowest, median};
use super::overfitting::gap;
use super::{History, Point, TrainContext};

const UPDATE: Threshold = Threshold {
    name: "largest median change of a weight layer in one step, as a share of its norm",
    value: 1e-4,
    reason: "about 1e-3 is healthy (Karpathy); below 1e-4 even 1,000 steps move a layer by a tenth",
};
const STILL_FALLING: Threshold = Threshold {
    name: "share of all progress made in the last tenth of the epochs",
    value: 0.08,
    reason: "a straight line makes 0.1 of it there, a run that has converged almost nothing",
};
const ANNEALED: Threshold = Threshold {
    name: "last rate as a share of the highest",
    value: 0.1,
    reason: "a schedule that ends near 0 makes the loss fall at its end by design",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.slow-convergence",
        question: "Are the steps long enough, and does the run end after the loss has stopped falling?",
        why: "A rate that is far too low looks calm and healthy, and wastes the whole run; so does a run that is \
              cut while the loss still falls in a straight line.",
        evidence: "At the look with the longest steps, the median change of the weight layers over their norm; the \
                   share of all progress of the training loss that fell in the last tenth of the epochs (where fewer \
                   than ten are recorded, of at least 30 recorded steps), with the last rate as a share of the highest.",
        thresholds: &[UPDATE, STILL_FALLING, ANNEALED],
        false_alarms: "Fine-tuning, where the weights are meant to stay near where they are. A loss that still falls \
                       while the validation loss has turned is no alarm: see train.overfitting.",
        remedy: "Raise `train.lr` or set `train.lr = \"find\"`; raise `train.epochs`.",
        sources: &[Source::TuningPlaybook, Source::Recipe],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let history = &context.history;
    let update = longest_update(history);
    let late = if context.finished { late_progress(history) } else { None };
    if update.is_none() && late.is_none() {
        return Judgement::skipped(
            "no changes of layers are recorded, and the run has not ended, broke off or is under 10 epochs",
        );
    }
    let annealed = annealed_share(history);
    let too_short = update.filter(|update| *update < UPDATE.value);
    let falling = late.filter(|late| *late > STILL_FALLING.value && annealed > ANNEALED.value);
    // A training loss that still falls is no reason to go on once the validation loss has turned.
    let falling = falling.filter(|_| !gap(context).is_some_and(|gap| gap.is_wide()));
    let judged = if let Some(update) = too_short {
        Judgement::warn(format!(
            "the steps are too short: they change a layer by {update:.1e} of its norm at most"
        ))
    } else if let Some(late) = falling {
        let percent = 100.0 * late;
        Judgement::warn(format!(
            "the loss was still falling: {percent:.0} % of its progress is of the last tenth of the run"
        ))
        .remedy("raise `train.epochs`, or raise `train.lr` with `train.schedule = \"cosine\"`")
    } else {
        Judgement::pass("the steps are long enough and the loss has settled as far as the run shows")
    };
    judged
        .with("longest_update_ratio", update.unwrap_or(f64::NAN))
        .with("late_progress_share", late.unwrap_or(f64::NAN))
        .with("last_rate_share", annealed)
}

/// The median over weights of the change ratio, at the look where it is largest. Needs two looks: the first may
/// be at a rate of 0.
fn longest_update(history: &History) -> Option<f64> {
    let ratios = history.looks.iter().filter_map(|look| {
        let weights =
            look.layers.iter().filter(|(name, stats)| super::is_weight(name) && stats.weight_norm > 0.0);
        median(weights.map(|(_, stats)| stats.update_ratio))
    });
    let ratios: Vec<f64> = ratios.collect();
    (ratios.len() >= 2).then(|| ratios.into_iter().fold(0.0, f64::max))
}

/// How much of the progress fell into the last tenth of at least ten epochs, else of at least 30 steps. A loss that
/// stopped being a number has no last tenth.
fn late_progress(history: &History) -> Option<f64> {
    let broken = |loss: Option<f64>| loss.is_some_and(|loss| !loss.is_finite());
    let by_step = || history.steps.iter().map(|step| step.loss);
    if history.epochs.iter().map(|epoch| epoch.train_loss).chain(by_step()).any(broken) {
        return None;
    }
    let losses: Vec<f64> = history.epoch_losses().map(|point| point.loss).collect();
    let tenth = losses.len() / 10;
    if tenth == 0 {
        return late_progress_by_step(history);
    }
    let start = history.start_loss()?.max(losses[0]);
    let before = losses[..losses.len() - tenth].iter().copied().fold(f64::INFINITY, f64::min);
    let best = lowest(&history.train_curve())?.loss.min(losses.iter().copied().fold(f64::INFINITY, f64::min));
    let last = losses[losses.len() - tenth..].iter().copied().fold(f64::INFINITY, f64::min);
    let progress = start - best;
    (progress > 0.0).then(|| ((before - last.min(before)) / progress).max(0.0))
}

/// The same of a log that has steps and no epochs, by the medians of its last two tenths: single steps are noisy.
fn late_progress_by_step(history: &History) -> Option<f64> {
    const ENOUGH: usize = 30;
    let curve = history.train_curve();
    if curve.len() < ENOUGH {
        return None;
    }
    let tenth = curve.len() / 10;
    let (rest, last) = curve.split_at(curve.len() - tenth);
    let level = |points: &[Point]| median(points.iter().map(|point| point.loss));
    let (before, last) = (level(&rest[rest.len() - tenth..])?, level(last)?);
    let progress = history.start_loss()? - last;
    (progress > 0.0).then(|| ((before - last) / progress).max(0.0))
}

/// The last rate as a share of the highest; 1 where rates are unknown.
fn annealed_share(history: &History) -> f64 {
    let rates = || history.steps.iter().filter_map(|step| step.lr);
    let highest = rates().fold(0.0, f64::max);
    rates().next_back().map_or(1.0, |last| if highest > 0.0 { last / highest } else { 1.0 })
}
