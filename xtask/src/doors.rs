//! Who may touch what: files, the clock, the environment, the network, tensors (ARCHITECTURE.md).

use crate::sources::Source;

/// A thing, the paths that reach it, and the places (prefixes of file paths) that may.
struct Door {
    what: &'static str,
    paths: &'static [&'static str],
    open_to: &'static [&'static str],
}

const DOORS: &[Door] = &[
    Door {
        what: "files",
        paths: &["std::fs", "fs::", "File::", "OpenOptions"],
        open_to: &[
            "crates/plumb-ledger/src/atomic.rs",
            "crates/plumb-ledger/src/lock.rs",
            "crates/plumb-data/src/read/",
            "crates/plumb-package/",
            "crates/plumb-serve/src/monitor/",
            "crates/plumb/src/",
            "xtask/",
        ],
    },
    Door {
        what: "the clock",
        paths: &["SystemTime::now", "Instant::now", "std::time::SystemTime", "std::time::Instant"],
        open_to: &["crates/plumb/src/clock.rs", "xtask/"],
    },
    Door {
        what: "the environment",
        paths: &["std::env", "env::var", "env::args"],
        open_to: &["crates/plumb/src/", "xtask/"],
    },
    Door {
        what: "the network",
        paths: &["ureq::"],
        open_to: &[
            "crates/plumb/src/outgoing.rs",
            "crates/plumb/src/log/mlflow/",
            "crates/plumb/src/monitoring/webhook.rs",
            "crates/plumb/src/serving/traces.rs",
            "crates/plumb/src/predictors/endpoint.rs",
        ],
    },
    Door { what: "tensors", paths: &["burn::"], open_to: &["crates/plumb-learn/", "crates/plumb-kernels/"] },
    Door {
        what: "an unseeded generator",
        paths: &["rand::rng", "rand::random", "thread_rng", "RandomState::new"],
        open_to: &[],
    },
];

/// The crate that may use `unsafe`.
const UNSAFE: &str = "crates/plumb-kernels/";

/// Every crate root that does not forbid `unsafe`.
pub(crate) fn unsafe_faults(sources: &[Source]) -> Vec<String> {
    let is_root = |path: &str| path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
    let roots = sources.iter().filter(|source| is_root(&source.path) && !source.path.starts_with(UNSAFE));
    let open = roots.filter(|source| !source.text.contains("#![forbid(unsafe_code)]"));
    open.map(|source| format!("{}: lacks `#![forbid(unsafe_code)]`", source.path)).collect()
}

/// Every use of a thing through a door that is not open to the file.
pub(crate) fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        for door in DOORS.iter().filter(|door| !door.open_to.iter().any(|open| source.path.starts_with(open)))
        {
            let through = source.paths.iter().find(|path| reaches(path, door.paths));
            faults.extend(through.map(|path| format!("{}: touches {} by `{path}`", source.path, door.what)));
        }
    }
    faults
}

fn reaches(path: &str, door: &[&str]) -> bool {
    door.iter().any(|entry| path.starts_with(entry) || path == entry.trim_end_matches("::"))
}
