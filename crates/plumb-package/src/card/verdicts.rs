//! What was judged: what failed and what warned with its remedy, what was skipped with its reason, how much passed.

use plumb_ledger::Verdict;

use super::{cited, section};
use crate::Record;
use crate::markdown::{code, line, push, table};
use crate::record::Judged;

pub(super) fn sections(text: &mut String, record: &Record) {
    section(text, "Verdicts");
    let of = |verdict: Verdict| -> Vec<&Judged> {
        record.verdicts().filter(|judged| judged.entry.verdict == verdict).collect()
    };
    let (failed, warned, skipped) = (of(Verdict::Fail), of(Verdict::Warn), of(Verdict::Skipped));
    push(
        text,
        format_args!(
            "Practices that failed: {}, warned: {}, passed: {}, were skipped: {}.\n\n",
            failed.len(),
            warned.len(),
            of(Verdict::Pass).len(),
            skipped.len()
        ),
    );
    let row = |judged: &&Judged| {
        let entry = &judged.entry;
        vec![
            format!("`{}`", code(&entry.id)),
            entry.verdict.as_str().to_owned(),
            line(&entry.summary),
            line(&entry.remedy),
            cited([record.ledger_of(judged)]),
        ]
    };
    let bad: Vec<Vec<String>> = failed.iter().chain(&warned).map(row).collect();
    if !bad.is_empty() {
        table(text, &["practice", "verdict", "what was found", "remedy", "evidence"], bad);
    }
    if !skipped.is_empty() {
        let ids: Vec<String> = skipped.iter().map(|judged| format!("`{}`", code(&judged.entry.id))).collect();
        push(text, format_args!("Nobody has looked at: {}; the ledger says why.\n\n", ids.join(", ")));
    }
}
