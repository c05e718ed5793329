//! `preflight.example-independence`: does each output depend on its own row only?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const CHANGE: Threshold = Threshold {
    name: "change of another row's output",
    value: 1e-5,
    reason: "a matrix product may add in another order: about 1e-7 of an output of size 1",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.example-independence",
        question: "Does each output depend on its own row only?",
        why: "A wrong reshape or an average over the wrong axis mixes the rows of a batch; the model then trains \
              and is worthless on single rows.",
        evidence: "One row of a batch is exchanged for another in a pass that predicts: the largest change among \
                   the other rows' outputs, and whether its own changed.",
        thresholds: &[CHANGE],
        false_alarms: "Models meant to look at several rows at once.",
        remedy: "Look for reshapes and reductions over the first axis in an own model's `forward`.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(found) = context.independence.filter(|found| found.rows > 1) else {
        return Judgement::skipped("fewer than two rows to compare");
    };
    let judged = if found.others_change.is_nan() || found.others_change > CHANGE.value {
        Judgement::fail(format!(
            "exchanging one row changed other rows' outputs by {:.2e}",
            found.others_change
        ))
    } else if found.own_changed {
        Judgement::pass(format!("exchanging one of {} rows changed its own output alone", found.rows))
    } else {
        Judgement::warn("exchanging one row did not change its output")
            .remedy("check that the model reads its inputs: see preflight.input-dependence")
    };
    judged
        .with("rows", found.rows)
        .with("own_changed", found.own_changed)
        .with("others_change", found.others_change)
}
