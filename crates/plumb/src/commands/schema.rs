//! `plumb schema`: the JSON schema of the job file.

use plumb_ledger::ExitCode;

use crate::fault::Fault;
use crate::{console, job};

/// Prints the schema.
pub(crate) fn run() -> Result<ExitCode, Fault> {
    console::result(format_args!("{:#}", job::schema()))?;
    Ok(ExitCode::Done)
}
