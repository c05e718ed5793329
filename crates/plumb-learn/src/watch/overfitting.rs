//! `train.overfitting`: does the validation loss stay down while the training loss falls?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::{lowest, median};
use super::{History, Point, Primary, TrainContext};

const RISE: Threshold = Threshold {
    name: "rise of the validation loss over its lowest",
    value: 0.2,
    reason: "the standard error of the loss over a few hundred rows is about a tenth of it",
};

const LEVEL: Threshold = Threshold {
    name: "the same rise over the first training loss",
    value: 0.05,
    reason: "a loss that is nearly 0 doubles by one row of a few hundred",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.overfitting",
        question: "Does the validation loss stay down while the training loss goes on falling?",
        why: "From the epoch where the curves part, the model learns its training rows by heart.",
        evidence: "The lowest validation loss and its epoch (there it began), the median of the last fifth of the \
                   epochs, the rise between them, what the training loss did meanwhile, and how much the \
                   metric that chooses the epoch lost.",
        thresholds: &[RISE, LEVEL],
        false_alarms: "A small validation part. A loss that rises with overconfidence or label smoothing while the \
                       metric that chooses the epoch holds is no alarm; the kept weights are those of the best epoch \
                       anyway (`train.best-weights-kept`).",
        remedy: "Set `train.patience`; raise `model.dropout` or `train.weight_decay`; get more rows.",
        sources: &[Source::BestPractices],
    },
    judge,
};

/// What the curves did after the epoch with the lowest validation loss.
pub(super) struct Gap {
    pub(super) best: f64,
    pub(super) epoch: u64,
    pub(super) last: f64,
    pub(super) rise: f64,
    /// Whether the rise matters beside the loss of the untrained model.
    pub(super) high: bool,
    /// How far the training loss fell meanwhile; none where it is unknown.
    pub(super) train_fall: Option<f64>,
    /// How much worse the metric that chooses the epoch became; none where it is unknown.
    pub(super) metric_loss: Option<f64>,
}

impl Gap {
    /// Whether the validation loss rose, the training loss did not, and the metric that counts suffered.
    pub(super) fn is_wide(&self) -> bool {
        self.rise > RISE.value
            && self.high
            && self.train_fall.is_none_or(|fall| fall >= 0.0)
            && self.metric_loss.is_none_or(|loss| loss > 0.0)
    }
}

/// The gap at the end of five or more epochs.
pub(super) fn gap(context: &TrainContext) -> Option<Gap> {
    let history = &context.history;
    let curve = history.valid_curve();
    let best = lowest(&curve)?;
    if curve.len() < 5 {
        return None;
    }
    let last = median(curve[curve.len() - curve.len().div_ceil(5)..].iter().map(|point| point.loss))?;
    let first = history.start_loss().unwrap_or(best.loss).abs();
    let high = last - best.loss > LEVEL.value * first;
    let rise = (last - best.loss) / best.loss.abs().max(f64::MIN_POSITIVE);
    let metric_loss = context.primary.as_ref().and_then(|primary| metric_loss(history, primary, best.at));
    let train_fall = train_fall(history, best.at);
    Some(Gap { best: best.loss, epoch: best.at, last, rise, high, train_fall, metric_loss })
}

/// How far the training loss fell since the epoch with the lowest validation loss.
fn train_fall(history: &History, best: u64) -> Option<f64> {
    let losses: Vec<Point> = history.epoch_losses().collect();
    let at_best = losses.iter().find(|point| point.at >= best)?;
    Some(at_best.loss - losses.last()?.loss)
}

/// How much worse the median of the last fifth of the epochs is than the epoch with the lowest loss.
fn metric_loss(history: &History, primary: &Primary, best: u64) -> Option<f64> {
    let score = |epoch: &super::Epoch| epoch.valid.get(&primary.name).copied();
    let at_best = history.epochs.iter().find(|epoch| epoch.epoch == best).and_then(score)?;
    let late = history.epochs.len() - history.epochs.len().div_ceil(5);
    let at_end = median(history.epochs[late..].iter().filter_map(score))?;
    Some(if primary.more_is_better { at_best - at_end } else { at_end - at_best })
}

fn judge(context: &TrainContext) -> Judgement {
    let Some(gap) = gap(context) else {
        return Judgement::skipped("fewer than 5 epochs with a validation loss");
    };
    let judged = if gap.is_wide() {
        Judgement::warn(format!(
            "the validation loss rose from {:.4} to {:.4} since {}{}",
            gap.best,
            gap.last,
            context.history.place(gap.epoch),
            if gap.train_fall.is_some() { " while the training loss fell" } else { "" }
        ))
    } else {
        Judgement::pass(format!(
            "the validation loss ended at {:.4}, its lowest is {:.4}",
            gap.last, gap.best
        ))
    };
    judged
        .with("lowest_valid_loss", gap.best)
        .with("began_epoch", gap.epoch)
        .with("last_valid_loss", gap.last)
        .with("rise", gap.rise)
        .with("train_loss_fall", gap.train_fall.unwrap_or(f64::NAN))
        .with("metric_loss", gap.metric_loss.unwrap_or(f64::NAN))
}
