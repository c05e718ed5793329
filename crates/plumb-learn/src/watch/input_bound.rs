//! `train.input-bound`: does training compute, or wait for its batches?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use serde_json::Value;

use super::TrainContext;

const WAIT: Threshold = Threshold {
    name: "share of the time spent waiting for batches",
    value: 0.3,
    reason: "below, a faster input could not make the run half as long again",
};

/// The key of [`TrainContext::seconds`] that counts as waiting.
const WAITING: &str = "wait";

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.input-bound",
        question: "Does training spend its time on computing rather than on waiting for batches?",
        why: "A model that waits for its input gains nothing from better hardware.",
        evidence: "Seconds by step of the pipeline, and the share of `wait`. Of pictures, the seconds that the loader threads \
                   spent on cutting out and resizing, changing, scaling and blending.",
        thresholds: &[WAIT],
        false_alarms: "Runs of under a second, where starting counts.",
        remedy: "Raise `train.workers` for pictures, or leave out the slowest change; raise `train.batch_size`; store the data \
                 as Parquet.",
        sources: &[Source::TuningPlaybook],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let usable = || context.seconds.iter().filter(|(_, seconds)| seconds.is_finite() && *seconds >= 0.0);
    let total: f64 = usable().map(|(_, seconds)| seconds).sum();
    let waited = usable().find(|(name, _)| name == WAITING).map(|(_, seconds)| *seconds);
    let (Some(waited), true) = (waited, total > 0.0) else {
        return Judgement::skipped("the time spent waiting for batches was not measured");
    };
    let share = waited / total;
    let percent = 100.0 * share;
    let steps: Evidence = usable().map(|(name, seconds)| (name.clone(), Value::from(*seconds))).collect();
    let judged = if share > WAIT.value {
        Judgement::warn(format!(
            "training waited for its batches {percent:.0} % of the time{}",
            slowest(context)
        ))
    } else {
        Judgement::pass(format!("training waited for its batches {percent:.1} % of the time"))
    };
    let making: Evidence = context.making.iter().map(|(name, of)| (name.clone(), Value::from(*of))).collect();
    judged.with("wait_share", share).with("seconds", steps).with("seconds_of_making", making)
}

/// Which step of making batches took the loaders most of their time; nothing where there are no loaders.
fn slowest(context: &TrainContext) -> String {
    let total: f64 = context.making.iter().map(|(_, seconds)| seconds).sum();
    let slowest = context.making.iter().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| total > 0.0);
    slowest.map_or_else(String::new, |(name, seconds)| {
        format!("; the loaders spent {:.0} % of theirs on `{name}`", 100.0 * seconds / total)
    })
}
