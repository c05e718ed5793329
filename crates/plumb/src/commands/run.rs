//! `plumb run JOB|DATA`: the main job, or the rest of an interrupted one.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::job::Needs;
use crate::run::{self, Place, Screen, Source};

/// Audit, split, train, evaluate and report
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb run job.toml\n  plumb run adult.csv --target income --set train.epochs=20\n  plumb run photos/    (a folder for each class)\n  plumb run --resume runs/adult-1"
)]
pub(crate) struct Args {
    /// A job file, data files with --target, or a folder of pictures
    #[arg(value_name = "JOB|DATA", required_unless_present = "resume", conflicts_with = "resume")]
    job_or_data: Vec<PathBuf>,
    /// The column to predict; for a folder of pictures its folders' names otherwise
    #[arg(long, value_name = "COL", conflicts_with = "resume")]
    target: Option<String>,
    /// The folder of the run; the next free one in `runs` otherwise
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// A key of the job and its value, over the file's
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "resume")]
    overrides: Vec<String>,
    /// Go on with an interrupted run
    #[arg(long, value_name = "DIR")]
    resume: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let screen = Screen::new(SystemClock::start());
    let source = Source {
        job_or_data: &args.job_or_data,
        target: args.target.as_deref(),
        overrides: &args.overrides,
        needs: Needs::Target,
    };
    let place = match &args.resume {
        Some(folder) => Place::Resumed(folder),
        None => Place::New(args.out.as_deref()),
    };
    run::run(run::open(&source, place, screen)?, args.json)
}
