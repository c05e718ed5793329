//! `plumb diagnose` on logs that PyTorch Lightning, Keras and the Hugging Face Trainer really wrote
//! (`oracles/logs_*.py`), each of a healthy, an overfitting, a diverging and a broken training.

use std::path::Path;

use serde_json::Value;

use crate::context::{Answer, TestContext};

/// The logs of a tool: its name, and the file or folder in the folder of each manner.
const LOGS: [(&str, &str); 6] = [
    ("lightning", "metrics.csv"),
    ("lightning", "tensorboard"),
    ("keras", "training.csv"),
    ("keras", "tensorboard"),
    ("transformers", "trainer_state.json"),
    ("transformers", "runs"),
];

fn golden(tool: &str, manner: &str, log: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/logs");
    folder.join(format!("{tool}-{manner}")).join(log).display().to_string()
}

fn diagnose(arguments: &[&str]) -> (Answer, Value) {
    let context = TestContext::new();
    let answer = context.plumb(&[&["diagnose", "--json"], arguments].concat());
    let said = serde_json::from_str(&answer.stdout).unwrap_or(Value::Null);
    (answer, said)
}

/// The verdicts of the only diagnosis, by practice.
fn verdicts(log: &str) -> Vec<(String, String, Value)> {
    let (answer, said) = diagnose(&[log]);
    assert_eq!(answer.code, Some(0), "{log}: {}", answer.stderr);
    assert_eq!(said["diagnoses"].as_array().map(Vec::len), Some(1), "{log}");
    let entries = said["diagnoses"][0]["ledger"]["verdicts"].as_array().unwrap().clone();
    let of = |entry: Value| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        (text("id"), text("verdict"), entry.clone())
    };
    entries.into_iter().map(of).collect()
}

/// For each log of a manner: the practices that fail or warn must be among those that may, and `wanted` must be.
fn check(manner: &str, wanted: &[&str], may: &[&str], more: impl Fn(&str, &Value)) {
    for (tool, log) in LOGS {
        let verdicts = verdicts(&golden(tool, manner, log));
        let found: Vec<&str> = verdicts
            .iter()
            .filter(|(_, verdict, _)| verdict == "fail" || verdict == "warn")
            .map(|(id, ..)| id.as_str())
            .collect();
        let told = format!("{tool} {manner} {log}: {verdicts:#?}");
        assert!(wanted.iter().all(|id| found.contains(id)), "{told}");
        assert!(found.iter().all(|id| wanted.contains(id) || may.contains(id)), "{told}");
        for (_, _, entry) in verdicts.iter().filter(|(id, ..)| wanted.contains(&id.as_str())) {
            more(&format!("{tool} {log}"), entry);
        }
    }
}

#[test]
fn a_healthy_training_raises_no_alarm() {
    check("healthy", &[], &[], |_, _| {});
    for (tool, log) in LOGS {
        let verdicts = verdicts(&golden(tool, "healthy", log));
        let passes = verdicts.iter().filter(|(_, verdict, _)| verdict == "pass").count();
        assert!(passes >= 6, "{tool} {log}: {passes} practices hold, the others are skipped");
    }
}

#[test]
fn overfitting_is_found_with_the_epoch_it_began() {
    let began = |log: &str, entry: &Value| {
        // Where the files themselves have their lowest validation loss.
        let epoch = match log.split(' ').next() {
            Some("lightning") => 1,
            Some("keras") => 2,
            _ => 4,
        };
        assert_eq!(entry["evidence"]["began_epoch"], epoch, "{log}: {entry:#}");
        assert!(
            entry["summary"].as_str().unwrap().contains(&format!("since epoch {epoch}")),
            "{log}: {entry:#}"
        );
    };
    check("overfitting", &["train.overfitting"], &[], began);
}

#[test]
fn a_diverging_training_is_found() {
    let others = ["train.learning", "train.oscillation", "train.exploding-gradients", "train.overfitting"];
    check("diverging", &["train.divergence"], &others, |_, _| {});
}

