//! `preflight.gradient-flow`: does a gradient reach every layer?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;
use crate::watch::is_weight;

const SHARE: Threshold = Threshold {
    name: "a layer's gradient norm as a share of the largest",
    value: 1e-6,
    reason: "32-bit floats carry 7 digits: below, the layer's part of the gradient is rounding",
};
const LARGE: Threshold = Threshold {
    name: "norm of the largest gradient",
    value: 1e4,
    reason: "scaled inputs and usual start values give norms between 0.01 and 100",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.gradient-flow",
        question: "Does a gradient of sound size reach every layer?",
        why: "A layer without a gradient never learns; one with a huge gradient is thrown away by the first step.",
        evidence: "For each weight, the largest gradient norm over the first steps (one step may be 0: a last layer \
                   of zeros hides the layers before it); the weakest, the strongest, and those without any.",
        thresholds: &[SHARE, LARGE],
        false_alarms: "An embedding whose category is constant. Biases are left out: in front of a batch norm they \
                       have no gradient by construction.",
        remedy: "Keep `prepare.scaling` on; set `model.norm = \"batch\"`; check that the loss reaches the named layer.",
        sources: &[Source::BestPractices, Source::Recipe],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let mut layers: Vec<(&str, f64)> = context.gradients.iter().map(|g| (g.name.as_str(), g.norm)).collect();
    layers.retain(|(name, _)| is_weight(name));
    layers.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (Some(&(weakest, least)), Some(&(strongest, most))) = (layers.first(), layers.last()) else {
        return Judgement::skipped("no gradients were measured");
    };
    let still: Vec<&str> = layers.iter().filter(|(_, norm)| *norm == 0.0).map(|(name, _)| *name).collect();
    let judged = if let Some((name, _)) = layers.iter().find(|(_, norm)| !norm.is_finite()) {
        Judgement::fail(format!("the gradient of `{name}` is not finite"))
    } else if let Some(first) = still.first() {
        Judgement::fail(format!("{} layers get no gradient at all, the first is `{first}`", still.len()))
    } else if most > LARGE.value {
        Judgement::warn(format!("the gradient of `{strongest}` is very large: {most:.1e}"))
    } else if least < SHARE.value * most {
        Judgement::warn(format!("the gradient of `{weakest}` is {:.1e} of the largest", least / most))
    } else {
        Judgement::pass(format!(
            "gradient norms go from {least:.1e} (`{weakest}`) to {most:.1e} (`{strongest}`)"
        ))
    };
    judged
        .with("layers", layers.len())
        .with("weakest", weakest)
        .with("weakest_norm", least)
        .with("strongest", strongest)
        .with("strongest_norm", most)
        .with("without_gradient", still)
}
