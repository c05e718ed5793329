//! One run as a line of the table.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use plumb_ledger::{Verdict, lock};
use serde::Deserialize;

use super::json::{self, json_file};
use crate::monitoring::MONITOR;
use crate::report::files::lenient::Ordered;
use crate::report::files::metrics::Score;
use crate::run::files;

/// Bytes of a `job.toml` that is read. 1 MiB: the resolved job has two thousand.
const JOB_BYTES: usize = 1 << 20;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// A process holds its folder.
    Running,
    /// It has its `metrics.json`.
    Finished,
    /// It is no run, but the folder of a model that is monitored.
    Monitored,
    /// Neither: it was interrupted, a gate stopped it, or it failed.
    Stopped,
}

impl State {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Monitored => "monitored",
            Self::Stopped => "stopped",
        }
    }
}

/// What the table says about a run.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    /// Its name: the folder's.
    pub(crate) id: String,
    /// Its folder.
    pub(crate) path: PathBuf,
    /// How far it is.
    pub(crate) state: State,
    /// When a file of it changed last, in milliseconds since 1970.
    pub(crate) changed: u64,
    /// The last stage that was judged.
    pub(crate) stage: String,
    /// Failed, to look at, holding, skipped.
    pub(crate) verdicts: [usize; 4],
    /// `binary`, `multiclass` or `regression`.
    pub(crate) task: String,
    /// The metric that decides.
    pub(crate) primary: String,
    /// Its value on the judged part.
    pub(crate) score: Option<Score>,
    /// The column that is predicted.
    pub(crate) target: String,
    /// The network.
    pub(crate) preset: String,
    /// What chance follows from.
    pub(crate) seed: Option<u64>,
}

/// What tells whether the files of a run are still the ones that were read: time and length of each.
pub(super) type Mark = [Option<(u128, u64)>; 4];

/// The files that a summary is made of; the history tells only that the run goes on.
const FILES: [&str; 4] = [files::METRICS, files::LEDGER, files::JOB, files::HISTORY];

/// The mark of a run folder; `None` when it is none.
pub(super) fn mark(folder: &Path) -> Option<Mark> {
    let mark = FILES.map(|name| {
        let meta = std::fs::metadata(folder.join(name)).ok().filter(std::fs::Metadata::is_file)?;
        let changed = meta.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Some((changed.as_nanos(), meta.len()))
    });
    mark.iter().any(Option::is_some).then_some(mark)
}

/// A run that is unfinished and whose folder is held by nobody may be taken up again without a change of its files.
pub(super) fn state(folder: &Path, mark: &Mark) -> State {
    if mark[0].is_some() {
        State::Finished
    } else if folder.join(MONITOR).is_file() {
        State::Monitored
    } else if lock::is_held(folder) {
        State::Running
    } else {
        State::Stopped
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metrics {
    task: String,
    primary: String,
    valid: Ordered<Score>,
    test: Ordered<Score>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ledger {
    stage: String,
    verdicts: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    verdict: Verdict,
}

/// Reads what the table says.
pub(super) fn read(id: &str, folder: &Path, mark: &Mark) -> Summary {
    let metrics: Metrics = json_file(&folder.join(files::METRICS)).unwrap_or_default();
    let ledger: Ledger = json_file(&folder.join(files::LEDGER)).unwrap_or_default();
    let job = job(folder);
    let text = |section: &str, key: &str| {
        let value = job.get(section).and_then(|section| section.get(key));
        value.and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    };
    let count = |verdict| ledger.verdicts.iter().filter(|entry| entry.verdict == verdict).count();
    let judged = if metrics.test.is_empty() { &metrics.valid } else { &metrics.test };
    let seed = job.get("train").and_then(|train| train.get("seed")).and_then(toml::Value::as_integer);
    Summary {
        id: id.to_owned(),
        path: folder.to_owned(),
        state: state(folder, mark),
        changed: mark.iter().flatten().map(|(nanos, _)| (nanos / 1_000_000) as u64).max().unwrap_or(0),
        stage: ledger.stage,
        verdicts: [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped].map(count),
        score: judged.get(&metrics.primary).cloned(),
        task: metrics.task,
        primary: metrics.primary,
        target: text("data", "target"),
        preset: text("model", "preset"),
        seed: seed.and_then(|seed| u64::try_from(seed).ok()),
    }
}

fn job(folder: &Path) -> toml::Table {
    let bytes = json::bytes(&folder.join(files::JOB)).filter(|bytes| bytes.len() <= JOB_BYTES);
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
