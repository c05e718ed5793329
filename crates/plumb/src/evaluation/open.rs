//! From the command line to a predictor and the rows that it is asked about.

use std::path::{Path, PathBuf};

use plumb_data::Kind;

use super::parts::{self, Origin, Parts};
use crate::fault::Fault;
use crate::job::{self, JobFile};
use crate::predictors::{GivenOptions, Opened, Wanted, WiringOptions};
use crate::run::{self, Data, Run, RunFolder, Screen};

/// What is asked on the command line.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// The predictor.
    pub(crate) predictor: &'a Path,
    /// The rows to judge it on; none for those of the run, or of the file of predictions itself.
    pub(crate) data: &'a [PathBuf],
    /// The rows that it was trained on.
    pub(crate) train: &'a [PathBuf],
    /// The column that says which part a row is of.
    pub(crate) parts: Option<&'a str>,
    /// The target, which wins over the run's.
    pub(crate) target: Option<&'a str>,
    /// The columns of groups.
    pub(crate) groups: &'a [String],
    /// The columns of sources and periods.
    pub(crate) by: &'a [String],
    /// How a file of predictions is read.
    pub(crate) given: GivenOptions<'a>,
    /// How columns and classes go with a model that knows only tensors.
    pub(crate) wiring: WiringOptions<'a>,
    /// `--set` arguments.
    pub(crate) overrides: &'a [String],
    /// Practices that end the command.
    pub(crate) gates: &'a [String],
    /// Where the result is written; nowhere without it.
    pub(crate) out: Option<&'a Path>,
    /// Whether the answer is JSON.
    pub(crate) json: bool,
}

/// A predictor with its rows.
#[derive(Debug)]
pub(crate) struct Ready {
    /// What it is called.
    pub(crate) name: String,
    /// The data as it was read.
    pub(crate) data: Data,
    /// The predictor, the table and the target as it knows them.
    pub(crate) opened: Opened,
    /// Which rows are train, valid and test.
    pub(crate) parts: Parts,
}

/// Finds the predictor, reads its rows and parts them. Without an answer no folder is left behind.
pub(crate) fn open(ask: &Ask<'_>, screen: Screen) -> Result<(Run, Ready), Fault> {
    let wanted = Wanted::of(ask.predictor)?;
    let (job, origin) = job_of(ask, &wanted)?;
    let folder = ask.out.map(|out| RunFolder::create(Some(out), "evaluation")).transpose()?;
    let mut run = Run::new(job, folder, screen);
    run.ledger.run = wanted.name();
    match ready(ask, &wanted, &origin, &mut run) {
        Ok(ready) => Ok((run, ready)),
        Err(fault) => {
            if let Some(folder) = &run.folder {
                folder.abandon();
            }
            Err(fault)
        }
    }
}

fn ready(ask: &Ask<'_>, wanted: &Wanted, origin: &Origin, run: &mut Run) -> Result<Ready, Fault> {
    let data = run::read_data(run)?;
    let before = origin.rows_before(&data);
    let given = GivenOptions { before, is_data: matches!(origin, Origin::Itself), ..ask.given };
    let opened = wanted.open(&data.table, data.target()?, (&given, &ask.wiring), &mut run.screen)?;
    for remark in &opened.remarks {
        run.screen.say(remark);
    }
    let parts = Parts::of(origin, &opened.table, ask.parts, before, opened.rows.as_deref())?;
    run.screen.say(&parts.in_words());
    Ok(Ready { name: wanted.name(), data, opened, parts })
}

/// The job that stands for the evaluation, and where its rows come from.
fn job_of(ask: &Ask<'_>, wanted: &Wanted) -> Result<(JobFile, Origin), Fault> {
    let mut job = match wanted.job(ask.overrides)? {
        Some(job) => job,
        None => job::with_overrides(ask.overrides)?,
    };
    if matches!(wanted, Wanted::Run(_)) && !ask.train.is_empty() {
        return Err(Fault::usage("a run knows its own train rows").hint("leave `--train` out"));
    }
    let data = paths(ask.data)?;
    let origin = match wanted {
        Wanted::Run(folder) if data.is_empty() => Origin::Run { folder: folder.clone(), files: 0 },
        Wanted::Run(folder) => parts::with_train_rows(folder, &mut job, data),
        Wanted::Given(file) if data.is_empty() => {
            job.data.files = paths(std::slice::from_ref(file))?;
            Origin::Itself
        }
        Wanted::Bundle(_) | Wanted::Onnx(_) | Wanted::Endpoint(_) if data.is_empty() => {
            return Err(Fault::usage(format!("no rows to ask about: {}", ask.predictor.display()))
                .hint("name them with `--data DATA`"));
        }
        Wanted::Bundle(_) | Wanted::Given(_) | Wanted::Onnx(_) | Wanted::Endpoint(_) => {
            // Rows are told apart by the files that they come from: a folder or a pattern may be any number.
            if let Some(other) = ask.train.iter().find(|path| !path.is_file()) {
                return Err(Fault::usage(format!("no file of train rows: {}", other.display()))
                    .hint("name the files one by one with `--train`"));
            }
            let train = paths(ask.train)?;
            let files = train.len();
            job.data.files = train.into_iter().chain(data).collect();
            Origin::Data { train: files }
        }
    };
    if let Some(target) = ask.target {
        job.data.target = Some(target.to_owned());
    }
    run::take_label(&mut job, Path::new(""));
    // What tells parts, or matches rows, is no property of a row.
    for name in [ask.parts, ask.given.key].into_iter().flatten() {
        job.data.kinds.entry(name.to_owned()).or_insert(Kind::Ignore);
    }
    job.evaluate.groups.extend(ask.groups.iter().cloned());
    job.evaluate.by.extend(ask.by.iter().cloned());
    Ok((run::resolved(job)?, origin))
}

fn paths(given: &[PathBuf]) -> Result<Vec<String>, Fault> {
    let text = |path: &PathBuf| {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let text = whole.to_str().map(str::to_owned);
        text.ok_or_else(|| {
            Fault::usage(format!("the path is not UTF-8: {}", path.display())).hint("rename the file")
        })
    };
    given.iter().map(text).collect()
}
