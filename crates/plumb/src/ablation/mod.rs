//! `plumb ablate JOB`: what each practice of a training buys, and what it costs.
//!
//! The job is run as it is, then once more for each practice that it uses, without it. Each is compared with the first on the same valid
//! rows: choices are made there, and the test part is left to the model that is kept.

mod answer;
mod groups;
mod practices;

use std::path::{Path, PathBuf};

use plumb_ledger::ExitCode;
use plumb_ledger::clock::Clock as _;

use groups::{GroupColumns, GroupDifferences};
use practices::ABLATIONS;

use crate::clock::SystemClock;
use crate::comparison::{Paired, Predicted, Refused, paired_on_valid};
use crate::console;
use crate::fault::Fault;
use crate::job::{self, JobFile};
use crate::report::files::metrics::Metrics;
use crate::run::{self, Place, Run, RunFolder, Screen, Source, files};

/// A run without a practice, beside the run with it.
#[derive(Debug)]
pub(crate) struct Ablated {
    /// What was left out.
    pub(crate) name: &'static str,
    /// What it is there for.
    pub(crate) why: &'static str,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// The job's own run minus this one, or why they are not compared.
    pub(crate) paired: Result<Paired, Refused>,
    /// The primary metric on the valid part.
    pub(crate) value: f64,
    /// Seconds of the whole run.
    pub(crate) seconds: f64,
    /// How far its groups are apart.
    pub(crate) groups: Vec<GroupDifferences>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The metric that decides.
    pub(crate) primary: String,
    /// Its value on the valid part by the job as it is.
    pub(crate) value: f64,
    /// Seconds of the job as it is.
    pub(crate) seconds: f64,
    /// How far its groups are apart.
    pub(crate) groups: Vec<GroupDifferences>,
    /// Without each practice.
    pub(crate) ablated: Vec<Ablated>,
}

/// Runs the job as it is and without each practice, or without those of `only`.
pub(crate) fn ablate(
    source: &Source<'_>,
    out: &Path,
    only: &[String],
    json: bool,
) -> Result<ExitCode, Fault> {
    if let Some(unknown) = only.iter().find(|name| !ABLATIONS.iter().any(|of| of.name == **name)) {
        let names: Vec<&str> = ABLATIONS.iter().map(|of| of.name).collect();
        return Err(Fault::usage(format!("no practice `{unknown}` to leave out"))
            .hint(format!("one of {}", names.join(", "))));
    }
    let own = out.join("as-it-is");
    let opened = run::open(source, Place::New(Some(&own)), Screen::new(SystemClock::start()))?;
    opened.screen.say("the job as it is");
    let seconds = timed(opened)?;
    // What the job uses is known when every `auto` is settled.
    let settled = job::load(&own.join(files::JOB), &[])?;
    let (metrics, predicted) = (metrics(&own)?, Predicted::read(&own));
    let primary = metrics.primary.clone();
    let columns = GroupColumns::read(&settled)?;
    let groups = |predicted: &Result<Predicted, _>| match (&columns, predicted) {
        (Some(columns), Ok(predicted)) => columns.differences(predicted),
        _ => Vec::new(),
    };
    let mut ablated = Vec::new();
    for of in ABLATIONS.iter().filter(|of| only.is_empty() || only.iter().any(|name| name == of.name)) {
        let mut without = settled.clone();
        if !(of.leave_out)(&mut without) {
            continue;
        }
        let folder = out.join(of.name.replace(' ', "-"));
        let seconds = timed(opened_as(without, &folder, of.name)?)?;
        let other = Predicted::read(&folder);
        let groups = groups(&other);
        let paired = match (&predicted, other) {
            (Ok(own), Ok(other)) => paired_on_valid(own, &other, &primary),
            (Err(reason), _) => Err(Refused::First(reason.clone())),
            (_, Err(reason)) => Err(Refused::Second(reason)),
        };
        let value = score(&self::metrics(&folder)?);
        ablated.push(Ablated { name: of.name, why: of.why, folder, paired, value, seconds, groups });
    }
    let groups = groups(&predicted);
    let found = Found { value: score(&metrics), primary, seconds, groups, ablated };
    console::result(if json { answer::as_json(&found) } else { answer::as_text(&found) })?;
    Ok(ExitCode::Done)
}

fn opened_as(job: JobFile, folder: &Path, name: &str) -> Result<Run, Fault> {
    let folder = RunFolder::create(Some(folder), name)?;
    let run = Run::new(run::resolved(job)?, Some(folder), Screen::new(SystemClock::start()));
    run.screen.say(&format!("without: {name}"));
    run.write_job()?;
    Ok(run)
}

/// Runs it whole; the seconds that it took.
fn timed(run: Run) -> Result<f64, Fault> {
    let clock = SystemClock::start();
    run::run_quietly(run)?;
    Ok(clock.elapsed().as_secs_f64())
}

fn metrics(folder: &Path) -> Result<Metrics, Fault> {
    let path = folder.join(files::METRICS);
    let bytes = std::fs::read(&path)
        .map_err(|e| Fault::failed(format!("cannot read the file ({e}): {}", path.display())))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Fault::failed(format!("the file is damaged ({e}): {}", path.display())))
}

fn score(metrics: &Metrics) -> f64 {
    metrics.valid.get(&metrics.primary).map_or(f64::NAN, |score| score.value.0)
}
