//! What a rerun needs to know beside the job: `provenance.json`.

use plumb_ledger::Sha256;
use serde::{Deserialize, Serialize};

use super::Run;
use super::stage_data::Data;
use crate::commit::Commit;
use crate::fault::Fault;
use crate::report::redact;

/// The file. It holds no path of the machine and no time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Provenance {
    /// The version of the format.
    pub(crate) schema: u32,
    /// The digest of the weights.
    pub(crate) weights_sha256: String,
    /// The digest over those of all data files.
    pub(crate) data_sha256: String,
    /// How many data files there were.
    pub(crate) data_files: usize,
    /// Their bytes.
    pub(crate) data_bytes: u64,
    /// The digest of the resolved job, without the places of the machine.
    pub(crate) job_sha256: String,
    /// What all chance followed from.
    pub(crate) seed: u64,
    /// What it was trained on.
    pub(crate) device: String,
    /// The version of Plumb, and the compiler that built it.
    pub(crate) toolchain: String,
    /// The commit of the repository that the run was started in.
    pub(crate) commit: Option<String>,
    /// Whether files of that repository had changed since.
    pub(crate) changed: Option<bool>,
}

/// This build: `plumb 0.1.0, rustc 1.95.0`.
pub(crate) const TOOLCHAIN: &str = concat!("plumb ", env!("CARGO_PKG_VERSION"), ", ", env!("PLUMB_RUSTC"));

/// Of a run that was started at a commit.
pub(super) fn of(
    run: &Run,
    data: &Data,
    weights_sha256: &str,
    commit: Option<Commit>,
) -> Result<Provenance, Fault> {
    Ok(Provenance {
        schema: 1,
        weights_sha256: weights_sha256.to_owned(),
        data_sha256: data.digest.to_string(),
        data_files: data.report.files.len(),
        data_bytes: data.report.files.iter().map(|file| file.bytes).sum(),
        job_sha256: Sha256::of(redact::job(&run.job_text()?).unwrap_or_default().as_bytes()).to_string(),
        seed: run.job.train.seed,
        device: "CPU".to_owned(),
        toolchain: TOOLCHAIN.to_owned(),
        changed: commit.as_ref().and_then(|commit| commit.changed),
        commit: commit.map(|commit| commit.id),
    })
}

impl Provenance {
    /// Name and value, in the order in which the report shows them.
    pub(crate) fn facts(&self) -> Vec<(String, String)> {
        let commit = self.commit.as_ref().map(|commit| match self.changed {
            Some(true) => format!("{commit} (files had changed since)"),
            _ => commit.clone(),
        });
        let entries = [
            ("weights (SHA-256)", Some(self.weights_sha256.clone())),
            ("data (SHA-256)", Some(self.data_sha256.clone())),
            ("data files", Some(format!("{} ({} bytes)", self.data_files, self.data_bytes))),
            ("job (SHA-256)", Some(self.job_sha256.clone())),
            ("seed", Some(self.seed.to_string())),
            ("device", Some(self.device.clone())),
            ("toolchain", Some(self.toolchain.clone())),
            ("commit", commit),
        ];
        entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}
