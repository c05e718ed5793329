//! What a rerun needs to know beside the job.

use super::Run;
use super::stage_data::Data;

/// Name and value, in the order in which the report shows them.
pub(crate) fn of(run: &Run, data: &Data, weights_sha256: &str) -> Vec<(String, String)> {
    let bytes: u64 = data.report.files.iter().map(|file| file.bytes).sum();
    let entries = [
        ("weights (SHA-256)", weights_sha256.to_owned()),
        ("data (SHA-256)", data.digest.to_string()),
        ("data files", format!("{} ({bytes} bytes)", data.report.files.len())),
        ("seed", run.job.train.seed.to_string()),
        ("device", "CPU".to_owned()),
        ("plumb", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    entries.map(|(name, value)| (name.to_owned(), value)).into()
}
