//! `preflight.example-independence`: does each output depend on its own row only?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const CHANGE: Threshold = Threshold {
    name: "change of another row's output",
    value: 1e-5,
    reason: "a matrix product may add in another order: about 1e-7 of an output of size 1",
};

const PADDED: Threshold = Threshold {
    name: "change of a text's outputs beside a longer one, as a share of their size",
    value: 1e-3,
    reason: "of MiniLM it is 0, to the bit; a thousandth leaves room for sums in another order",
};

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.example-independence",
        question: "Does each output depend on its own row only?",
        why: "A wrong reshape or an average over the wrong axis mixes the rows of a batch; the model then trains \
              and is worthless on single rows. One that predicts as it trains, dropout and all, gives the same row \
              another answer each time.",
        evidence: "Whether two passes that predict the same rows agree, bit for bit; then one row is exchanged for \
                   another: the largest change among the other rows' outputs, and whether its own changed. Of texts, \
                   how much the shortest one's outputs change beside the longest.",
        thresholds: &[CHANGE, PADDED],
        false_alarms: "Models meant to look at several rows at once.",
        remedy: "Look for reshapes, reductions over the first axis and padding that is not masked in an own model's \
                 `forward`, and for what it does differently unless `pass.is_training()`.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(found) = context.independence.filter(|found| found.rows > 1) else {
        return Judgement::skipped("fewer than two rows to compare");
    };
    let judged = if !found.repeats {
        Judgement::fail("two predictions of the same rows differ: the model predicts as it trains")
    } else if found.others_change.is_nan() || found.others_change > CHANGE.value {
        Judgement::fail(format!(
            "exchanging one row changed other rows' outputs by {:.2e}",
            found.others_change
        ))
    } else if let Some(change) =
        found.padded_change.filter(|change| change.is_nan() || *change > PADDED.value)
    {
        Judgement::fail(format!(
            "a longer text in the batch changed a shorter one's outputs by {:.1} % of their size: padding counts",
            100.0 * change
        ))
    } else if found.own_changed {
        Judgement::pass(format!("exchanging one of {} rows changed its own output alone", found.rows))
    } else {
        Judgement::warn("exchanging one row did not change its output")
            .remedy("check that the model reads its inputs: see preflight.input-dependence")
    };
    judged
        .with("rows", found.rows)
        .with("repeats", found.repeats)
        .with("own_changed", found.own_changed)
        .with("padded_change", found.padded_change.unwrap_or(f64::NAN))
        .with("others_change", found.others_change)
}
