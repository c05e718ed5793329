//! `preflight.batches-shuffled`: are the batches those of a shuffle?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::PreflightContext;

const NEIGHBOURS: Threshold = Threshold {
    name: "share of neighbours that stay neighbours",
    value: 0.1,
    reason: "a shuffle of 100 rows leaves 0.02 of them together, and less of more rows",
};
const DEVIATION: Threshold = Threshold {
    name: "standard errors of the batches' classes above a shuffle",
    value: 5.0,
    reason: "one shuffle in a million is that uneven",
};
/// Fewer rows than this stay together by chance.
const ENOUGH: usize = 50;

pub(super) const PRACTICE: Practice<PreflightContext> = Practice {
    page: Page {
        id: "preflight.batches-shuffled",
        question: "Are the batches those of a shuffle, and does each epoch have its own?",
        why: "Batches in file order carry the order of the file: by class, by day, by customer. The gradients then \
              point away from the mean, and batch statistics are wrong.",
        evidence: "Whether two epochs have the same order, the share of neighbours in the order that are neighbours \
                   in the data, and the chi-squared of the classes over the first 20 batches.",
        thresholds: &[NEIGHBOURS, DEVIATION],
        false_alarms: "Under 50 rows, where neighbours meet by chance: there only repetition is judged.",
        remedy: "Use `plumb_learn::batches::Batches`, which shuffles by (seed, epoch), or shuffle the own source.",
        sources: &[Source::BestPractices],
    },
    judge,
};

fn judge(context: &PreflightContext) -> Judgement {
    let Some(order) = context.order.filter(|order| order.rows > 2) else {
        return Judgement::skipped("the order of the rows is unknown, or there are fewer than 3");
    };
    let uneven = order.class_deviation.filter(|deviation| *deviation > DEVIATION.value);
    let judged = if order.repeats {
        Judgement::fail("two epochs have the same order of rows")
    } else if order.rows >= ENOUGH && order.neighbours > NEIGHBOURS.value {
        let percent = 100.0 * order.neighbours;
        Judgement::fail(format!("the rows are hardly shuffled: {percent:.0} % of neighbours stay together"))
    } else if let Some(deviation) = uneven.filter(|_| order.rows >= ENOUGH) {
        Judgement::warn(format!(
            "the classes are unevenly spread over batches: {deviation:.1} standard errors above a shuffle"
        ))
    } else {
        Judgement::pass("rows and classes are spread over the batches as by a shuffle, each epoch anew")
    };
    judged
        .with("rows", order.rows)
        .with("epochs_repeat", order.repeats)
        .with("neighbour_share", order.neighbours)
        .with("class_deviation", order.class_deviation.unwrap_or(f64::NAN))
}
