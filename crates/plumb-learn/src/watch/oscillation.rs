//! `train.oscillation`: does the loss fall without swinging?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::{lowest, median};
use super::{History, Point, TrainContext};

const SWING: Threshold = Threshold {
    name: "rise of the loss from epoch to epoch, as a share of all progress",
    value: 0.1,
    reason: "dropout and shuffling move an epoch's mean by a few per cent",
};
const SHARE: Threshold = Threshold {
    name: "share of epochs with such a rise",
    value: 0.2,
    reason: "a swinging loss rises every second epoch; one epoch in twenty does by chance",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.oscillation",
        question: "Does the training loss fall from epoch to epoch without swinging?",
        why: "A loss that jumps up and down steps across the valley instead of along it: the rate is too high for \
              the batch size.",
        evidence: "How many epochs ended with a markedly higher loss than the one before, of those in which the \
                   rate did not rise, and the first of them.",
        thresholds: &[SWING, SHARE],
        false_alarms: "Epochs of one step with strong dropout. Epochs in which the schedule raises the rate are \
                       left out: there a rise is meant.",
        remedy: "Lower `train.lr`, raise `train.batch_size`, or set `train.schedule = \"cosine\"`.",
        sources: &[Source::BestPractices, Source::TuningPlaybook],
    },
    judge,
};

/// Fewer epochs than this show no pattern.
const ENOUGH: usize = 6;

fn judge(context: &TrainContext) -> Judgement {
    let history = &context.history;
    let curve = epochs(history);
    if curve.len() < ENOUGH {
        return Judgement::skipped("fewer than 6 epochs with a training loss");
    }
    let points: Vec<_> = curve.iter().map(|epoch| Point { at: epoch.epoch, loss: epoch.loss }).collect();
    let start = history.start_loss().unwrap_or(points[0].loss).max(points[0].loss);
    let progress = start - lowest(&points).map_or(start, |best| best.loss);
    let calm = curve.windows(2).filter(|pair| !pair[1].rate_rises && !pair[0].rate_rises);
    let calm: Vec<&[EpochLoss]> = calm.collect();
    let swings: Vec<u64> = (calm.iter())
        .filter(|pair| pair[1].loss - pair[0].loss > SWING.value * progress)
        .map(|pair| pair[1].epoch)
        .collect();
    let share = swings.len() as f64 / calm.len().max(ENOUGH) as f64;
    let judged = match swings.first() {
        Some(first) if share > SHARE.value => Judgement::warn(format!(
            "the training loss swings: it rose in {} of {} {}, first in {}",
            swings.len(),
            calm.len(),
            history.places(),
            history.place(*first)
        )),
        _ => Judgement::pass(format!(
            "the loss rose markedly in {} of {} {}",
            swings.len(),
            calm.len(),
            history.places()
        )),
    };
    judged
        .with("rises", swings.len())
        .with("epochs", calm.len())
        .with("first_epoch", swings.first().map_or(serde_json::Value::Null, |epoch| (*epoch).into()))
}

struct EpochLoss {
    epoch: u64,
    loss: f64,
    rate_rises: bool,
}

/// The training loss by epoch, and whether the schedule raised the rate against the epoch before.
fn epochs(history: &History) -> Vec<EpochLoss> {
    let mut rates = std::collections::BTreeMap::<u64, Vec<f64>>::new();
    for step in &history.steps {
        rates.entry(step.epoch).or_default().extend(step.lr);
    }
    let rate = |epoch: u64| rates.get(&epoch).and_then(|rates| median(rates.iter().copied()));
    let mut before = None;
    let mut curve = Vec::new();
    for Point { at: epoch, loss } in history.epoch_losses() {
        let now = rate(epoch);
        let rate_rises = matches!((before, now), (Some(before), Some(now)) if now > before);
        curve.push(EpochLoss { epoch, loss, rate_rises });
        before = now;
    }
    curve
}
