//! `train.learning`: does the loss fall, and do the weights of every layer move?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::lowest;
use super::{History, TrainContext};

const FALL: Threshold = Threshold {
    name: "share of the first loss that must be gone",
    value: 0.02,
    reason: "the loss of one batch of 256 rows swings by about that much",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.learning",
        question: "Does the training loss fall, and do the weights of every layer move?",
        why: "A loss that stays where it started means labels that do not belong to their inputs, a rate that \
              is off by orders of magnitude, or a layer that the optimizer does not know.",
        evidence: "The loss of the first step, the lowest smoothed loss and where it was; the parameters whose \
                   change is 0 at every look.",
        thresholds: &[FALL],
        false_alarms: "A target that the inputs say nothing about; a resumed run whose history starts late.",
        remedy: "Run `plumb check` for the preflight verdicts; set `train.lr = \"find\"`.",
        sources: &[Source::Recipe, Source::TuningPlaybook],
    },
    judge,
};

/// Points of the curve below which a run is too young to judge while it runs.
const YOUNG: usize = 10;

fn judge(context: &TrainContext) -> Judgement {
    let curve = context.history.train_curve();
    let (Some(start), Some(best)) = (context.history.start_loss(), lowest(&curve)) else {
        return Judgement::skipped("no finite loss is recorded");
    };
    if curve.len() < 2 || (!context.finished && curve.len() < YOUNG) {
        return Judgement::skipped("too few steps so far");
    }
    let fall = (start - best.loss) / start.abs().max(f64::MIN_POSITIVE);
    let still = still_layers(&context.history);
    let judged = if fall < FALL.value {
        Judgement::fail(format!(
            "the training loss has hardly fallen: {start:.4} at first, {:.4} at best",
            best.loss
        ))
    } else if still.is_empty() {
        Judgement::pass(format!("the training loss fell from {start:.4} to {:.4}", best.loss))
    } else {
        Judgement::warn(format!("{} of the layers never move, the first is `{}`", still.len(), still[0]))
            .remedy("check that `Network::rule` gives these parameters a rate above 0 and that the loss reaches them")
    };
    judged
        .with("first_loss", start)
        .with("lowest_loss", best.loss)
        .with("lowest_at", best.at)
        .with("share_gone", fall)
        .with("still_layers", still)
}

/// Weights that change at no look at which anything changes.
fn still_layers(history: &History) -> Vec<String> {
    let moved = history.weights(|stats| stats.update_ratio);
    if !moved.values().flatten().any(|ratio| *ratio > 0.0) {
        return Vec::new();
    }
    let still = |ratios: &Vec<f64>| ratios.len() >= 2 && ratios.iter().all(|ratio| *ratio == 0.0);
    moved.iter().filter(|(_, ratios)| still(ratios)).map(|(name, _)| (*name).to_owned()).collect()
}
