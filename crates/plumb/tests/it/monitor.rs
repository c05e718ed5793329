//! A log filled, looked at, labelled, damaged; who is told.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::context::{Answer, TestContext, serve, table};

/// A bundle of a short run, and a log of rows like those that it was trained on, of which the last half is shifted.
fn served(shift: f64) -> TestContext {
    let context = TestContext::new();
    context.write("table.csv", table(1_200));
    let arguments = ["run", "table.csv", "--target", "kind", "--out", "model", "--set", "train.epochs=8"];
    let answer = context.plumb(&arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let answer = context.plumb(&["package", "model", "--out", "model.plumb"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    // The rows behind those of the table go on with its sequences.
    let (mut rows, mut labels) = ("id,length,width,site\n".to_owned(), "id,kind\n".to_owned());
    for (at, line) in table(2_400).lines().skip(1_201).enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let length = fields[0].parse::<f64>().unwrap() + if at < 600 { 0.0 } else { shift };
        writeln!(rows, "r-{at},{length:.4},{},{}", fields[1], fields[2]).unwrap();
        writeln!(labels, "r-{at},{}", fields[3]).unwrap();
    }
    context.write("rows.csv", rows);
    context.write("labels.csv", labels);
    let answer = context.plumb(&["monitor", "model.plumb", "--log", "log", "--replay", "rows.csv"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains("1,200 rows logged"), "{}", answer.stderr);
    context
}

fn looked(context: &TestContext, more: &[&str]) -> (Answer, Value) {
    let command = ["monitor", "model.plumb", "--log", "log", "--window", "rows:200", "--json"];
    let answer = context.plumb(&[&command[..], more].concat());
    let said = serde_json::from_str(&answer.stdout).unwrap_or_default();
    (answer, said)
}

fn verdict<'a>(said: &'a Value, id: &str) -> &'a str {
    let all = said["ledger"]["verdicts"].as_array().unwrap();
    all.iter().find(|entry| entry["id"] == id).unwrap()["verdict"].as_str().unwrap()
}

#[test]
fn a_shift_is_found_where_it_begins_and_told_once() {
    let context = served(4.0);
    let told: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&told);
    let address = serve(move |_, body| {
        kept.lock().unwrap().push(body);
        Some(serde_json::json!({}))
    });
    let (answer, said) = looked(&context, &["--out", "monitor", "--webhook", &address]);
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert_eq!(verdict(&said, "operate.drift"), "fail");
    let windows = said["monitor"]["windows"].as_array().unwrap();
    let moved = |window: &Value| -> Vec<String> {
        let series = window["drift"].as_array().unwrap().iter().filter(|series| series["drifted"] == true);
        series.map(|series| series["name"].as_str().unwrap().to_owned()).collect()
    };
    let moved: Vec<Vec<String>> = windows.iter().map(moved).collect();
    assert_eq!(moved.len(), 6);
    assert!(moved[..3].iter().all(Vec::is_empty), "{moved:?}");
    assert!(moved[3..].iter().all(|names| names.contains(&"length".to_owned())), "{moved:?}");
    let page = context.read("monitor/report.html");
    assert!(page.contains("The world has moved") || page.contains("as training did not know"), "{page}");
    assert_eq!(context.json("monitor/monitor.json"), said["monitor"]);

    let (again, same) = looked(&context, &["--out", "monitor", "--webhook", &address]);
    assert_eq!(again.code, Some(3));
    assert_eq!(same["monitor"]["windows"], said["monitor"]["windows"], "the same rows are not judged again");
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 1, "nothing has changed since: {told:?}");
    assert!(told[0]["changed"].as_array().unwrap().iter().any(|of| of["practice"] == "operate.drift"));
    let (only, _) = looked(&context, &["--gate", "operate.performance"]);
    assert_eq!(only.code, Some(0), "{}", only.stderr);
}

#[test]
fn what_stays_passes_and_labels_are_joined() {
    let context = served(0.0);
    let (answer, said) = looked(&context, &["--out", "monitor", "--labels", "labels.csv"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    for id in ["operate.drift", "operate.performance", "operate.skew"] {
        assert_eq!(verdict(&said, id), "pass", "{}", answer.stdout);
    }
    assert_eq!(said["monitor"]["labels"]["labelled"], 1_200);
    assert!(said["monitor"]["skew"]["replayed"]["difference"].as_f64().unwrap() < 1e-6);
    let wrong =
        context.read("labels.csv").replace("long", "?").replace("short", "long").replace('?', "short");
    context.write("wrong.csv", wrong);
    let (worse, said) =
        looked(&context, &["--out", "monitor", "--labels", "labels.csv", "--labels", "wrong.csv"]);
    assert_eq!((worse.code, verdict(&said, "operate.performance")), (Some(3), "fail"), "{}", worse.stdout);
    assert_eq!(said["monitor"]["labels"]["repeated"], 1_200, "the last one counts");
    assert_eq!(said["monitor"]["windows"][0]["quality"]["look"], 2);
    looks_are_counted(&context);
}

/// A window that is looked at anew counts its looks, as long as something is new.
fn looks_are_counted(context: &TestContext) {
    let look = || {
        let command =
            ["monitor", "model.plumb", "--log", "log", "--window", "last:200", "--out", "newest", "--json"];
        let said: Value = serde_json::from_str(&context.plumb(&command).stdout).unwrap();
        let windows = said["monitor"]["windows"].as_array().unwrap().clone();
        (windows.len(), windows.last().unwrap()["look"].as_u64().unwrap())
    };
    assert_eq!([look(), look()], [(1, 1), (1, 1)], "nothing is new");
    let more =
        context.plumb(&["monitor", "model.plumb", "--log", "log", "--replay", "rows.csv", "--id", "none"]);
    assert_eq!(more.code, Some(0), "{}", more.stderr);
    assert_eq!(look(), (2, 2));
}

#[test]
fn what_cannot_be_monitored_is_said() {
    let context = TestContext::new();
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let answer = context.plumb(arguments);
        let is_said = answer.stderr.contains(words) && answer.stderr.contains("hint: ");
        assert!(answer.code == Some(code) && is_said, "{arguments:?}: {:?} {}", answer.code, answer.stderr);
    };
    context.write("table.csv", table(240));
    context.write("none/x.txt", "x");
    refused(&["monitor", "none", "--log", "log"], 2, "no bundle");
    let arguments = ["run", "table.csv", "--target", "kind", "--out", "model", "--set", "train.epochs=2"];
    assert_eq!(context.plumb(&arguments).code, Some(0));
    assert_eq!(context.plumb(&["package", "model", "--out", "bare.plumb", "--reference", "0"]).code, Some(0));
    refused(&["monitor", "bare.plumb", "--log", "log"], 2, "reference.parquet");
    assert_eq!(context.plumb(&["package", "model", "--out", "model.plumb"]).code, Some(0));
    refused(&["monitor", "model.plumb", "--log", "nowhere"], 2, "folder of the log");
    std::fs::create_dir(context.path("log")).unwrap();
    refused(&["monitor", "model.plumb", "--log", "log", "--out", "none"], 2, "other things");
    refused(&["monitor", "model.plumb", "--log", "log", "--webhook", "ftp://x"], 2, "no address");
    refused(&["monitor", "model.plumb", "--log", "log", "--labels", "table.csv"], 2, "id");
    let empty = context.plumb(&["monitor", "model.plumb", "--log", "log"]);
    assert_eq!((empty.code, empty.stdout.matches("skipped").count()), (Some(0), 3), "{}", empty.stdout);
}
