//! The plugin `text`: the resolved job, and what the practices said.

use super::markdown;
use super::proto::{DataClass, Value};
use super::value::{Plugin, string};
use crate::log::note::{Content, Ended, Note};

const PLUGIN: Plugin = Plugin { name: "text", class: DataClass::Tensor };

pub(super) fn values(note: &Note) -> Vec<Value> {
    match &note.content {
        Content::Settled(settled) => vec![PLUGIN.value("job", string(markdown::code(&settled.job)))],
        Content::Ended(ended) if !ended.verdicts.is_empty() => {
            vec![PLUGIN.value("verdicts", string(verdicts(ended)))]
        }
        _ => Vec::new(),
    }
}

/// The worst first.
fn verdicts(ended: &Ended) -> String {
    let mut verdicts: Vec<_> = ended.verdicts.iter().collect();
    verdicts.sort_by_key(|of| of.verdict);
    let row = |of: &crate::log::note::Judged| {
        vec![of.verdict.as_str().to_owned(), of.practice.clone(), of.summary.clone()]
    };
    let header = ["verdict", "practice", "what was found"].map(str::to_owned);
    markdown::table(header, verdicts.into_iter().map(row))
}
