//! `train.divergence`: does the loss stay below where it started?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::{lowest, median};
use super::{Point, TrainContext};

const ABOVE_START: Threshold = Threshold {
    name: "smoothed loss over the first loss",
    value: 5.0,
    reason: "RealMLP's published rate for numbers doubles it for a few steps; broken runs multiply it by 10 and more",
};
const PROGRESS: Threshold = Threshold {
    name: "progress that can be lost, as a share of the first loss",
    value: 0.02,
    reason: "less is the swing of single batches: see train.learning",
};
const RISEN: Threshold = Threshold {
    name: "last smoothed loss over the first loss",
    value: 1.2,
    reason: "the mean losses of batches of a few dozen rows differ by about a tenth",
};
const LOST: Threshold = Threshold {
    name: "share of the progress that is lost at the end",
    value: 0.5,
    reason: "schedules whose rate rises again lose under a quarter for a while",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.divergence",
        question: "Does the training loss stay below where it started, and keep what it gained?",
        why: "A loss that climbs above that of random weights says that the steps are longer than the slope is \
              straight: the rate is too high.",
        evidence: "The first loss, the lowest and the highest of the smoothed curve with their steps, the last one, \
                   and the share of the progress that was lost since the lowest.",
        thresholds: &[ABOVE_START, RISEN, PROGRESS, LOST],
        false_alarms: "A first batch that happened to be easy, in runs of a few steps.",
        remedy: "Lower `train.lr` or set `train.lr = \"find\"`; set `train.clip_norm = 1.0`.",
        sources: &[Source::BestPractices, Source::TuningPlaybook],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let curve = context.history.train_curve();
    let (Some(start), Some(best)) = (context.history.start_loss(), lowest(&curve)) else {
        return Judgement::skipped("no finite loss is recorded");
    };
    let (Some(highest), Some(last)) = (highest(&curve), last_level(&curve)) else {
        return Judgement::skipped("no finite loss is recorded");
    };
    if curve.len() < 3 {
        return Judgement::skipped("too few steps so far");
    }
    let place = |at: u64| context.history.curve_place(at);
    let progress = start - best.loss;
    let lost = if progress > PROGRESS.value * start.abs() { (last - best.loss) / progress } else { 0.0 };
    let high = |loss: f64| above(loss, start, ABOVE_START.value);
    let began = curve.iter().find(|point| high(point.loss)).map(|point| point.at);
    let left = since_when(&curve, start).filter(|_| above(last, start, RISEN.value));
    let judged = if let Some(since) = left {
        let since = place(since);
        Judgement::fail(format!(
            "the training loss diverged since {since}: {start:.4} at first, {last:.4} at last"
        ))
    } else if let Some(at) = began {
        let from = place(at);
        Judgement::warn(format!(
            "the training loss rose from {start:.4} to {:.4}, from {from} on",
            highest.loss
        ))
    } else if lost > LOST.value {
        Judgement::warn(format!(
            "the training loss lost {:.0} % of its progress since {}",
            100.0 * lost,
            place(best.at)
        ))
    } else {
        Judgement::pass(format!("the training loss went from {start:.4} to {last:.4} without diverging"))
    };
    judged
        .with("first_loss", start)
        .with("lowest_loss", best.loss)
        .with("lowest_at", best.at)
        .with("highest_loss", highest.loss)
        .with("highest_at", highest.at)
        .with("last_loss", last)
        .with("lost_share", lost)
        .with("began_at", left.or(began).map_or(serde_json::Value::Null, Into::into))
}

/// The level at the end: of a curve of ten or more points the median of the last tenth, of three at least, so that one
/// batch does not decide.
fn last_level(curve: &[Point]) -> Option<f64> {
    let last = if curve.len() < 10 { 1 } else { curve.len().div_ceil(10).max(3) };
    median(curve.get(curve.len().checked_sub(last)?..)?.iter().map(|point| point.loss))
}

/// Where a curve that ends above its start left it for good.
fn since_when(curve: &[Point], start: f64) -> Option<u64> {
    let below = curve.iter().rposition(|point| point.loss <= start);
    curve.get(below.map_or(0, |at| at + 1)).map(|point| point.at)
}

/// Whether a loss is so many times the first one. For losses that can be negative a multiple means a rise by that many
/// times the size of the first one.
fn above(loss: f64, start: f64, times: f64) -> bool {
    loss > start + (times - 1.0) * start.abs()
}

fn highest(curve: &[Point]) -> Option<Point> {
    curve.iter().copied().max_by(|a, b| a.loss.total_cmp(&b.loss))
}
