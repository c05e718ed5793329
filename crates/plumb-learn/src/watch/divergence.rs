//! `train.divergence`: does the loss stay below where it started?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::lowest;
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
        thresholds: &[ABOVE_START, PROGRESS, LOST],
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
    let (Some(highest), Some(last)) = (highest(&curve), curve.last()) else {
        return Judgement::skipped("no finite loss is recorded");
    };
    if curve.len() < 3 {
        return Judgement::skipped("too few steps so far");
    }
    let progress = start - best.loss;
    let lost = if progress > PROGRESS.value * start.abs() { (last.loss - best.loss) / progress } else { 0.0 };
    let began = curve.iter().find(|point| above_start(point.loss, start)).map(|point| point.at);
    let judged = if lost > 1.0 || (began.is_some() && above_start(last.loss, start)) {
        Judgement::fail(format!("the training loss diverged: {start:.4} at first, {:.4} now", last.loss))
    } else if let Some(at) = began {
        Judgement::warn(format!(
            "the training loss rose from {start:.4} to {:.4}, from step {at} on",
            highest.loss
        ))
    } else if lost > LOST.value {
        Judgement::warn(format!(
            "the training loss lost {:.0} % of its progress since step {}",
            100.0 * lost,
            best.at
        ))
    } else {
        Judgement::pass(format!(
            "the training loss went from {start:.4} to {:.4} without diverging",
            last.loss
        ))
    };
    judged
        .with("first_loss", start)
        .with("lowest_loss", best.loss)
        .with("lowest_at", best.at)
        .with("highest_loss", highest.loss)
        .with("highest_at", highest.at)
        .with("last_loss", last.loss)
        .with("lost_share", lost)
        .with("began_at", began.map_or(serde_json::Value::Null, Into::into))
}

fn above_start(loss: f64, start: f64) -> bool {
    // For losses that can be negative a multiple means a rise by that many times the size of the first one.
    loss > start + (ABOVE_START.value - 1.0) * start.abs()
}

fn highest(curve: &[Point]) -> Option<Point> {
    curve.iter().copied().max_by(|a, b| a.loss.total_cmp(&b.loss))
}
