//! `plumb audit DATA`: the `data.*` practices on a table.

use std::path::PathBuf;

use plumb_ledger::ExitCode;

use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::job::Needs;
use crate::run::{self, Place, Screen, Source};

/// Judge a table
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  plumb audit adult.csv --target income\n  plumb audit new.parquet --reference old.parquet"
)]
pub(crate) struct Args {
    /// Data files, or a job file
    #[arg(value_name = "DATA|JOB", required = true)]
    job_or_data: Vec<PathBuf>,
    /// The column to predict; without it the practices about the target are skipped
    #[arg(long, value_name = "COL")]
    target: Option<String>,
    /// Data that this should be like
    #[arg(long, value_name = "DATA")]
    reference: Option<PathBuf>,
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

/// Audits.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let screen = Screen::new(SystemClock::start());
    let mut overrides = args.overrides.clone();
    if let Some(reference) = &args.reference {
        let whole = std::path::absolute(reference).unwrap_or_else(|_| reference.clone());
        overrides.push(format!("data.reference={}", whole.display()));
    }
    let source = Source {
        job_or_data: &args.job_or_data,
        target: args.target.as_deref(),
        overrides: &overrides,
        needs: Needs::DataAlone,
    };
    let place = args.out.as_deref().map_or(Place::Nowhere, |out| Place::New(Some(out)));
    run::audit(run::open(&source, place, screen)?, args.json)
}
