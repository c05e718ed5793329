//! `train.dead-units`: do the units of every layer answer to their input?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::TrainContext;

const DEAD: Threshold = Threshold {
    name: "share of a layer's units that give one value for every row",
    value: 0.75,
    reason: "the default network ends with 0.5 on small tables and predicts well; a rate x100 leaves 0.85, a bad start 1",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.dead-units",
        question: "Do the units of every layer give different values for different rows?",
        why: "A rectified unit that is 0 for every row has no gradient and never comes back: the layer is narrower \
              than it says.",
        evidence: "For each layer, the share of units that are constant over a batch, median over the last quarter \
                   of the looks.",
        thresholds: &[DEAD],
        false_alarms: "Batches of a few rows, in which a live unit can be silent.",
        remedy: "Lower `train.lr`; set `model.activation = \"selu\"`; set `model.norm = \"batch\"`.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let layers = context.history.late_activations(|stats| stats.dead);
    let Some((worst, share)) = layers.iter().max_by(|a, b| a.1.total_cmp(b.1)) else {
        return Judgement::skipped("no activations are recorded");
    };
    let percent = 100.0 * share;
    let judged = if *share > DEAD.value {
        Judgement::warn(format!("{percent:.0} % of the units of `{worst}` are dead"))
    } else {
        Judgement::pass(format!("at most {percent:.0} % of a layer's units are constant, in `{worst}`"))
    };
    judged.with("layer", *worst).with("dead_share", *share)
}
