//! `plumb init DATA`: look at data, write a commented job file.

use std::path::{Path, PathBuf};

use plumb_data::read::{Inferred, Progress, read};
use plumb_data::{Labels, Table, Target};
use plumb_ledger::{ExitCode, atomic};

use crate::console;
use crate::fault::Fault;
use crate::job::{self, ColumnLine, JobFile};
use crate::run::read_options;

/// Look at data and write a commented job file
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  plumb init adult.csv --target income -o adult.toml")]
pub(crate) struct Args {
    /// The data files
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    target: Option<String>,
    /// The job file to write
    #[arg(short, long, value_name = "FILE", default_value = "job.toml")]
    output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    force: bool,
}

/// Columns that are usually the target, by name.
const USUAL_TARGETS: [&str; 8] = ["target", "label", "class", "y", "outcome", "species", "income", "churn"];

/// Writes the job.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    if args.output.exists() && !args.force {
        let fault = Fault::usage(format!("the file exists already: {}", args.output.display()));
        return Err(fault.hint("`-o FILE` names another, `--force` replaces it"));
    }
    let files = relative_to(&args.data, args.output.parent().unwrap_or(Path::new("")))?;
    let mut job = JobFile::default();
    job.data.target.clone_from(&args.target);
    let here = args.data.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let found = read(&read_options(&job, here), &|_: Progress| {})?;
    let target = target(&found.table, args.target.as_deref())?;
    let columns: Vec<ColumnLine<'_>> = found.inferred.iter().map(column_line).collect();
    let target = target.as_ref().map(|(name, reason)| (name.as_str(), reason.as_str()));
    let text = job::template(&files, target, &columns);
    atomic::write_file(&args.output, text.as_bytes()).map_err(|e| Fault::failed(e.to_string()))?;
    let next = if target.is_some() { "run" } else { "name the target in it, then run" };
    console::log(format_args!("{next}: plumb run {}", args.output.display()));
    console::result(args.output.display())?;
    Ok(ExitCode::Done)
}

fn column_line(inferred: &Inferred) -> ColumnLine<'_> {
    ColumnLine { name: &inferred.name, kind: inferred.kind.as_str(), reason: &inferred.reason }
}

/// The target with what it is: the named one, or one whose name is usual for a target.
fn target(table: &Table, named: Option<&str>) -> Result<Option<(String, String)>, Fault> {
    let usual = || {
        let is_usual = |name: &&str| USUAL_TARGETS.contains(&name.to_lowercase().as_str());
        table.names().find(is_usual)
    };
    let Some(name) = named.or_else(usual) else { return Ok(None) };
    let target = Target::of(table, name, None)?;
    let what = match &target.labels {
        Labels::Classes(_) => format!("{} classes", target.classes.len()),
        Labels::Numbers(_) => "a number".to_owned(),
    };
    let why = if named.is_some() { "as named" } else { "a usual name for a target: check it" };
    Ok(Some((name.to_owned(), format!("{what}; {why}"))))
}

/// Paths as the job file needs them: relative to its own folder where they stand below it, absolute otherwise.
fn relative_to(paths: &[PathBuf], folder: &Path) -> Result<Vec<String>, Fault> {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let relative = |path: &PathBuf| {
        let path = whole(path);
        let shown = path.strip_prefix(&folder).unwrap_or(&path);
        let text = shown.to_str().map(str::to_owned);
        text.ok_or_else(|| {
            Fault::usage(format!("the path is not UTF-8: {}", shown.display())).hint("rename it")
        })
    };
    paths.iter().map(relative).collect()
}
