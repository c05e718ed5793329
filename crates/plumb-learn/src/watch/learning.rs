//! `train.learning`: does the loss fall, and do the weights of every layer move?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::lowest;
use super::{History, TrainContext};

const FALL: Threshold = Threshold {
    name: "share of the first loss that must be gone",
    value: 0.02,
    reason: "a network that learns anything takes more within a few epochs",
};
const NOISE: Threshold = Threshold {
    name: "the fall in standard errors of what is compared",
    value: 3.0,
    reason: "small batches swing by more than a network without labels would fall",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.learning",
        question: "Does the training loss fall, and do the weights of every layer move?",
        why: "A loss that stays where it started means labels that do not belong to their inputs, a rate that \
              is off by orders of magnitude, or a layer that the optimizer does not know.",
        evidence: "The loss of the first step and the lowest of 20 stretches of steps; how much a single step's loss \
                   swings; whether the lowest is below the first step, the first stretch or a constant prediction, \
                   beyond that swing. The parameters whose change is 0 at every look.",
        thresholds: &[FALL, NOISE],
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
    let noise = context.history.batch_noise();
    let still = still_layers(&context.history);
    let judged = if !has_fallen(context, start, best.loss) {
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
        .with("batch_noise", noise)
        .with("still_layers", still)
}

/// Weights that change at no look at which anything changes.
/// Whether the loss is lower than before beyond chance: than the first step's, than the first stretch's, or than a
/// constant prediction's. `lowest` is the lowest loss where only epochs are known.
fn has_fallen(context: &TrainContext, start: f64, lowest: f64) -> bool {
    const STRETCHES: usize = 20;
    let (stretches, length) = context.history.stretches(STRETCHES);
    let low = super::history::lowest(&stretches).map_or(lowest, |point| point.loss);
    let of_step = context.history.batch_noise();
    // The standard error of a median of normal numbers is 1.2533 times that of their mean.
    let of_stretch = 1.2533 * of_step / (length as f64).sqrt();
    let fallen = |from: f64, error: f64| {
        let fall = from - low;
        fall > FALL.value * from.abs() && fall > NOISE.value * error
    };
    let both = of_stretch * std::f64::consts::SQRT_2;
    fallen(start, of_step.hypot(of_stretch))
        || stretches.first().is_some_and(|first| fallen(first.loss, both))
        || context.constant_loss.is_some_and(|loss| fallen(loss, of_stretch))
}

fn still_layers(history: &History) -> Vec<String> {
    let moved = history.weights(|stats| stats.update_ratio);
    if !moved.values().flatten().any(|ratio| *ratio > 0.0) {
        return Vec::new();
    }
    let still = |ratios: &Vec<f64>| ratios.len() >= 2 && ratios.iter().all(|ratio| *ratio == 0.0);
    moved.iter().filter(|(_, ratios)| still(ratios)).map(|(name, _)| (*name).to_owned()).collect()
}
