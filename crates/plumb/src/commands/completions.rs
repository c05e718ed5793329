//! `plumb completions SHELL`: what the shell needs to complete commands and flags.

use clap::CommandFactory as _;
use plumb_ledger::ExitCode;

use crate::cli::Cli;
use crate::console;
use crate::fault::Fault;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  plumb completions bash > ~/.local/share/bash-completion/completions/plumb"
)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Prints the completions.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "plumb", &mut text);
    console::result(String::from_utf8_lossy(&text).trim_end())?;
    Ok(ExitCode::Done)
}
