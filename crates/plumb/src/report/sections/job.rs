//! The job that was run, without the places and secrets of the machine.

use crate::report::view::Block;
use crate::report::{RunFiles, redact};

/// The resolved job.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    if folder.job_toml.trim().is_empty() {
        return Vec::new();
    }
    match redact::job(&folder.job_toml) {
        Some(job) => vec![
            Block::text("Every value as it was resolved; folders of files and secrets are left out."),
            Block::Code { lines: job.trim_end().lines().map(|line| line.replace('\t', "    ")).collect() },
        ],
        None => vec![Block::text("The job file cannot be read as TOML and is not shown.")],
    }
}
