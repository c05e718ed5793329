//! `plumb explain-key [KEY]`: one key of the job file, or the manual of all.

use plumb_ledger::ExitCode;

use crate::fault::Fault;
use crate::{console, job};

/// Explain a key of the job file, or all of them
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  plumb explain-key train.lr")]
pub(crate) struct Args {
    /// The key: `train.lr`, or a section: `train`; without it, the manual of the job file
    key: Option<String>,
}

/// Prints the explanation.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let Some(wanted) = &args.key else {
        console::result(job::manual().trim_end())?;
        return Ok(ExitCode::Done);
    };
    let keys = job::keys();
    let found: Vec<String> = keys
        .iter()
        .filter(|key| key.path == *wanted || key.section() == wanted)
        .map(job::Key::explain)
        .collect();
    if found.is_empty() {
        return Err(Fault::usage(format!("unknown key `{wanted}`")).hint(job::near_keys(wanted, &keys)));
    }
    console::result(found.join("\n").trim_end())?;
    Ok(ExitCode::Done)
}
