//! Is the smaller model smaller?

use plumb_ledger::{Judgement, Page, Source, Threshold};

use super::CompressContext;

const SMALLER: f64 = 0.95;

pub(super) const PAGE: Page = Page {
    id: "compress.smaller",
    question: "Is the file of the compressed model smaller?",
    why: "Masks instead of removed channels, and weights that are kept twice, make a file that is as large as before.",
    evidence: "Bytes of the files that are deployed, and numbers in them that were learned.",
    thresholds: &[Threshold {
        name: "its share of the bytes before",
        value: SMALLER,
        reason: "what saves less is not worth another model to keep",
    }],
    false_alarms: "The preparation is in the file too: of a small network for a wide table it is most of it.",
    remedy: "prune more (`--prune`), store weights in fewer bits (`--weights int4`), or keep the model as it was",
    sources: &[Source::Paper("Blalock et al., What is the State of Neural Network Pruning? (2020)")],
};

pub(super) fn judge(context: &CompressContext) -> Judgement {
    let (before, after) = (context.before.bytes, context.after.bytes);
    if before == 0 {
        return Judgement::skipped("the size of the first model is not known");
    }
    let share = after as f64 / before as f64;
    let text = format!(
        "{} kB instead of {} kB: {:.1} % of the bytes",
        after.div_ceil(1000),
        before.div_ceil(1000),
        100.0 * share
    );
    let judgement = if share <= SMALLER {
        Judgement::pass(text)
    } else {
        Judgement::fail(format!("{text}, which is not smaller"))
    };
    judgement
        .with("bytes_before", before)
        .with("bytes_after", after)
        .with("parameters_before", context.before.parameters)
        .with("parameters_after", context.after.parameters)
}
