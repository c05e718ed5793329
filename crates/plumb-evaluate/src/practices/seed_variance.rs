//! Is the gain over the baselines larger than the spread over seeds?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::intervals::repeats;

use crate::EvaluateContext;

const DEVIATIONS: f64 = 2.0;

pub(super) const PAGE: Page = Page {
    id: "evaluate.seed-variance",
    question: "Is the gain over the best baseline larger than what another seed would change?",
    why: "Training is random. A gain within the spread over seeds is luck, and will not come again.",
    evidence: "The primary metric of each seed, their mean and standard deviation, and the mean's gain over the best baseline.",
    thresholds: &[Threshold {
        name: "gain in standard deviations over seeds",
        value: DEVIATIONS,
        reason: "two deviations: one seed in forty would undo the gain",
    }],
    false_alarms: "With two or three seeds the deviation itself is uncertain. Where boosted trees are the better model there is no gain to compare.",
    remedy: "set `train.seeds` to 5 or more and report the mean; an ensemble of the seeds takes most of the spread away",
    sources: &[Source::TuningPlaybook],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(seeds) = repeats(context.seeds, 0.95) else {
        return Judgement::skipped("there is one seed: set `train.seeds` to see the spread");
    };
    let metric = context.evaluation.primary.metric;
    let best = context
        .evaluation
        .baselines
        .iter()
        .filter_map(|b| b.metrics.iter().find(|m| m.name == metric.name).map(|m| (b.name, m.value)))
        .reduce(|best, next| if metric.is_better(next.1, best.1) { next } else { best });
    let spread = format!("{} varies by {:.4} over {} seeds", metric.name, seeds.deviation, seeds.count);
    let judgement = match best {
        None => Judgement::pass(spread),
        Some((name, value)) => {
            let gain = context.gain(seeds.mean, value);
            let text = format!("{spread}; the gain over {name} is {gain:.4}");
            // A model that is behind has no gain that luck could explain: `evaluate.beats-baseline` speaks of that.
            let lucky = gain > 0.0 && gain < DEVIATIONS * seeds.deviation;
            let judgement = if lucky { Judgement::warn(text) } else { Judgement::pass(text) };
            judgement.with("best_baseline", name).with("gain", gain)
        }
    };
    judgement
        .with("seeds", context.seeds.to_vec())
        .with("mean", seeds.mean)
        .with("deviation", seeds.deviation)
}
