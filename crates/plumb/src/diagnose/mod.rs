//! `plumb diagnose`: the `train.*` practices on the logs of other tools.
//!
//! ```text
//! paths -> find -> formats -> log -> roles -> history -> verdicts -> page
//! ```
//!
//! A format's reader gives a neutral [`log`]: series of numbers by name. [`roles`] tells which of them are the losses, the
//! rate and the gradient; [`history`] makes of them what the practices read. The practices are those of Plumb's own runs.

mod error;
mod find;
mod formats;
mod history;
mod limits;
mod log;
mod roles;
mod words;

use std::path::{Path, PathBuf};

use plumb_learn::watch::{self, TrainContext};
use plumb_ledger::{Entry, Ledger, Verdict};

pub(crate) use error::LogError;
pub(crate) use find::{Found, find};
pub(crate) use history::number;
pub(crate) use log::{Log, Point};
pub(crate) use roles::{Chosen, Part, Roles};

/// A log and the verdicts on it.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    /// Where the log stands, as typed.
    pub(crate) path: PathBuf,
    /// The name of its format.
    pub(crate) format: &'static str,
    /// Its series.
    pub(crate) log: Log,
    /// Which of them plays which part.
    pub(crate) roles: Roles,
    /// What the practices looked at.
    pub(crate) context: TrainContext,
    /// The verdicts.
    pub(crate) ledger: Ledger,
}

/// Reads one log and judges it.
pub(crate) fn diagnose(found: &Found, chosen: Chosen<'_>, finished: bool) -> Result<Diagnosis, LogError> {
    let format = found.format.name;
    let read = (found.format.read)(&found.sources()?);
    let log = read.map_err(|source| LogError::Refused { format, source, path: found.path.clone() })?;
    judge(&found.path, format, log.settled(), chosen, finished)
}

/// Judges a log.
pub(crate) fn judge(
    path: &Path,
    format: &'static str,
    log: Log,
    chosen: Chosen<'_>,
    finished: bool,
) -> Result<Diagnosis, LogError> {
    let path = || path.to_owned();
    if log.series.is_empty() {
        return Err(LogError::Empty { path: path() });
    }
    let known = || log.series.keys().cloned().collect();
    let unknown = |name: &str| LogError::NoSeries { name: name.to_owned(), known: known(), path: path() };
    let roles = roles::of(&log, chosen).map_err(unknown)?;
    let context = history::context(&log, &roles, finished);
    if context.history.epochs.is_empty() && context.history.steps.is_empty() {
        return Err(LogError::NoLoss { known: known(), path: path() });
    }
    let mut ledger = Ledger::new(path().display().to_string());
    ledger.judge_all(watch::PRACTICES, &context, |_| {});
    if format != formats::PLUMB {
        in_any_tools_words(&mut ledger);
    }
    Ok(Diagnosis { path: path(), format, log, roles, context, ledger })
}

/// Puts remedies into words that hold for any tool. One that a judge gave for the case stays, unless it too names what
/// only Plumb has.
fn in_any_tools_words(ledger: &mut Ledger) {
    for entry in ledger.verdicts.iter_mut().filter(|entry| entry.remedy.contains('`')) {
        if let Some(words) = words::of(&entry.id) {
            words.remedy.clone_into(&mut entry.remedy);
        }
    }
}

impl Diagnosis {
    /// The verdict that says most: the first that fails, else the first that warns.
    pub(crate) fn worst(&self) -> Option<(&'static str, &Entry)> {
        let of = |verdict| {
            words::WORDS.iter().find_map(|words| {
                let entry = self.ledger.get(words.id).filter(|entry| entry.verdict == verdict)?;
                Some((words.headline, entry))
            })
        };
        of(Verdict::Fail).or_else(|| of(Verdict::Warn))
    }

    /// The parts of the log that were found, with the series of each.
    pub(crate) fn parts(&self) -> Vec<(&'static str, String)> {
        let Roles { train_by_step, train_by_epoch, valid, rate, gradient, .. } = &self.roles;
        let loss = |part: &Option<Part>| part.as_ref().map(Part::in_words);
        let parts = [
            ("training loss", loss(train_by_step)),
            ("training loss by epoch", loss(train_by_epoch)),
            ("validation loss", loss(valid)),
            ("learning rate", rate.clone()),
            ("gradient norm", gradient.clone()),
        ];
        parts.into_iter().filter_map(|(part, series)| Some((part, series?))).collect()
    }

    /// `20 epochs, 160 steps`: how much is recorded.
    pub(crate) fn extent(&self) -> String {
        let history = &self.context.history;
        let steps = self.log.series.values().flatten().filter_map(|point| point.step).max();
        let evaluations = history.epochs.len();
        let word = match (history.axis, evaluations) {
            (watch::Axis::Epochs, 1) => "epoch",
            (watch::Axis::Epochs, _) => "epochs",
            (watch::Axis::Steps, 1) => "evaluation",
            (watch::Axis::Steps, _) => "evaluations",
        };
        let upto = steps.map(|step| format!(" up to step {step}")).unwrap_or_default();
        format!("{evaluations} {word}{upto}")
    }
}
