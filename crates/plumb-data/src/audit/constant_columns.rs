//! `data.constant-columns`: which columns say nothing?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::AuditContext;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.constant-columns",
        question: "does every input column take at least two values?",
        why: "A column with one value teaches nothing and costs parameters. Often it is the trace of a broken join, a \
              filter or an export of one source only, and it will change the day the model is used.",
        evidence: "The columns with one value and none missing, and those with no value at all.",
        thresholds: &[],
        false_alarms: "A column that varies in the full data, looked at in a small sample.",
        remedy: "Set `data.kinds.COLUMN = \"ignore\"`, or find out why the column does not vary.",
        sources: &[Source::Recipe],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    if context.table.rows() < 2 {
        return Judgement::skipped("fewer than two rows: every column is constant");
    }
    let (mut constant, mut empty, mut inputs) = (Vec::new(), Vec::new(), 0);
    for (column, facts) in context.inputs() {
        inputs += 1;
        match (facts.distinct, facts.missing) {
            (0, _) => empty.push(column.name.as_str()),
            (1, 0) => constant.push(column.name.as_str()),
            _ => (),
        }
    }
    let judged = match (inputs, constant.len() + empty.len()) {
        (0, _) => return Judgement::skipped("there is no input column"),
        (_, 0) => Judgement::pass(format!("all {inputs} input columns vary")),
        (all, some) if all == some => Judgement::fail(format!("none of {all} input columns varies")),
        (all, some) => Judgement::warn(format!("{some} of {all} input columns hold one value or none")),
    };
    judged.with("constant", constant).with("empty", empty)
}
