//! The `plumb` binary: parse, run, say what went wrong.

#![forbid(unsafe_code)]

mod ablation;
mod catalogue;
mod cli;
mod clock;
mod commands;
mod commit;
mod comparison;
mod compression;
mod console;
mod dashboard;
mod diagnose;
mod evaluation;
mod explanation;
mod export;
mod fault;
mod job;
mod log;
mod monitoring;
mod outgoing;
mod packaging;
mod papers;
mod predictors;
mod pretrained;
mod registry;
mod report;
mod retraining;
mod run;
mod serving;
mod tfrecord;
mod token_file;
mod user_state;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let command = cli::Cli::parse().command;
    if command.is_busy() {
        // Speed only: where the allocator does not agree, everything works as before.
        let _agreed = plumb_kernels::memory::keep_freed();
        let _joined = plumb_kernels::threads::join_pool();
    }
    command.run().unwrap_or_else(|fault| fault.report()).into()
}
