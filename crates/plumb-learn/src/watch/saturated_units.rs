//! `train.saturated-units`: do the activations stay away from the ends of their range?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::TrainContext;

const SATURATED: Threshold = Threshold {
    name: "share of a layer's activations at an end of their range",
    value: 0.5,
    reason: "a trained layer of sigmoids decides in part; at half, most of the gradient is gone",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.saturated-units",
        question: "Do the activations stay away from the ends of their range?",
        why: "A sigmoid or tanh at its end is flat: no gradient passes, and the layers before it stop learning.",
        evidence: "For each layer, the share of activations other than 0 within 1 % of the layer's range from its \
                   least or greatest value, median over the last quarter of the looks.",
        thresholds: &[SATURATED],
        false_alarms: "A layer whose output is meant to be binary.",
        remedy: "Keep `prepare.scaling` on; lower `train.lr`; set `model.activation = \"selu\"`.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let layers = context.history.late_activations(|stats| stats.saturated);
    let Some((worst, share)) = layers.iter().max_by(|a, b| a.1.total_cmp(b.1)) else {
        return Judgement::skipped("no activations are recorded");
    };
    let percent = 100.0 * share;
    let judged = if *share > SATURATED.value {
        Judgement::warn(format!("{percent:.0} % of the activations of `{worst}` are saturated"))
    } else {
        Judgement::pass(format!(
            "at most {percent:.0} % of a layer's activations are saturated, in `{worst}`"
        ))
    };
    judged.with("layer", *worst).with("saturated_share", *share)
}
