//! `preflight.capacity`: do the model's size and the number of rows go together?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};

use super::{CurvePoint, PreflightContext};

const FREE: Threshold = Threshold {
    name: "parameters per row with nothing to hold the model back",
    value: 100.0,
    reason: "networks of 10 to 1,000 weights a row do well with decay, dropout or a chosen epoch, and badly without",
};
const ANY: Threshold = Threshold {
    name: "parameters per row at all",
    value: 10_000.0,
    reason: "a default network on under 20 rows",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.capacity",
        question: "Do the model's size and the number of training rows go together?",
        why: "A model far larger than its data learns it by heart unless something holds it back.",
        evidence: "Trained parameters, training rows, their ratio, and what holds the model back: decay, dropout, a \
                   validation part that chooses the epoch. Beside it the learning curve of boosted trees: the primary \
                   metric on a quarter, half and all of the training rows (10,000 at most, fewer of many columns or classes), seen and unseen.",
        thresholds: &[FREE, ANY],
        false_alarms: "Fine-tuned models, whose weights come from more data.",
        remedy: "Shrink `model.hidden`; set `model.dropout` or `train.weight_decay`; keep `split.valid` above 0.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(size) = context.size.filter(|size| size.rows > 0 && size.parameters > 0) else {
        return Judgement::skipped("the size of the model or of the data is unknown");
    };
    let ratio = size.parameters as f64 / size.rows as f64;
    let held = size.dropout > 0.0 || size.weight_decay > 0.0 || size.chooses_epoch;
    let shown = format!("{} parameters for {} training rows, {ratio:.1} a row", size.parameters, size.rows);
    let shown = format!("{shown}{}", trend(&context.learning_curve));
    let judged = if ratio > ANY.value || (ratio > FREE.value && !held) {
        Judgement::warn(shown)
    } else {
        Judgement::pass(shown)
    };
    let curve: Vec<Evidence> = context.learning_curve.iter().map(point).collect();
    judged
        .with("learning_curve", curve)
        .with("parameters", size.parameters)
        .with("rows", size.rows)
        .with("parameters_per_row", ratio)
        .with("held_back", held)
}

fn point(point: &CurvePoint) -> Evidence {
    let fields = [("train", point.train), ("valid", point.valid)];
    let scores = fields.map(|(name, score)| (name.to_owned(), score.into()));
    std::iter::once(("rows".to_owned(), point.rows.into())).chain(scores).collect()
}

/// What the last doubling of the rows brought.
fn trend(curve: &[CurvePoint]) -> String {
    let [.., half, all] = curve else { return String::new() };
    format!(
        "; a simple model scores {:.4} on unseen rows after {}, {:.4} after {}",
        half.valid, half.rows, all.valid, all.rows
    )
}
