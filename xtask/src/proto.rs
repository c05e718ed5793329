//! The code of the gRPC messages and services, made of the files in `crates/plumb-serve/proto` and kept with the sources: who builds Plumb
//! needs neither `protoc` nor a build script.

use std::path::Path;

use anyhow::{Context, Result};

const FOLDER: &str = "crates/plumb-serve/proto";
const OUT: &str = "crates/plumb-serve/src/grpc/generated";
const FILES: [&str; 2] = ["inference.proto", "health.proto"];

/// Writes the code anew.
pub(crate) fn generate(root: &Path) -> Result<()> {
    written(root, &root.join(OUT))
}

/// Files of the code that are not what the messages say.
pub(crate) fn faults(root: &Path) -> Result<Vec<String>> {
    let made = root.join("target/xtask-proto");
    written(root, &made)?;
    let text = |folder: &Path, name: &std::ffi::OsStr| std::fs::read(folder.join(name)).ok();
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(&made).with_context(|| format!("cannot read {}", made.display()))? {
        let name = entry?.file_name();
        if text(&made, &name) != text(&root.join(OUT), &name) {
            let name = name.to_string_lossy();
            faults.push(format!(
                "{OUT}/{name} is not what {FOLDER} says: `cargo run --release -p xtask -- proto`"
            ));
        }
    }
    Ok(faults)
}

fn written(root: &Path, out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let files = protox::compile(FILES, [root.join(FOLDER)])?;
    tonic_prost_build::configure()
        .build_client(false)
        .emit_rerun_if_changed(false)
        .bytes(".")
        .out_dir(out)
        .compile_fds(files)
        .context("cannot write the code")
}
