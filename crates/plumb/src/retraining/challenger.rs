//! The challenger: a run of the champion's job on the new data, as a bundle that holds.

use std::path::{Path, PathBuf};

use plumb_ledger::{ExitCode, atomic};
use plumb_package::{Bundle, BundleLimits, EXTENSION};

use super::champion::Champion;
use super::incoming::Incoming;
use super::round::Round;
use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::job::Needs;
use crate::packaging;
use crate::run::{self, Place, Provenance, Run, RunFolder, Screen, Source, files};

/// Example rows in the bundle, as `plumb package` has it.
const EXAMPLES: usize = 64;
/// Rows beside which a monitor holds served rows, as `plumb package` takes them.
const REFERENCE: usize = 2000;
const LICENSE: &str = "LICENSE";

/// What became of the run.
#[derive(Debug)]
pub(super) enum Trained {
    /// A bundle, verified.
    Bundle(Box<Bundle>),
    /// A gate of the job stopped it, in words.
    Stopped(String),
}

/// Trains, packages and verifies, each only as far as that has not been done yet.
pub(super) fn trained(
    round: &Round,
    champion: &Champion,
    incoming: &Incoming,
    sign: Option<&Path>,
    screen: &mut Screen,
) -> Result<Trained, Fault> {
    // The bundle is called after its run, and that after the model.
    let folder = round.folder.join(&champion.name);
    let bundle = round.folder.join(format!("{}.{EXTENSION}", champion.name));
    if !bundle.is_file() {
        if !folder.join(files::METRICS).is_file() {
            match run(&folder, incoming) {
                Err(fault) if fault.exit_code() == ExitCode::Gate => {
                    return Ok(Trained::Stopped(fault.message().to_owned()));
                }
                Err(fault) if fault.exit_code() == ExitCode::Interrupted => {
                    return Err(fault.hint("the same command goes on with it"));
                }
                ended => ended?,
            }
        }
        check_data(&folder, incoming)?;
        package(round, champion, &folder, &bundle, sign, screen)?;
    }
    packaging::holds(&bundle, screen)?;
    Ok(Trained::Bundle(Box::new(Bundle::open(&bundle, None, &BundleLimits::DEFAULT)?)))
}

/// Runs the job, or what is left of it.
fn run(folder: &Path, incoming: &Incoming) -> Result<(), Fault> {
    let screen = Screen::new(SystemClock::start());
    let run = if folder.join(files::JOB).is_file() {
        let source = Source { job_or_data: &[], target: None, overrides: &[], needs: Needs::Target };
        run::open(&source, Place::Resumed(folder), screen)?
    } else {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let run = Run::new(incoming.job.clone(), Some(RunFolder::create(Some(folder), &name)?), screen);
        run.write_job()?;
        run
    };
    run::run_quietly(run)
}

/// The run must have read what was looked at before it.
fn check_data(folder: &Path, incoming: &Incoming) -> Result<(), Fault> {
    let path = folder.join(files::PROVENANCE);
    let failed = |why: String| Fault::failed(format!("cannot read the file ({why}): {}", path.display()));
    let bytes = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    let found: Provenance = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
    if found.data_sha256 == incoming.digest.as_str() {
        return Ok(());
    }
    Err(Fault::data("the data was changed while the challenger was trained").hint(
        "leave the files as they are until the command ends: name a copy, or the files of a finished day",
    ))
}

fn package(
    round: &Round,
    champion: &Champion,
    run: &Path,
    out: &Path,
    sign: Option<&Path>,
    screen: &mut Screen,
) -> Result<(), Fault> {
    let license = license(round, champion)?;
    let license = license.as_deref().map(Path::to_string_lossy);
    let ask = packaging::Ask {
        run,
        out: Some(out),
        sign,
        license: license.as_deref(),
        examples: EXAMPLES,
        reference: REFERENCE,
        card: None,
        evidence: &[],
        oci: None,
        program: None,
        json: false,
    };
    packaging::make(&ask, screen).map(drop)
}

/// The champion's licence as a file, where it has one: what is made of the same job is under the same terms.
fn license(round: &Round, champion: &Champion) -> Result<Option<PathBuf>, Fault> {
    let Some(file) = champion.bundle.files.get(LICENSE) else { return Ok(None) };
    let path = round.folder.join(LICENSE);
    atomic::write_file(&path, file.bytes()).map_err(|error| Fault::failed(error.to_string()))?;
    Ok(Some(path))
}
