//! The direction of dependencies: an arrow may only point left (ARCHITECTURE.md).

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Which crates of the workspace a crate may stand on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("plumb-ledger", &[]),
    ("plumb-stats", &["plumb-ledger"]),
    ("plumb-data", &["plumb-ledger", "plumb-stats"]),
    ("plumb-kernels", &[]),
    ("plumb-learn", &["plumb-ledger", "plumb-stats", "plumb-data", "plumb-kernels", "plumb-onnx"]),
    ("plumb-evaluate", &["plumb-ledger", "plumb-stats", "plumb-data"]),
    ("plumb-onnx", &["plumb-kernels"]),
    ("plumb-package", &["plumb-ledger", "plumb-stats", "plumb-data"]),
    ("plumb-serve", &["plumb-ledger", "plumb-stats", "plumb-data"]),
    (
        "plumb-dl",
        &[
            "plumb-ledger",
            "plumb-stats",
            "plumb-data",
            "plumb-kernels",
            "plumb-learn",
            "plumb-evaluate",
            "plumb-onnx",
            "plumb-package",
            "plumb-serve",
        ],
    ),
    ("xtask", &[]),
];

/// Heavy dependencies and the crates that alone may hold them, by prefix of the name.
const HEAVY: &[(&str, &[&str])] = &[
    ("burn", &["plumb-kernels", "plumb-learn"]),
    ("arrow-", &["plumb-data", "plumb-dl", "plumb-serve"]),
    ("parquet", &["plumb-data", "plumb-dl", "plumb-serve"]),
    ("clap", &["plumb-dl"]),
    ("minijinja", &["plumb-dl"]),
    ("axum", &["plumb-dl", "plumb-serve"]),
    ("hyper", &["plumb-dl", "plumb-serve"]),
    ("tokio", &["plumb-dl", "plumb-serve"]),
    ("prost", &["plumb-dl", "plumb-onnx", "plumb-serve"]),
    ("tonic", &["plumb-serve", "xtask"]),
    ("rten", &["plumb-onnx"]),
    ("p256", &["plumb-package"]),
    ("tar", &["plumb-package"]),
    ("ureq", &["plumb-dl"]),
];

/// Every dependency that points the wrong way.
pub(crate) fn faults(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in packages(root)? {
        let name = package["name"].as_str().context("a package without a name")?;
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            faults.push(format!("{name}: a crate that xtask/src/arrows.rs does not place"));
            continue;
        };
        for dependency in package["dependencies"].as_array().context("no list of dependencies")? {
            let on = dependency["name"].as_str().context("a dependency without a name")?;
            let ours = ALLOWED.iter().any(|(known, _)| *known == on);
            if ours && !allowed.contains(&on) {
                faults.push(format!("{name} depends on {on}: the arrow points the wrong way"));
            }
            let heavy = HEAVY.iter().find(|(prefix, _)| on.starts_with(prefix));
            if let Some((_, holders)) = heavy.filter(|(_, holders)| !holders.contains(&name)) {
                faults.push(format!("{name} depends on {on}, which is for {} alone", holders.join(", ")));
            }
        }
    }
    Ok(faults)
}

fn packages(root: &Path) -> Result<Vec<Value>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output =
        Command::new("cargo").args(arguments).current_dir(root).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["packages"].as_array().context("no list of packages")?.clone())
}
