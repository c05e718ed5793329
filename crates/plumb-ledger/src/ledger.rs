//! The ledger: all verdicts of a run, `ledger.json`.

use serde::{Deserialize, Serialize};

use crate::{Evidence, Judgement, Page, Practice, Verdict};

/// The version of `ledger.json`.
pub const SCHEMA: u32 = 1;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The practice.
    pub id: String,
    /// Its answer.
    pub verdict: Verdict,
    /// One sentence with the figure that decided.
    pub summary: String,
    /// The facts.
    pub evidence: Evidence,
    /// What to change.
    pub remedy: String,
    /// Why it was skipped; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// All verdicts of a run, in the order in which they were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The version of the format.
    pub schema: u32,
    /// The name of the run.
    pub run: String,
    /// The last stage that was judged: `data`, `split`, `preflight`, `train`, `evaluate`.
    pub stage: String,
    /// The verdicts.
    pub verdicts: Vec<Entry>,
}

impl Ledger {
    /// An empty ledger for the run of that name.
    pub fn new(run: impl Into<String>) -> Self {
        Self { schema: SCHEMA, run: run.into(), stage: "data".to_owned(), verdicts: Vec::new() }
    }

    /// Writes down one judgement; a later one about the same practice replaces the earlier.
    pub fn record(&mut self, page: &Page, judgement: Judgement) -> &Entry {
        page.id.split('.').next().unwrap_or_default().clone_into(&mut self.stage);
        let entry = Entry {
            id: page.id.to_owned(),
            verdict: judgement.verdict,
            summary: judgement.summary,
            evidence: judgement.evidence,
            remedy: judgement.remedy.unwrap_or_else(|| page.remedy.to_owned()),
            reason: judgement.reason,
        };
        let place = self.verdicts.iter().position(|old| old.id == entry.id);
        let place = place.unwrap_or_else(|| {
            self.verdicts.push(entry.clone());
            self.verdicts.len() - 1
        });
        self.verdicts[place] = entry;
        &self.verdicts[place]
    }

    /// Asks every practice of a table and writes down the answers; `watch` sees each as it comes.
    pub fn judge_all<C>(&mut self, practices: &[Practice<C>], context: &C, mut watch: impl FnMut(&Entry)) {
        for practice in practices {
            watch(self.record(&practice.page, (practice.judge)(context)));
        }
    }

    /// The entry of a practice.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.verdicts.iter().find(|entry| entry.id == id)
    }

    /// How many entries have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.iter().filter(|entry| entry.verdict == verdict).count()
    }

    /// The entries, worst first, otherwise in their order.
    pub fn worst_first(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.verdicts.iter().collect();
        entries.sort_by_key(|entry| entry.verdict);
        entries
    }

    /// The failed entries that a gate names.
    pub fn broken_gates<'a>(&'a self, gates: &'a [String]) -> impl Iterator<Item = &'a Entry> {
        self.verdicts.iter().filter(|entry| entry.verdict == Verdict::Fail && gates.contains(&entry.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    const PAGE: Page = Page {
        id: "data.example",
        question: "is it?",
        why: "because",
        evidence: "a number",
        thresholds: &[],
        false_alarms: "none known",
        remedy: "set `data.x`",
        sources: &[Source::Recipe],
    };

    #[test]
    fn the_file_format_is_pinned() {
        let mut ledger = Ledger::new("r1");
        ledger.record(&PAGE, Judgement::fail("3 of 9").with("count", 3usize));
        let text = serde_json::to_string(&ledger).unwrap();
        let expected = r#"{"schema":1,"run":"r1","stage":"data","verdicts":[{"id":"data.example","verdict":"fail","summary":"3 of 9","evidence":{"count":3},"remedy":"set `data.x`"}]}"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    }

    #[test]
    fn a_gate_stops_only_on_its_own_failed_practice() {
        let mut ledger = Ledger::new("r1");
        ledger.record(&PAGE, Judgement::warn("w"));
        assert_eq!(ledger.broken_gates(&["data.example".to_owned()]).count(), 0);
        ledger.record(&PAGE, Judgement::fail("f"));
        assert_eq!(ledger.verdicts.len(), 1, "the later judgement replaces the earlier");
        assert_eq!(ledger.broken_gates(&["data.example".to_owned()]).count(), 1);
        assert_eq!(ledger.broken_gates(&["data.other".to_owned()]).count(), 0);
    }

    #[test]
    fn pages_are_checked() {
        assert!(crate::practice::faults([&PAGE]).is_empty());
        let bad = Page { question: "no mark", id: "Bad", ..PAGE };
        assert_eq!(crate::practice::faults([&bad, &PAGE, &PAGE]).len(), 3);
    }
}
