//! Is the smaller model faster?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use serde_json::json;

use super::CompressContext;

const FASTER: f64 = 1.05;

pub(super) const PAGE: Page = Page {
    id: "compress.faster",
    question: "Does the smaller model answer faster, on this machine, in the runtime that serves it?",
    why: "Fewer bits and fewer weights are often slower: a runtime without kernels for them turns each back into the old arithmetic.",
    evidence: "Median and 99th percentile of the time of a request of one row and of eight, both models by turns in one process, on the embedded runtime.",
    thresholds: &[Threshold {
        name: "how many times as fast, one row, median",
        value: FASTER,
        reason: "less cannot be told from the noise of a machine that does other things too",
    }],
    false_alarms: "On a busy machine medians move by some hundredths; a network of microseconds spends its time elsewhere. The ratio is this machine's: another has other vector units.",
    remedy: "prune whole channels (`--prune`), take fewer layers (`--distill`), or keep the model as it was",
    sources: &[
        Source::Paper(
            "Krishnamoorthi, Quantizing deep convolutional networks for efficient inference (2018)",
        ),
        Source::Paper("Blalock et al., What is the State of Neural Network Pruning? (2020)"),
    ],
};

pub(super) fn judge(context: &CompressContext) -> Judgement {
    if let Some(reason) = &context.same_arithmetic {
        return Judgement::skipped(reason.clone());
    }
    let (Some(before), Some(after)) = (context.before.median(1), context.after.median(1)) else {
        return Judgement::skipped("no time was measured");
    };
    let ratio = before / after.max(f64::MIN_POSITIVE);
    let text = format!("a row takes {after:.3} ms instead of {before:.3} ms: {ratio:.2} times as fast");
    let judgement = if ratio >= FASTER {
        Judgement::pass(text)
    } else {
        Judgement::fail(format!("{text}, which is not faster"))
    };
    judgement
        .with("ratio", ratio)
        .with("before", json!(context.before.latency))
        .with("after", json!(context.after.latency))
}
