//! Where what a user has done and keeps stands: `PLUMB_STATE`, `XDG_STATE_HOME` or `.local/state` in the home folder.

use std::path::PathBuf;

/// The folder; none where the environment names neither.
pub(crate) fn folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    of("PLUMB_STATE")
        .or_else(|| Some(of("XDG_STATE_HOME")?.join("plumb")))
        .or_else(|| Some(of("HOME")?.join(".local").join("state").join("plumb")))
}
