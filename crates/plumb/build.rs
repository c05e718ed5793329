//! Tells the binary which compiler has built it: what a run records of its toolchain.

use std::process::Command;

fn main() {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // `rustc 1.95.0 (59807616e 2026-04-14)`
    let version: Vec<&str> = text.split_whitespace().take(2).collect();
    let version = if version.len() == 2 { version.join(" ") } else { "rustc of unknown version".to_owned() };
    println!("cargo:rustc-env=PLUMB_RUSTC={version}");
    println!("cargo:rerun-if-changed=build.rs");
}
