//! Verdicts as they come: what the ledger says that it did not say before.

use std::collections::BTreeMap;

use plumb_ledger::{Ledger, Verdict};
use serde_json::{Value, json};

use super::super::store::{Summary, json_file};
use crate::run::files;

/// Verdicts that one event tells; the page has them all.
const MOST_NEW: usize = 50;

/// The verdicts that a listener knows.
#[derive(Debug)]
pub(crate) struct Verdicts {
    known: BTreeMap<String, Verdict>,
    /// When the run changed when the ledger was last read.
    read: u64,
}

impl Verdicts {
    /// Those of the run as it is.
    pub(crate) fn of(run: &Summary) -> Self {
        Self { known: verdicts(&ledger(run)), read: run.changed }
    }

    /// What is new; `None` when nothing is.
    pub(crate) fn news(&mut self, run: &Summary) -> Option<Value> {
        if run.changed == self.read {
            return None;
        }
        self.read = run.changed;
        let ledger = ledger(run);
        let new: Vec<Value> = ledger
            .verdicts
            .iter()
            .filter(|entry| self.known.get(&entry.id) != Some(&entry.verdict))
            .take(MOST_NEW)
            .map(|entry| json!({ "id": entry.id, "verdict": entry.verdict, "summary": entry.summary }))
            .collect();
        if new.is_empty() {
            return None;
        }
        self.known = verdicts(&ledger);
        let counts = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped];
        let counts: BTreeMap<&str, usize> =
            counts.into_iter().map(|verdict| (verdict.as_str(), ledger.count(verdict))).collect();
        Some(json!({ "stage": ledger.stage, "counts": counts, "new": new }))
    }
}

fn ledger(run: &Summary) -> Ledger {
    json_file(&run.path.join(files::LEDGER)).unwrap_or_else(|| Ledger::new(&run.id))
}

fn verdicts(ledger: &Ledger) -> BTreeMap<String, Verdict> {
    ledger.verdicts.iter().map(|entry| (entry.id.clone(), entry.verdict)).collect()
}
