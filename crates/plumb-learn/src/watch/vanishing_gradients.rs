//! `train.vanishing-gradients`: does every layer get a gradient worth the name?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::TrainContext;
use super::history::median;

const SHARE: Threshold = Threshold {
    name: "median share of the largest layer's gradient norm",
    value: 1e-6,
    reason: "32-bit floats carry 7 digits: below, the layer's part of the gradient is rounding",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.vanishing-gradients",
        question: "Does every layer get a gradient that is not vanishing beside the others?",
        why: "Layers behind saturated or shrinking ones get almost no gradient and stay as they were drawn.",
        evidence: "For the weakest layers, the gradient norm as a share of the largest layer's, median over looks.",
        thresholds: &[SHARE],
        false_alarms: "A layer meant to stay almost frozen, with a rate of nearly 0. Biases are left out: in front \
                       of a batch norm they have no gradient by construction.",
        remedy: "Set `model.norm = \"batch\"` or another `model.activation`; use fewer layers in `model.hidden`.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let norms = context.history.weights(|stats| stats.grad_norm);
    let medians = norms.iter().filter_map(|(name, norms)| Some((*name, median(norms.iter().copied())?)));
    let medians: Vec<(&str, f64)> = medians.collect();
    let largest = medians.iter().map(|(_, norm)| *norm).fold(0.0, f64::max);
    if medians.len() < 2 || largest <= 0.0 {
        return Judgement::skipped("no gradients of two or more layers are recorded");
    }
    let mut shares: Vec<(&str, f64)> = medians.iter().map(|(name, norm)| (*name, norm / largest)).collect();
    shares.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (weakest, least) = shares[0];
    let vanishing: Vec<&str> =
        shares.iter().filter(|(_, share)| *share < SHARE.value).map(|(name, _)| *name).collect();
    let judged = if vanishing.is_empty() {
        Judgement::pass(format!("the weakest gradient, of `{weakest}`, is {least:.1e} of the largest"))
    } else {
        Judgement::warn(format!(
            "{} layers get almost no gradient, the first is `{weakest}`",
            vanishing.len()
        ))
    };
    judged.with("weakest", weakest).with("share_of_largest", least).with("vanishing", vanishing)
}
