//! The `plumb` binary: parse, run, say what went wrong.

mod catalogue;
mod cli;
mod clock;
mod commands;
mod console;
mod fault;
mod job;
mod report;
mod run;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let answer = cli::Cli::parse().command.run();
    answer.unwrap_or_else(|fault| fault.report()).into()
}
