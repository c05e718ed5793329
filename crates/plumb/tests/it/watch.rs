//! `plumb watch`: once, as lines, and until the run ends.

use std::process::Stdio;

use crate::context::{TestContext, table};

#[test]
fn a_run_that_is_over_is_shown_and_left() {
    let context = TestContext::new();
    context.write("table.csv", table(200));
    let run =
        context.plumb(&["run", "table.csv", "--target", "kind", "--out", "a", "--set", "train.epochs=3"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let once = context.plumb(&["watch", "a", "--once"]);
    assert_eq!((once.code, once.stderr.as_str()), (Some(0), ""));
    assert!(once.stdout.starts_with("a  finished, stage "), "{}", once.stdout);
    for said in [
        "epoch 3 of at most 3",
        "step loss",
        "train loss",
        "valid accuracy",
        "smallest gradient",
        "verdicts  0 fail",
    ] {
        assert!(once.stdout.contains(said), "{said} is missing in\n{}", once.stdout);
    }
    assert!(once.stdout.lines().all(|line| line.chars().count() <= 80), "{}", once.stdout);
    let json: serde_json::Value =
        serde_json::from_str(&context.plumb(&["watch", "a", "--once", "--json"]).stdout).unwrap();
    assert_eq!((&json["state"], &json["epochs"]), (&serde_json::json!("finished"), &serde_json::json!(3)));
    assert!(json["last"]["valid accuracy"].as_f64().is_some(), "{json}");
    let lines = context.plumb(&["watch", "a"]);
    assert_eq!(lines.code, Some(0), "it ends with the run");
    assert!(lines.stdout.contains("finished, ") && !lines.stdout.contains('\u{1b}'), "{}", lines.stdout);
}

#[test]
fn what_is_no_number_and_what_steers_a_terminal_is_shown() {
    let context = TestContext::new();
    let step = |step: usize, loss: &str| {
        format!(
            "{{\"event\":\"step\",\"step\":{step},\"epoch\":0,\"loss\":{loss},\"lr\":1,\"grad_norm\":1}}\n"
        )
    };
    context.write("a/history.jsonl", [step(0, "2"), step(1, "null"), step(2, "1")].concat());
    let verdict = r#"{"id":"x.y","verdict":"fail","summary":"a\u001b[2Jb","evidence":{},"remedy":"r"}"#;
    context
        .write("a/ledger.json", format!(r#"{{"schema":1,"run":"a","stage":"data","verdicts":[{verdict}]}}"#));
    let once = context.plumb(&["watch", "a", "--once"]);
    assert!(once.stdout.contains("1 value no number, the first at 1"), "{}", once.stdout);
    assert!(once.stdout.contains('×') && once.stdout.contains("fail x.y: a\\u{1b}[2Jb"), "{}", once.stdout);
    assert!(!once.stdout.contains('\u{1b}'));
}

#[test]
fn a_folder_without_a_run_is_told() {
    let context = TestContext::new();
    context.write("runs/a/job.toml", "");
    for folder in ["nowhere", "runs"] {
        let answer = context.plumb(&["watch", folder]);
        assert_eq!(answer.code, Some(2), "{}", answer.stderr);
        assert_eq!(answer.stderr.lines().next().unwrap(), format!("error: there is no run: {folder}"));
    }
}

#[test]
fn a_run_is_followed_to_its_end() {
    let context = TestContext::new();
    context.write("table.csv", table(300));
    let arguments = [
        "run",
        "table.csv",
        "--target",
        "kind",
        "--out",
        "a",
        "--set",
        "train.epochs=30",
        "--set",
        "train.patience=0",
    ];
    let mut run = context.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !context.path("a/job.toml").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let followed = context.plumb(&["watch", "a"]);
    assert!(run.wait().unwrap().success());
    assert_eq!(followed.code, Some(0), "{}", followed.stderr);
    let lines: Vec<&str> = followed.stdout.lines().collect();
    assert!(lines.first().unwrap().starts_with("running, "), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("finished, "), "{lines:?}");
}
