//! split.test-untouched: is the test part read once, at the end?

use plumb_ledger::{Judgement, Page, Practice, Source, Threshold};

use super::{LISTED, SplitContext};
use crate::split::Part;

const PAGE: Page = Page {
    id: "split.test-untouched",
    question: "Is the test part read once, at the end, and is every read logged?",
    why: "Every look at the test part that leads to a choice fits the model to it; its score is then no estimate of \
          what comes.",
    evidence: "Each read of the test rows in this run, by purpose. Rows are given out by one function, which logs.",
    thresholds: &[Threshold { name: "reads", value: 1.0, reason: "the final evaluation" }],
    false_alarms: "It sees this run alone. Many runs, each evaluated on the same test rows, fit the choice among them \
                   to these rows all the same.",
    remedy: "choose by the valid part; keep one evaluation of the test part, at the end",
    sources: &[Source::TuningPlaybook, Source::BestPractices],
};

pub(super) const PRACTICE: Practice<SplitContext> = Practice { page: PAGE, judge };

fn judge(context: &SplitContext) -> Judgement {
    if context.split.count(Part::Test) == 0 {
        return Judgement::skipped("there is no test part");
    }
    let reads = context.split.test_reads();
    let judged = match reads.as_slice() {
        [] => Judgement::pass("the test part has not been read so far"),
        [purpose] => Judgement::pass(format!("the test part was read once: {purpose}")),
        _ => Judgement::fail(format!("the test part was read {} times", reads.len())),
    };
    judged.with("reads", reads.len()).with("purposes", reads.into_iter().take(LISTED).collect::<Vec<_>>())
}
