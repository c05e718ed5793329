//! Kill, interrupt, resume: the weights are those of the unbroken run.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::context::{TestContext, table};

const JOB: &str = "[data]\nfiles = [\"table.csv\"]\ntarget = \"kind\"\n\n[train]\nepochs = 40\nbatch_size = 32\nlr = \"find\"\n\
    checkpoint_seconds = 0\n\n[model]\npreset = \"mlp\"\nhidden = [32]\n";

fn context() -> TestContext {
    let context = TestContext::new();
    context.write("table.csv", table(400));
    context.write("job.toml", JOB);
    context
}

fn start(context: &TestContext, arguments: &[&str]) -> Child {
    context.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the training has written so many lines; false when the run ended before.
fn wait_for_lines(context: &TestContext, child: &mut Child, lines: usize) -> bool {
    let history = context.path("out/history.jsonl");
    let begun = Instant::now();
    loop {
        let found = std::fs::read_to_string(&history).map_or(0, |text| text.matches('\n').count());
        if found >= lines {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "the training does not get to line {lines}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn unbroken(context: &TestContext) -> serde_json::Value {
    let answer = context.plumb(&["run", "job.toml", "--out", "whole"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    context.json("whole/metrics.json")
}

/// The history without what the clock put into it.
fn timeless(context: &TestContext, run: &str) -> Vec<serde_json::Value> {
    let lines = context.read(&format!("{run}/history.jsonl"));
    let mut events: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    events
        .iter_mut()
        .filter_map(serde_json::Value::as_object_mut)
        .for_each(|event| drop(event.remove("seconds")));
    events
}

#[test]
fn killed_at_any_moment_a_run_ends_in_the_same_weights() {
    let context = context();
    let expected = unbroken(&context);
    let mut arguments = vec!["run", "job.toml", "--out", "out"];
    for lines in [1, 40, 90, 170] {
        let mut child = start(&context, &arguments);
        if wait_for_lines(&context, &mut child, lines) {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        arguments = vec!["run", "--resume", "out"];
    }
    let answer = context.plumb(&["run", "--resume", "out"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(context.json("out/metrics.json"), expected);
    assert_eq!(timeless(&context, "out"), timeless(&context, "whole"));
}

#[test]
fn an_interrupt_saves_and_exits_with_5() {
    let context = context();
    let expected = unbroken(&context);
    let mut child = start(&context, &["run", "job.toml", "--out", "out"]);
    assert!(wait_for_lines(&context, &mut child, 30));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5));
    assert!(!context.path("out/metrics.json").exists());
    let answer = context.plumb(&["run", "--resume", "out"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(context.json("out/metrics.json"), expected);
}

#[test]
fn a_folder_in_use_is_refused() {
    let context = context();
    let mut child = start(&context, &["run", "job.toml", "--out", "out"]);
    assert!(wait_for_lines(&context, &mut child, 10));
    let answer = context.plumb(&["run", "--resume", "out"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("in use by process"), "{}", answer.stderr);
}

#[test]
fn a_damaged_checkpoint_is_told_and_costs_only_time() {
    let context = context();
    let expected = unbroken(&context);
    for (damaged, told) in [
        (&["last"][..], "training goes on from the checkpoint before the newest"),
        (&["last", "last.old"], "training starts anew"),
    ] {
        for folder in damaged {
            tear(&context.path(&format!("whole/checkpoints/{folder}/model.safetensors")));
        }
        let answer = context.plumb(&["run", "--resume", "whole"]);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        assert!(answer.stderr.contains(told), "{}", answer.stderr);
        assert_eq!(context.json("whole/metrics.json")["weights_sha256"], expected["weights_sha256"]);
    }
}

fn tear(file: &std::path::Path) {
    let bytes = std::fs::read(file).unwrap();
    std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

#[test]
fn changed_data_is_not_resumed() {
    let context = context();
    unbroken(&context);
    context.write("table.csv", table(401));
    let answer = context.plumb(&["run", "--resume", "whole"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("another data"), "{}", answer.stderr);
}