#[test]
fn a_number_that_is_none_is_found_where_it_first_stands() {
    let named = |log: &str, entry: &Value| {
        assert_eq!(entry["verdict"], "fail", "{log}");
        let series = entry["evidence"]["series"].as_str().unwrap();
        // The Trainer leaves losses that are no number out of its mean: the gradient tells.
        let hidden = log.starts_with("transformers");
        assert!(
            if hidden { series.contains("grad_norm") } else { series.contains("loss") },
            "{log}: {series}"
        );
    };
    check("nan", &["train.finite"], &["train.learning"], named);
}

#[test]
fn csv_and_tensorboard_of_one_training_agree() {
    for (tool, logs) in [
        ("lightning", ["metrics.csv", "tensorboard"]),
        ("keras", ["training.csv", "tensorboard"]),
        ("transformers", ["trainer_state.json", "runs"]),
    ] {
        let epochs = logs.map(|log| {
            let verdicts = verdicts(&golden(tool, "overfitting", log));
            let entry = verdicts.into_iter().find(|(id, ..)| id == "train.overfitting").unwrap().2;
            entry["evidence"]["began_epoch"].clone()
        });
        assert_eq!(epochs[0], epochs[1], "{tool}");
    }
}

#[test]
fn the_ledger_and_the_page_are_written_and_say_where() {
    let context = TestContext::new();
    let log = golden("lightning", "nan", "metrics.csv");
    let answer = context.plumb(&["diagnose", &log, "--out", "seen"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stdout.contains("fail     train.finite"), "{}", answer.stdout);
    assert!(!answer.stdout.contains("`train.lr`"), "a remedy names a key of Plumb's jobs: {}", answer.stdout);
    assert_eq!(context.names("seen"), ["ledger.json", "report.html"]);
    assert_eq!(context.json("seen/ledger.json")["stage"], "train");
    let page = context.read("seen/report.html");
    assert!(page.contains("<h1>Not a number</h1>") && page.contains("class=\"cross\""));
    let page_of = |manner: &str| {
        let log = golden("keras", manner, "training.csv");
        assert_eq!(context.plumb(&["diagnose", &log, "--out", manner]).code, Some(0));
        context.read(&format!("{manner}/report.html"))
    };
    let overfitting = page_of("overfitting");
    assert!(overfitting.contains(">overfitting begins<") && !overfitting.contains("class=\"cross\""));
    assert!(page_of("healthy").contains("<h1>Nothing to find fault with</h1>"));
}

#[test]
fn a_folder_is_searched_and_each_run_judged() {
    let context = TestContext::new();
    for (run, name) in [("nan", "a"), ("healthy", "b")] {
        for (log, file) in [("trainer_state.json", "trainer_state.json"), ("runs", "")] {
            let from = golden("transformers", run, log);
            if file.is_empty() {
                let events = std::fs::read_dir(&from).unwrap().next().unwrap().unwrap();
                context.write(
                    &format!("out/{name}/runs/x/{}", events.file_name().display()),
                    std::fs::read(events.path()).unwrap(),
                );
            } else {
                context.write(&format!("out/{name}/{file}"), std::fs::read(from).unwrap());
            }
        }
    }
    context.write("out/c/data.csv", "age,income\n1,2\n");
    let answer = context.plumb(&["diagnose", "out", "--json", "--out", "seen"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let said: Value = serde_json::from_str(&answer.stdout).unwrap();
    let logs: Vec<&str> =
        said["diagnoses"].as_array().unwrap().iter().map(|d| d["log"].as_str().unwrap()).collect();
    assert_eq!(logs, ["out/a/trainer_state.json", "out/b/trainer_state.json"]);
    assert_eq!(context.names("seen"), ["1-out-a-trainer_state-json", "2-out-b-trainer_state-json"]);
}

#[test]
fn a_run_of_mlflow_and_lines_of_json_are_read() {
    let context = TestContext::new();
    let run = "mlruns/1/0123456789abcdef";
    context.write(&format!("{run}/meta.yaml"), "run_id: 0123456789abcdef\n");
    let metric = |value: fn(f64) -> f64| -> String {
        let line = |epoch: i32| format!("170000000{epoch} {} {epoch}", value(f64::from(epoch)));
        (0..20).map(line).collect::<Vec<_>>().join("\n")
    };
    context.write(&format!("{run}/metrics/train/loss"), metric(|epoch| 1.0 / (1.0 + epoch)));
    context.write(&format!("{run}/metrics/val_loss"), metric(|epoch| 0.5 + 0.01 * (epoch - 6.0).powi(2)));
    let answer = context.plumb(&["diagnose", "mlruns", "--json"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let said: Value = serde_json::from_str(&answer.stdout).unwrap();
    let diagnosis = &said["diagnoses"][0];
    assert_eq!((&diagnosis["format"], &diagnosis["log"]), (&"MLflow".into(), &run.into()));
    let verdicts = diagnosis["ledger"]["verdicts"].as_array().unwrap();
    let overfitting = verdicts.iter().find(|entry| entry["id"] == "train.overfitting").unwrap();
    assert!(overfitting["summary"].as_str().unwrap().contains("since step 6"), "{overfitting:#}");

    let line =
        |at: i32| format!("{{\"step\": {at}, \"trainLoss\": {}}}\n", if at < 30 { "0.5" } else { "NaN" });
    context.write("log.jsonl", (0..40).map(line).collect::<String>());
    let answer = context.plumb(&["diagnose", "log.jsonl", "--gate", "train.finite"]);
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stdout.contains("`trainLoss` is not a number from step 30 on"), "{}", answer.stdout);
    assert!(answer.stderr.contains("stopped by `--gate`: `train.finite` failed"), "{}", answer.stderr);
}

#[test]
fn plumbs_own_run_is_diagnosed_as_it_judged_itself() {
    let context = TestContext::new();
    context.write("table.csv", crate::context::table(200));
    let arguments = ["run", "table.csv", "--target", "kind", "--out", "a", "--set", "train.epochs=12"];
    assert_eq!(context.plumb(&arguments).code, Some(0));
    let answer = context.plumb(&["diagnose", "a", "--json"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let said: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(said["diagnoses"].as_array().unwrap().len(), 1, "the run's event files are the same run");
    let judged = said["diagnoses"][0]["ledger"]["verdicts"].as_array().unwrap();
    let ledger = context.json("a/ledger.json");
    for id in [
        "train.finite",
        "train.learning",
        "train.divergence",
        "train.vanishing-gradients",
        "train.dead-units",
    ] {
        let of =
            |entries: &[Value]| entries.iter().find(|entry| entry["id"] == id).unwrap()["verdict"].clone();
        assert_eq!(of(judged), of(ledger["verdicts"].as_array().unwrap()), "{id}");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_a_hint() {
    let context = TestContext::new();
    let said = |arguments: &[&str]| {
        let answer = context.plumb(&[&["diagnose"], arguments].concat());
        (answer.code, answer.stderr)
    };
    context.write("empty/nothing.txt", "");
    let (code, stderr) = said(&["empty"]);
    assert_eq!(code, Some(4), "{stderr}");
    assert!(stderr.starts_with("error: no log of a known format: empty\nhint: known are Plumb"), "{stderr}");
    let (code, stderr) = said(&["absent"]);
    assert_eq!(code, Some(4), "{stderr}");
    context.write("events.out.tfevents.1.x", "no records");
    let (code, stderr) = said(&["events.out.tfevents.1.x"]);
    assert_eq!(code, Some(4));
    assert!(
        stderr.contains("cannot read the log as TensorBoard (the file holds no whole record)"),
        "{stderr}"
    );
    let log = golden("keras", "healthy", "training.csv");
    let (code, stderr) = said(&[&log, "--valid-loss", "val_los"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("did you mean `val_loss`"), "{stderr}");
    assert_eq!(said(&[&log, "--gate", "train.finit"]).0, Some(2));
    // One log that is broken does not keep the other from being judged.
    context.write("both/a/events.out.tfevents.1.x", "no records");
    context.write("both/b/training.csv", std::fs::read(&log).unwrap());
    let answer = context.plumb(&["diagnose", "both"]);
    assert_eq!(answer.code, Some(4), "{}", answer.stderr);
    assert!(answer.stdout.contains("both/b/training.csv: CSV, 30 epochs"), "{}", answer.stdout);
}
