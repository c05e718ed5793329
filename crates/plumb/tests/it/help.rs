//! The help of every command, and what needs no data.

use std::fmt::Write as _;

use crate::context::{TestContext, assert_snapshot};

const COMMANDS: [&str; 24] = [
    "init",
    "run",
    "audit",
    "check",
    "ablate",
    "evaluate",
    "explain",
    "fairness",
    "compare",
    "compress",
    "export",
    "package",
    "verify",
    "registry",
    "monitor",
    "retrain",
    "serve",
    "ui",
    "watch",
    "diagnose",
    "practices",
    "explain-key",
    "schema",
    "completions",
];

#[test]
fn help_is_as_stored() {
    let context = TestContext::new();
    let help = context.plumb(&["--help"]);
    assert_eq!(help.code, Some(0));
    let mut text = help.stdout;
    for command in COMMANDS {
        let help = context.plumb(&[command, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{command}");
        write!(text, "\n$ plumb {command} --help\n{}", help.stdout).unwrap();
    }
    assert_snapshot("help", &text);
}

#[test]
fn a_key_is_explained_from_the_code() {
    let context = TestContext::new();
    assert_snapshot("explain-key", &context.plumb(&["explain-key", "train.lr"]).stdout);
    let unknown = context.plumb(&["explain-key", "train.lrr"]);
    assert_eq!(unknown.code, Some(2));
    assert_eq!(unknown.stderr, "error: unknown key `train.lrr`\nhint: did you mean `train.lr`?\n");
}

#[test]
fn a_practice_is_explained_and_a_near_miss_named() {
    let context = TestContext::new();
    let page = context.plumb(&["practices", "data.target-leakage"]);
    assert!(page.stdout.starts_with("# data.target-leakage\n"), "{}", page.stdout);
    let unknown = context.plumb(&["practices", "data.target-leak"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("did you mean `data.target-leakage`"), "{}", unknown.stderr);
    assert!(context.plumb(&["practices"]).stdout.lines().count() > 40);
}

#[test]
fn the_schema_is_json_and_completions_are_made() {
    let context = TestContext::new();
    let schema: serde_json::Value = serde_json::from_str(&context.plumb(&["schema"]).stdout).unwrap();
    assert_eq!(schema["properties"]["train"]["properties"]["lr"]["maximum"], 1000);
    assert!(context.plumb(&["completions", "bash"]).stdout.contains("explain-key"));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let context = TestContext::new();
    let binary = env!("CARGO_BIN_EXE_plumb");
    let script = format!("'{binary}' explain-key | head -1; echo ${{PIPESTATUS[0]}}");
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(context.path(""))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "# The job file\n0\n");
    assert!(output.stderr.is_empty());
}
