//! `train.exploding-gradients`: do the gradients stay in proportion?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::history::median;
use super::{History, TrainContext};

const GROWTH: Threshold = Threshold {
    name: "median gradient norm over that of the first step",
    value: 100.0,
    reason: "healthy runs end below their first gradient; tenfold happens with a rate that warms up",
};
const SPIKE: Threshold = Threshold {
    name: "a step's gradient norm over the first and the median norm",
    value: 100.0,
    reason: "one odd batch reaches tenfold; a hundredfold step undoes hours of training",
};
const SPIKES: Threshold =
    Threshold { name: "such steps", value: 3.0, reason: "one can be a broken row, three are a rate" };

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.exploding-gradients",
        question: "Do the gradients stay in proportion to those of the start?",
        why: "Gradients that grow by orders of magnitude throw the weights far from where they were: the rate is \
              too high, the inputs are not scaled, or a batch holds an absurd value.",
        evidence: "The first, the median and the largest gradient norm (before clipping), the step of the largest, \
                   the rows of its batch, how many steps exceeded a hundred times both of the former, and the layer \
                   that holds the largest.",
        thresholds: &[GROWTH, SPIKE, SPIKES],
        false_alarms: "A first step with almost no gradient, as with a last layer of zeros: compare the loss curve.",
        remedy: "Set `train.clip_norm = 1.0`, lower `train.lr`, keep `prepare.scaling` on.",
        sources: &[
            Source::BestPractices,
            Source::Paper("Pascanu et al., On the difficulty of training RNNs (2013)"),
        ],
    },
    judge,
};

/// The gradient norm of a step.
struct Norm {
    step: u64,
    norm: f64,
}

fn judge(context: &TrainContext) -> Judgement {
    let norms =
        context.history.steps.iter().filter_map(|step| Some(Norm { step: step.step, norm: step.grad_norm? }));
    let norms: Vec<Norm> = norms.filter(|step| step.norm.is_finite()).collect();
    let mut above_zero = norms.iter().filter(|step| step.norm > 0.0);
    let (Some(first), Some(median)) = (above_zero.next(), median(norms.iter().map(|step| step.norm))) else {
        return Judgement::skipped("no gradient norm is recorded");
    };
    let limit = SPIKE.value * first.norm.max(median);
    let spikes: Vec<&Norm> = above_zero.filter(|step| step.norm > limit).collect();
    let largest = norms.iter().max_by(|a, b| a.norm.total_cmp(&b.norm)).unwrap_or(first);
    let growth = median / first.norm;
    let judged = if growth > GROWTH.value {
        Judgement::warn(format!("the gradients grew {growth:.0} times beyond those of the first step"))
    } else if spikes.len() as f64 >= SPIKES.value {
        let step = spikes[0].step;
        Judgement::warn(format!("the gradients exploded in {} steps, first in step {step}", spikes.len()))
    } else {
        Judgement::pass(format!("the largest gradient norm is {:.3}, in step {}", largest.norm, largest.step))
    };
    judged
        .with("first", first.norm)
        .with("median", median)
        .with("largest", largest.norm)
        .with("largest_step", largest.step)
        .with("largest_step_rows", context.rows_of(largest.step))
        .with("exploding_steps", spikes.len())
        .with("layer", largest_layer(&context.history).unwrap_or("unknown"))
}

fn largest_layer(history: &History) -> Option<&str> {
    let layers = history.looks.iter().flat_map(|look| &look.layers);
    let finite = layers.filter(|(_, stats)| stats.grad_norm.is_finite());
    finite.max_by(|a, b| a.1.grad_norm.total_cmp(&b.1.grad_norm)).map(|(name, _)| name.as_str())
}
