//! What every stage of a run holds: the job, the folder, the ledger, the screen.

use plumb_ledger::{Entry, Ledger, Practice, Seed, Verdict};

use super::{RunFolder, Screen, files, interrupt};
use crate::fault::Fault;
use crate::job::JobFile;
use crate::log::Logs;

/// A run in progress.
#[derive(Debug)]
pub(crate) struct Run {
    /// The job; each `auto` is replaced as soon as it can be.
    pub(crate) job: JobFile,
    /// Where the run is written; none for a command that only looks.
    pub(crate) folder: Option<RunFolder>,
    /// All verdicts so far.
    pub(crate) ledger: Ledger,
    /// What the person sees.
    pub(crate) screen: Screen,
    /// Whether a part of the rows is enough.
    pub(crate) fast: bool,
    /// Other programs that are told of it.
    pub(crate) logs: Logs,
}

impl Run {
    /// A run of `job`, named after its folder.
    pub(crate) fn new(job: JobFile, folder: Option<RunFolder>, screen: Screen) -> Self {
        let name = folder.as_ref().map_or_else(|| "none".to_owned(), RunFolder::name);
        Self { job, folder, ledger: Ledger::new(name), screen, fast: false, logs: Logs::default() }
    }

    /// What all chance in the run follows from.
    pub(crate) fn seed(&self) -> Seed {
        Seed(self.job.train.seed)
    }

    /// The folder of a run that must have one.
    pub(crate) fn folder(&self) -> Result<&RunFolder, Fault> {
        self.folder.as_ref().ok_or_else(|| Fault::failed("a training without a run folder"))
    }

    /// Asks every practice of a table; fails and warns are shown as they come.
    pub(crate) fn judge<C>(&mut self, practices: &[Practice<C>], context: &C) {
        for practice in practices {
            self.ask(practice, context);
        }
    }

    /// Asks one practice of a table again, when more is known than the first time.
    pub(crate) fn judge_again<C>(&mut self, practices: &[Practice<C>], id: &str, context: &C) {
        if let Some(practice) = practices.iter().find(|practice| practice.page.id == id) {
            self.ask(practice, context);
        }
    }

    /// A verdict that has not changed since the last time is not shown again.
    fn ask<C>(&mut self, practice: &Practice<C>, context: &C) {
        let before = self.ledger.get(practice.page.id).map(|entry| entry.verdict);
        let entry = self.ledger.record(&practice.page, (practice.judge)(context));
        if before != Some(entry.verdict) {
            self.screen.verdict(entry);
        }
    }

    /// Ends a stage: the ledger is written; Ctrl-C, or a gate whose practice failed, ends the run.
    pub(crate) fn end_stage(&mut self) -> Result<(), Fault> {
        self.write_json(files::LEDGER, &self.ledger)?;
        if let (true, Some(folder)) = (interrupt::asked(), &self.folder) {
            return Err(Fault::interrupted(folder.path()));
        }
        let broken: Vec<&Entry> = self.ledger.broken_gates(&self.job.gates.fail).collect();
        match broken.as_slice() {
            [] => Ok(()),
            broken => Err(Fault::gate(broken)),
        }
    }

    /// Writes a file of the run, when it has a folder.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        Ok(self.folder.as_ref().map_or(Ok(()), |folder| folder.write(name, bytes))?)
    }

    /// Writes a file of the run as JSON, when it has a folder.
    pub(crate) fn write_json(&self, name: &str, value: &impl serde::Serialize) -> Result<(), Fault> {
        Ok(self.folder.as_ref().map_or(Ok(()), |folder| folder.write_json(name, value))?)
    }

    /// Writes the job as far as it is resolved: rerunning it repeats the run.
    pub(crate) fn write_job(&self) -> Result<(), Fault> {
        self.write(files::JOB, self.job_text()?.as_bytes())
    }

    /// The job as a file.
    pub(crate) fn job_text(&self) -> Result<String, Fault> {
        toml::to_string(&self.job).map_err(|e| Fault::failed(format!("cannot write the job as TOML ({e})")))
    }

    /// `2 fail, 1 warn, 30 pass, 5 skipped`.
    pub(crate) fn verdict_counts(&self) -> String {
        let words = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::Skipped];
        words.map(|verdict| format!("{} {}", self.ledger.count(verdict), verdict.as_str())).join(", ")
    }
}
