//! `plumb check JOB`: audit, split and preflight, no training.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::job::Needs;
use crate::run::{self, Place, Screen, Source};

/// Audit, split and preflight, without training
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb check job.toml\n  plumb check adult.csv --target income --fast    (a few seconds, whatever the number of rows)"
)]
pub(crate) struct Args {
    /// A job file, or data files with --target
    #[arg(value_name = "JOB|DATA", required = true)]
    job_or_data: Vec<PathBuf>,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    target: Option<String>,
    /// Look at about 2,000 rows, spread evenly over the table
    #[arg(long)]
    fast: bool,
    /// A folder for the ledger and the profile; nothing is written otherwise
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A key of the job and its value, over the file's
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Print the ledger as JSON
    #[arg(long)]
    json: bool,
}

/// Checks.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let screen = Screen::new(SystemClock::start());
    let source = Source {
        job_or_data: &args.job_or_data,
        target: args.target.as_deref(),
        overrides: &args.overrides,
        needs: Needs::Target,
    };
    let place = args.out.as_deref().map_or(Place::Nowhere, |out| Place::New(Some(out)));
    let mut run = run::open(&source, place, screen)?;
    run.fast = args.fast;
    run::check(run, args.json)
}
