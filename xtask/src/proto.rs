//! The code of the gRPC messages and services, made of the files in `crates/plumb-serve/proto` and kept with the sources: who builds Plumb
//! needs neither `protoc` nor a build script.

use std::path::Path;

use anyhow::{Context, Result};

const FOLDER: &str = "crates/plumb-serve/proto";
const OUT: &str = "crates/plumb-serve/src/grpc/generated";
const FILES: [&str; 2] = ["inference.proto", "health.proto"];

/// Writes the code anew.
pub(crate) fn generate(root: &Path) -> Result<()> {
    let out = root.join(OUT);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let files = protox::compile(FILES, [root.join(FOLDER)])?;
    tonic_prost_build::configure()
        .build_client(false)
        .emit_rerun_if_changed(false)
        .bytes(".")
        .out_dir(&out)
        .compile_fds(files)
        .context("cannot write the code")
}
