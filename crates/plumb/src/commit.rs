//! The state of the repository that a command was given in.

use std::process::{Command, Stdio};

/// A commit, and whether files that it has had been changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its digest.
    pub(crate) id: String,
    /// Whether a file differs from it; none when git does not tell.
    pub(crate) changed: Option<bool>,
}

impl Commit {
    /// That of the folder that the command was given in; none outside a repository and without git.
    pub(crate) fn here() -> Option<Self> {
        let output = git(&["rev-parse", "HEAD"])?;
        let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        let id = Some(text.trim().to_owned()).filter(|text| !text.is_empty())?;
        // 0 for the same, 1 for a difference, others for failure.
        let changed =
            git(&["diff-index", "--quiet", "HEAD", "--"]).and_then(|output| match output.status.code() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            });
        Some(Self { id, changed })
    }
}

fn git(arguments: &[&str]) -> Option<std::process::Output> {
    Command::new("git").args(arguments).stdin(Stdio::null()).output().ok()
}
