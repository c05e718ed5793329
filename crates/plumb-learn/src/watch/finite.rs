//! `train.finite`: is every loss, gradient and weight a finite number?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::context::LISTED;
use super::{History, NonFinite, TrainContext};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.finite",
        question: "Is every loss, gradient and weight a finite number?",
        why: "One NaN or infinity spreads to all weights within a step. Tools that skip or smooth it show a \
              healthy curve over a dead model, so Plumb stops at once and names the place.",
        evidence: "The step, the layer where it shows first, and the rows of the batch (at most 20 of them, the \
                   count beside); otherwise how many numbers were looked at.",
        thresholds: &[],
        false_alarms: "None known: a number that is not finite cannot be trained on.",
        remedy: "Look at the named rows for extreme values; lower `train.lr`; set `train.clip_norm = 1.0`.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    if let Some(found) = context.non_finite.clone().or_else(|| search(&context.history)) {
        return fail(&found);
    }
    let history = &context.history;
    let losses = history.steps.len() + history.epochs.len();
    if losses == 0 {
        return Judgement::skipped("no step is recorded");
    }
    let looks = history.looks.iter().map(|look| look.layers.len()).sum::<usize>();
    Judgement::pass(format!("all {losses} losses and {looks} looks at layers are finite"))
        .with("losses", losses)
        .with("looks", looks)
}

fn search(history: &History) -> Option<NonFinite> {
    let at = |what: &str, step: u64, layer: &str| NonFinite {
        what: what.to_owned(),
        step,
        layer: layer.to_owned(),
        rows: Vec::new(),
    };
    let in_step = history.steps.iter().find_map(|step| {
        let gradient = || (!step.grad_norm.is_finite()).then(|| at("gradient", step.step, "all"));
        if step.loss.is_finite() { gradient() } else { Some(at("loss", step.step, "output")) }
    });
    let in_look = || {
        let mut all =
            history.looks.iter().flat_map(|look| look.layers.iter().map(move |layer| (look, layer)));
        all.find_map(|(look, (name, stats))| {
            let weight = || (!stats.weight_norm.is_finite()).then(|| at("weight", look.step, name));
            if stats.grad_norm.is_finite() { weight() } else { Some(at("gradient", look.step, name)) }
        })
    };
    let in_epoch = || {
        let broken = history.epochs.iter().find(|epoch| !epoch.train_loss.is_finite());
        broken.map(|epoch| at("loss", epoch.step, "output"))
    };
    in_step.or_else(in_look).or_else(in_epoch)
}

fn fail(found: &NonFinite) -> Judgement {
    let NonFinite { what, step, layer, rows } = found;
    Judgement::fail(format!("the {what} of step {step} is not finite, first in `{layer}`"))
        .with("what", what.as_str())
        .with("step", *step)
        .with("layer", layer.as_str())
        .with("rows", rows.iter().copied().take(LISTED).collect::<Vec<_>>())
        .with("row_count", rows.len())
}
