//! Whether there is a reason to retrain: by hand there is, else the verdicts of a monitor tell.

use std::path::Path;

use plumb_ledger::{Entry, Ledger, Sha256, Verdict};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::run::files;

/// Verdicts of a monitor that ask for a new model.
const TRIGGERS: [&str; 2] = ["operate.drift", "operate.performance"];
/// Bytes of a ledger at most: 64 MiB, a thousand times what one has.
const MOST_BYTES: u64 = 64 << 20;

/// A verdict that asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fired {
    /// The practice.
    pub(crate) id: String,
    /// Its verdict.
    pub(crate) verdict: Verdict,
    /// What it said.
    pub(crate) summary: String,
    /// The digest of the ledger that it stands in.
    pub(crate) ledger_sha256: Sha256,
}

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// No monitor is named: a person asks.
    ByHand,
    /// These verdicts ask.
    Fired(Vec<Fired>),
    /// None does, in words.
    Quiet(String),
}

/// Reads the verdicts of a monitor's folder.
pub(super) fn asked(folder: Option<&Path>) -> Result<Asked, Fault> {
    let Some(folder) = folder else { return Ok(Asked::ByHand) };
    let path = folder.join(files::LEDGER);
    let unusable = |why: String| {
        Fault::usage(format!("no ledger of a monitor ({why}): {}", path.display()))
            .hint("`--when DIR` names a folder that `plumb monitor BUNDLE --log LOG --out DIR` writes")
    };
    let size = std::fs::metadata(&path).map_err(|error| unusable(error.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(unusable(format!("{size} bytes")));
    }
    let bytes = std::fs::read(&path).map_err(|error| unusable(error.to_string()))?;
    let ledger: Ledger = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
    let known: Vec<&Entry> = TRIGGERS.iter().filter_map(|id| ledger.get(id)).collect();
    if known.is_empty() {
        return Err(unusable(format!("neither {}", TRIGGERS.join(" nor "))));
    }
    let asks = |entry: &&&Entry| matches!(entry.verdict, Verdict::Fail | Verdict::Warn);
    let fired: Vec<Fired> = known
        .iter()
        .filter(asks)
        .map(|entry| Fired {
            id: entry.id.clone(),
            verdict: entry.verdict,
            summary: entry.summary.clone(),
            ledger_sha256: Sha256::of(&bytes),
        })
        .collect();
    if !fired.is_empty() {
        return Ok(Asked::Fired(fired));
    }
    let said: Vec<String> =
        known.iter().map(|entry| format!("{} is {}", entry.id, entry.verdict.as_str())).collect();
    Ok(Asked::Quiet(format!("the monitor asks for nothing: {}", said.join(", "))))
}

#[cfg(test)]
mod tests {
    use plumb_ledger::atomic;

    use super::*;

    fn folder(drift: &str, performance: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let entry = |id: &str, verdict: &str| {
            format!(r#"{{"id":"{id}","verdict":"{verdict}","summary":"s","evidence":{{}},"remedy":"r"}}"#)
        };
        let text = format!(
            r#"{{"schema":1,"run":"m","stage":"operate","verdicts":[{},{}]}}"#,
            entry("operate.drift", drift),
            entry("operate.performance", performance)
        );
        atomic::write_file(&folder.path().join(files::LEDGER), text.as_bytes()).unwrap();
        folder
    }

    #[test]
    fn a_warning_asks_and_what_passes_does_not() {
        assert_eq!(asked(None).unwrap(), Asked::ByHand);
        for (drift, performance, fired) in
            [("warn", "skipped", 1), ("pass", "fail", 1), ("fail", "fail", 2), ("pass", "skipped", 0)]
        {
            match asked(Some(folder(drift, performance).path())).unwrap() {
                Asked::Fired(found) => assert_eq!(found.len(), fired),
                Asked::Quiet(words) => {
                    assert_eq!(fired, 0);
                    assert!(
                        words.contains("operate.drift is pass, operate.performance is skipped"),
                        "{words}"
                    );
                }
                Asked::ByHand => panic!("a folder was named"),
            }
        }
    }

    #[test]
    fn what_is_no_ledger_of_a_monitor_is_refused() {
        let none = tempfile::tempdir().unwrap();
        assert!(asked(Some(none.path())).is_err());
        for text in ["", "{}", "[]", r#"{"schema":1,"run":"m","stage":"x","verdicts":[]}"#] {
            atomic::write_file(&none.path().join(files::LEDGER), text.as_bytes()).unwrap();
            assert!(asked(Some(none.path())).is_err(), "{text}");
        }
    }
}
