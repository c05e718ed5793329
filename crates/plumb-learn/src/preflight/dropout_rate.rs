//! `preflight.dropout-rate`: is dropout in its usual range, and on where it is needed?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const HIGH: Threshold = Threshold {
    name: "dropout's rate",
    value: 0.5,
    reason: "beyond one half, more is thrown away than kept (Srivastava et al. 2014)",
};
const LARGE: Threshold = Threshold {
    name: "parameters per row from which a model counts as large",
    value: 10.0,
    reason: "ten weights a row can learn any labels by heart",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.dropout-rate",
        question: "Is dropout in its usual range, and on where the model is large for its data?",
        why: "Dropout of 0.2 to 0.5 (less for normalised or narrow networks) is the cheapest guard against learning \
              by heart; above 0.5 the model starves.",
        evidence: "The rate, parameters per row, weight decay, and whether a batch norm stands beside it (the two \
                   disturb each other's statistics: Li et al. 2019).",
        thresholds: &[HIGH, LARGE],
        false_alarms: "Other means at work that are not known here.",
        remedy: "Set `model.dropout` to 0.1 - 0.5, or `train.weight_decay` above 0.",
        sources: &[
            Source::BestPractices,
            Source::Paper(
                "Li et al., Understanding the Disharmony between Dropout and Batch Normalization (2019)",
            ),
        ],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(size) = context.size.filter(|size| size.rows > 0) else {
        return Judgement::skipped("the model's dropout is unknown");
    };
    let ratio = size.parameters as f64 / size.rows as f64;
    let rate = size.dropout;
    let judged = if rate.is_nan() || rate > HIGH.value {
        Judgement::warn(format!("dropout of {rate} throws away more than it keeps"))
    } else if rate <= 0.0 && size.weight_decay <= 0.0 && ratio > LARGE.value {
        Judgement::warn(format!("{ratio:.0} parameters a row, and neither dropout nor weight decay is on"))
    } else if rate > 0.0 && size.batch_norm {
        Judgement::pass(format!("dropout is {rate}, together with batch norm"))
    } else {
        Judgement::pass(format!("dropout is {rate}"))
    };
    judged
        .with("dropout", rate)
        .with("weight_decay", size.weight_decay)
        .with("parameters_per_row", ratio)
        .with("batch_norm", size.batch_norm)
}
