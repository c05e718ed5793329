//! From the command line to a run: a job file, or data with a target; a new folder, or one to resume.

use std::path::{Path, PathBuf};

use super::{Run, RunFolder, Screen, files};
use crate::catalogue;
use crate::fault::Fault;
use crate::job::{self, JobFile, Needs};

/// Where the job comes from.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// A job file, or data.
    pub(crate) job_or_data: &'a [PathBuf],
    /// The target, which wins over the job's.
    pub(crate) target: Option<&'a str>,
    /// `--set` arguments.
    pub(crate) overrides: &'a [String],
    /// Whether a target must be named.
    pub(crate) needs: Needs,
}

/// A folder as the command line names it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// None: nothing is written.
    Nowhere,
    /// A new one; without a path, the next free one in `runs`.
    New(Option<&'a Path>),
    /// That of an interrupted run.
    Resumed(&'a Path),
}

/// Opens a run. The folder is taken, and the job in it, before anything is read.
pub(crate) fn open(source: &Source<'_>, place: Place<'_>, screen: Screen) -> Result<Run, Fault> {
    let (file, base) = match place {
        Place::Resumed(folder) => {
            RunFolder::check(folder)?;
            (job::load(&folder.join(files::JOB), &[])?, folder.to_owned())
        }
        _ => typed(source)?,
    };
    let mut job = job::resolve(file, &base, source.needs, &catalogue::ids(), &metric_names())?;
    if job.log.mlflow.is_some() && !matches!(place, Place::Resumed(_)) {
        let name = name_of(source, &job);
        job.log.mlflow_experiment.get_or_insert(name);
    }
    let folder = match place {
        Place::Nowhere => None,
        Place::New(path) => Some(RunFolder::create(path, &name_of(source, &job))?),
        Place::Resumed(path) => Some(RunFolder::resume(path)?),
    };
    let run = Run::new(job, folder, screen);
    if matches!(place, Place::New(_)) {
        run.write_job()?;
    }
    Ok(run)
}

/// A job with absolute paths, for a command that needs its target.
pub(crate) fn resolved(job: JobFile) -> Result<JobFile, Fault> {
    Ok(job::resolve(job, Path::new(""), Needs::Target, &catalogue::ids(), &metric_names())?)
}

/// The job as typed, and the folder that its paths count from.
fn typed(source: &Source<'_>) -> Result<(JobFile, PathBuf), Fault> {
    let (mut job, base) = match source.job_or_data {
        [path] if is_job(path) => {
            let base = path.parent().unwrap_or(Path::new("")).to_owned();
            (job::load(path, source.overrides)?, base)
        }
        data => {
            let mut job = job::with_overrides(source.overrides)?;
            job.data.files = data.iter().map(|path| utf8(path)).collect::<Result<_, _>>()?;
            (job, PathBuf::new())
        }
    };
    if let Some(target) = source.target {
        job.data.target = Some(target.to_owned());
    }
    take_label(&mut job, &base);
    Ok((job, base))
}

/// Pictures in folders that are named after their classes are told apart by these, where nothing else is said. Paths count from `base`.
pub(crate) fn take_label(job: &mut JobFile, base: &Path) {
    if let (None, [entry]) = (&job.data.target, job.data.files.as_slice())
        && plumb_data::read::is_picture_folder(&base.join(entry))
    {
        job.data.target = Some(plumb_data::read::LABEL.to_owned());
    }
}

fn is_job(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

fn utf8(path: &Path) -> Result<String, Fault> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Fault::usage(format!("the path is not UTF-8: {}", path.display())).hint("rename the file")
    })
}

/// What the run is called after: the folder of `job.toml`, the job's or the data's own name otherwise.
fn name_of(source: &Source<'_>, job: &JobFile) -> String {
    let stem = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.split('.').find(|part| !part.is_empty()).unwrap_or("run").to_owned()
    };
    let first = source.job_or_data.first();
    match first.map(|path| stem(path)) {
        Some(name) if name == "job" => {
            let parent = job.data.files.first().and_then(|file| Path::new(file).parent());
            parent.map_or_else(|| "run".to_owned(), stem)
        }
        Some(name) if name.chars().all(|c| c.is_alphanumeric() || "-_ ".contains(c)) => name,
        _ => "run".to_owned(),
    }
}

fn metric_names() -> Vec<&'static str> {
    plumb_stats::metrics::METRICS.iter().map(|metric| metric.name).collect()
}
