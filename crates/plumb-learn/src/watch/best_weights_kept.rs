//! `train.best-weights-kept`: are the kept weights those of the best epoch?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::{Epoch, Kept, Primary, TrainContext};

const EQUAL: Threshold = Threshold {
    name: "difference between the score in the history and that of the kept weights",
    value: 1e-6,
    reason: "the same weights on the same rows give the same number up to rounding",
};

pub(super) const PRACTICE: Practice<TrainContext> = Practice {
    page: Page {
        id: "train.best-weights-kept",
        question: "Are the kept weights those of the best epoch?",
        why: "Well-known tools have kept the last or even the worst weights because a metric's direction was \
              wrong. What is evaluated and shipped must be what was chosen.",
        evidence: "The kept epoch and its score computed again from the kept weights, beside the best score of \
                   the history.",
        thresholds: &[EQUAL],
        false_alarms: "None known.",
        remedy: "Report it: this is an error of the program that trained. Retrain with `evaluate.primary` named.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &TrainContext) -> Judgement {
    let (Some(kept), Some(primary)) = (context.kept, &context.primary) else {
        return Judgement::skipped("no kept weights or no metric to choose by");
    };
    let eligible = eligible(&context.history.epochs, context.slack);
    let Some(best) = best_score(&eligible, primary) else {
        return Judgement::skipped(format!("`{}` is not recorded for any epoch", primary.name));
    };
    let recorded = score_of(&context.history.epochs, primary, kept.epoch);
    let far = |a: f64, b: f64| (a - b).abs() > EQUAL.value * b.abs().max(1.0) || a.is_nan();
    let name = &primary.name;
    let judged = match (recorded, kept) {
        (None, Kept { epoch, .. }) => Judgement::fail(format!("the kept epoch {epoch} has no `{name}`")),
        (Some(recorded), Kept { epoch, .. }) if far(recorded, best) => Judgement::fail(format!(
            "epoch {epoch} with `{name}` {recorded:.4} is kept, the best is {best:.4}"
        )),
        (Some(recorded), Kept { score: Some(score), .. }) if far(score, recorded) => Judgement::fail(
            format!("the kept weights give `{name}` {score:.6}, their epoch gave {recorded:.6}"),
        ),
        (Some(_), Kept { epoch, .. }) => {
            Judgement::pass(format!("the weights of epoch {epoch} are kept, the best `{name}`: {best:.4}"))
        }
    };
    judged
        .with("epoch", kept.epoch)
        .with("best", best)
        .with("recorded", recorded.unwrap_or(f64::NAN))
        .with("kept_weights", kept.score.unwrap_or(f64::NAN))
}

fn score_of(epochs: &[Epoch], primary: &Primary, epoch: u64) -> Option<f64> {
    let entry = epochs.iter().find(|entry| entry.epoch == epoch)?;
    entry.valid.get(&primary.name).copied()
}

/// The epochs that may be kept: where groups are held together, those in which they are, or else the one in which they are nearest.
fn eligible(epochs: &[Epoch], slack: Option<f64>) -> Vec<&Epoch> {
    let difference = |epoch: &Epoch| epoch.valid.get("group_difference").copied();
    let excess =
        |epoch: &&Epoch| slack.zip(difference(epoch)).map_or(0.0, |(slack, off)| (off - slack).max(0.0));
    let least = epochs.iter().map(|epoch| excess(&epoch)).fold(f64::INFINITY, f64::min);
    epochs.iter().filter(|epoch| excess(epoch) <= least).collect()
}

fn best_score(epochs: &[&Epoch], primary: &Primary) -> Option<f64> {
    let scores = epochs.iter().filter_map(|epoch| epoch.valid.get(&primary.name).copied());
    let finite = scores.filter(|score| score.is_finite());
    if primary.more_is_better { finite.max_by(f64::total_cmp) } else { finite.min_by(f64::total_cmp) }
}
