//! Tasks of the repository: `cargo run --release -p xtask -- check | tidy | golden | proto`.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

mod arrows;
mod doors;
mod proto;
mod sources;
mod style;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: cargo run --release -p xtask -- TASK
  check    everything a change must pass, cheapest first: fmt, tidy, clippy, test
  tidy     the direction of dependencies, who may touch what, the style figures
  golden   makes the golden files anew (needs python3 and PyPI)
  proto    makes the code of the gRPC messages anew";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let result = match task.as_str() {
        "check" => check(),
        "tidy" => tidy(),
        "golden" => golden(),
        "proto" => proto::generate(&root()),
        _ => Err(anyhow::anyhow!("unknown task `{task}`\n{USAGE}")),
    };
    if let Err(error) = result {
        eprintln!("xtask: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    println!("> {program} {}", arguments.join(" "));
    let status = Command::new(program).args(arguments).current_dir(root()).status();
    let status = status.with_context(|| format!("cannot start `{program}`"))?;
    if !status.success() {
        bail!("`{program} {}` failed", arguments.join(" "));
    }
    Ok(())
}

fn check() -> Result<()> {
    run("cargo", &["fmt", "--all", "--check"])?;
    tidy()?;
    run("cargo", &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    run("cargo", &["test", "--release", "--workspace"])
}

fn tidy() -> Result<()> {
    let sources = sources::read(&root())?;
    let mut faults = arrows::faults(&root())?;
    faults.extend(proto::faults(&root())?);
    faults.extend(doors::faults(&sources));
    faults.extend(doors::unsafe_faults(&sources));
    let figures = style::measure(&sources);
    faults.extend(style::faults(&sources));
    println!("{figures}");
    if faults.is_empty() {
        return Ok(());
    }
    for fault in &faults {
        println!("tidy: {fault}");
    }
    bail!("{} faults", faults.len())
}

/// Runs every script of `oracles/` in its own environment; they write the golden files in place.
fn golden() -> Result<()> {
    let venv = "target/oracles";
    run("python3", &["-m", "venv", venv])?;
    run("target/oracles/bin/pip", &["install", "--quiet", "-r", "oracles/requirements.txt"])?;
    // One module of it is loaded by its file: what the package itself wants does not go with the others.
    run("target/oracles/bin/pip", &["install", "--quiet", "--no-deps", "alibi-detect==0.13.0"])?;
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(root().join("oracles"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    scripts.sort();
    for script in scripts {
        run("target/oracles/bin/python", &[&script.to_string_lossy()])?;
    }
    Ok(())
}
