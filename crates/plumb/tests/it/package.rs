//! Bundles: made, verified, used, attacked.

use std::fmt::Write as _;

use serde_json::Value;

use crate::context::{Answer, TestContext, serve, table};

/// A short run in `model`, and a pair of keys `key`.
fn trained(context: &TestContext) {
    context.write("table.csv", table(240));
    let arguments = ["run", "table.csv", "--target", "kind", "--out", "model", "--set", "train.epochs=3"];
    let answer = context.plumb(&arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(context.plumb(&["package", "--new-key", "key"]).code, Some(0));
}

fn packaged(context: &TestContext, out: &str, more: &[&str]) -> Value {
    let answer = context.plumb(&[&["package", "model", "--out", out, "--json"], more].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// The verdict of each check of `plumb verify`.
fn verified(context: &TestContext, arguments: &[&str]) -> (Answer, Vec<(String, String)>) {
    let answer = context.plumb(&[&["verify", "--json"], arguments].concat());
    let said: Value = serde_json::from_str(&answer.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = said["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (text(&of["check"]), text(&of["verdict"])))
        .collect();
    (answer, checks)
}

#[test]
fn a_run_becomes_a_bundle_that_holds_and_is_the_same_again() {
    let context = TestContext::new();
    trained(&context);
    let said = packaged(&context, "one.plumb", &["--sign", "key.pem", "--license", "MIT"]);
    let files: Vec<&str> = said["files"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for path in [
        "LICENSE",
        "bundle.json",
        "examples/rows.jsonl",
        "job.toml",
        "ledger.json",
        "metrics.json",
        "model.sig",
        "model/model.json",
        "model/model.onnx",
        "model/model.safetensors",
        "model/preparation.json",
        "predictions.parquet",
        "reference.parquet",
        "report.html",
    ] {
        assert!(files.contains(&path), "{path}: {files:?}");
    }
    let verdict = |id: &str| {
        let all = said["verdicts"].as_array().unwrap();
        all.iter().find(|entry| entry["id"] == id).unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!([verdict("package.signed"), verdict("package.parity")], ["pass", "pass"]);
    // The folder of the test is in no repository: everything but the commit is recorded.
    assert_eq!(verdict("package.reproducible"), "warn");

    packaged(&context, "again.plumb", &["--sign", "key.pem", "--license", "MIT"]);
    let bytes = |name: &str| std::fs::read(context.path(name)).unwrap();
    assert_eq!(bytes("one.plumb"), bytes("again.plumb"));

    packaged(&context, "folder", &["--sign", "key.pem", "--license", "MIT"]);
    for bundle in ["one.plumb", "folder"] {
        let (answer, checks) = verified(&context, &[bundle, "--key", "key.pub"]);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        let names: Vec<&str> = checks.iter().map(|(name, _)| name.as_str()).collect();
        let expected =
            ["signature", "digests", "description", "weights", "metrics", "native", "model/model.onnx"];
        assert_eq!(names, expected);
        assert!(checks.iter().all(|(_, verdict)| verdict == "pass"), "{checks:?}");
    }
    let taken = context.plumb(&["package", "model", "--out", "one.plumb"]);
    assert_eq!((taken.code, taken.stderr.contains("something is there already")), (Some(2), true));
    let key = context.plumb(&["package", "--new-key", "key"]);
    assert_eq!((key.code, key.stderr.contains("key.pem")), (Some(2), true), "{}", key.stderr);
    as_a_predictor(&context);
}

/// A bundle is judged, explained and compared like the run that it was made of.
fn as_a_predictor(context: &TestContext) {
    context.write("more.csv", table(300));
    let accuracy = |predictor: &str| {
        let answer = context.plumb(&["evaluate", predictor, "--data", "more.csv", "--json"]);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        let said: Value = serde_json::from_str(&answer.stdout).unwrap();
        said["metrics"]["test"]["accuracy"]["value"].as_f64().unwrap()
    };
    assert!((accuracy("one.plumb") - accuracy("model")).abs() < 1e-12);
    let without = context.plumb(&["evaluate", "folder"]);
    assert_eq!((without.code, without.stderr.contains("--data")), (Some(2), true), "{}", without.stderr);
    let explained = context.plumb(&["explain", "folder", "--data", "more.csv", "--rows", "4"]);
    assert_eq!(explained.code, Some(0), "{}", explained.stderr);
    let compared = context.plumb(&["compare", "one.plumb", "model", "--json"]);
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
}

#[test]
fn a_bundle_that_was_touched_is_refused_by_every_command() {
    let context = TestContext::new();
    trained(&context);
    packaged(&context, "folder", &["--sign", "key.pem"]);
    let refused = |arguments: &[&str], file: &str| {
        let answer = context.plumb(arguments);
        assert_eq!(answer.code, Some(1), "{arguments:?}: {}", answer.stderr);
        assert!(
            answer.stderr.contains(file) && answer.stderr.contains("hint: "),
            "{arguments:?}: {}",
            answer.stderr
        );
    };
    let weights = context.path("folder/model/model.safetensors");
    let whole = std::fs::read(&weights).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&weights, changed).unwrap();
    for arguments in [
        ["verify", "folder"].as_slice(),
        &["verify", "folder", "--key", "key.pub"],
        &["evaluate", "folder", "--data", "table.csv"],
        &["explain", "folder", "--data", "table.csv"],
        &["fairness", "folder", "--data", "table.csv", "--groups", "site"],
        &["compare", "folder", "model"],
    ] {
        refused(arguments, "model/model.safetensors");
    }
    std::fs::write(&weights, whole).unwrap();
    context.plumb(&["package", "--new-key", "other"]);
    refused(&["verify", "folder", "--key", "other.pub"], "model.sig");
    std::fs::remove_file(context.path("folder/model.sig")).unwrap();
    refused(&["verify", "folder", "--key", "key.pub"], "model.sig");
    assert_eq!(context.plumb(&["verify", "folder"]).code, Some(0));
}

/// A server that knows the example rows by their `width` and answers what is recorded, plus `off` for the first class.
fn recorded(context: &TestContext, off: f64) -> String {
    let rows: Vec<Value> = context
        .read("folder/examples/rows.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let address = serve(move |first, body| {
        if first.starts_with("GET /v2/models/served ") {
            let input = |name: &str, datatype: &str| serde_json::json!({"name": name, "datatype": datatype, "shape": [-1, 1]});
            let inputs = [input("length", "FP64"), input("width", "FP64"), input("site", "BYTES")];
            let output = serde_json::json!({"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]});
            return Some(serde_json::json!({"name": "served", "inputs": inputs, "outputs": [output]}));
        }
        let inputs = body["inputs"].as_array()?;
        let width = inputs.iter().find(|input| input["name"] == "width")?["data"].as_array()?;
        let mut data: Vec<f64> = Vec::new();
        for asked in width {
            let row = rows.iter().find(|row| row["inputs"]["width"] == *asked)?;
            let native = row["outputs"]["native"].as_array()?;
            data.extend([native[0].as_f64()? + off, native[1].as_f64()? - off]);
        }
        let output = serde_json::json!({"name": "probabilities", "datatype": "FP32", "shape": [data.len() / 2, 2], "data": data});
        Some(serde_json::json!({"model_name": "served", "outputs": [output]}))
    });
    format!("{address}/v2/models/served")
}

#[test]
fn a_server_is_held_against_the_recorded_answers() {
    let context = TestContext::new();
    trained(&context);
    packaged(&context, "folder", &[]);
    let same = recorded(&context, 0.0);
    let (answer, checks) = verified(&context, &["folder", "--endpoint", &same]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(checks.last(), Some(&(same, "pass".to_owned())));
    let other = recorded(&context, 0.001);
    let (answer, checks) = verified(&context, &["folder", "--endpoint", &other]);
    assert_eq!((answer.code, answer.stderr.contains(&other)), (Some(1), true), "{}", answer.stderr);
    assert_eq!(checks.last(), Some(&(other, "fail".to_owned())));
    let (away, _) = verified(&context, &["folder", "--endpoint", "http://127.0.0.1:9/v2/models/x"]);
    assert_eq!((away.code, away.stderr.contains("no answer")), (Some(1), true), "{}", away.stderr);
}

/// The files of a bundle under a description that fits them: what a liar without the key can make.
fn forged(context: &TestContext, change: impl Fn(&str, &[u8]) -> Option<Vec<u8>>) {
    use plumb_package::{Bundle, BundleLimits, DESCRIPTION, Files, SIGNATURE};
    let limits = BundleLimits::DEFAULT;
    let bundle = Bundle::open(&context.path("whole"), None, &limits).unwrap();
    let mut files = Files::default();
    for (path, file) in bundle.files.iter().filter(|(path, _)| ![DESCRIPTION, SIGNATURE].contains(path)) {
        let bytes = change(path, file.bytes()).unwrap_or_else(|| file.bytes().to_vec());
        files.insert(path, bytes, &limits).unwrap();
    }
    let described = bundle.description.sealed(&files).unwrap();
    files.insert(DESCRIPTION, described, &limits).unwrap();
    let target = context.path("forged");
    if target.is_dir() {
        std::fs::remove_dir_all(&target).unwrap();
    }
    plumb_package::folder::write(&target, &files).unwrap();
}

#[test]
fn what_does_not_fit_together_is_found_although_the_digests_hold() {
    let context = TestContext::new();
    trained(&context);
    packaged(&context, "whole", &[]);
    let replaced = |path: &'static str, from: &'static str, to: &'static str| {
        move |at: &str, bytes: &[u8]| {
            (at == path).then(|| {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                assert!(text.contains(from), "{from} is not in {path}");
                text.replacen(from, to, 1).into_bytes()
            })
        }
    };
    let refused = |file: &str| {
        let answer = context.plumb(&["verify", "forged"]);
        assert_eq!(answer.code, Some(1), "{file}: {}", answer.stdout);
        assert!(answer.stderr.contains(file), "{file}: {}", answer.stderr);
        assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
    };
    forged(&context, |_, _| None);
    assert_eq!(context.plumb(&["verify", "forged"]).code, Some(0));
    forged(&context, |path, bytes| (path == "model/model.onnx").then(|| bytes[..bytes.len() / 2].to_vec()));
    refused("model/model.onnx");
    forged(&context, replaced("metrics.json", "\"weights_sha256\": \"", "\"weights_sha256\": \"f"));
    refused("model/model.safetensors");
    forged(&context, replaced("metrics.json", "\"value\": ", "\"value\": 7"));
    refused("metrics.json");
    forged(&context, replaced("examples/rows.jsonl", "\"native\":[", "\"native\":[\"x\","));
    refused("examples/rows.jsonl");
    forged(&context, replaced("examples/rows.jsonl", "\"native\":[0.", "\"native\":[0.987"));
    refused("native");
    forged(&context, |path, _| (path == "examples/rows.jsonl").then(|| "[".repeat(200_000).into_bytes()));
    refused("examples/rows.jsonl");
    forged(&context, |path, _| (path == "model/preparation.json").then(|| b"{}".to_vec()));
    refused("model");
    forged(&context, |path, _| (path == "predictions.parquet").then(|| b"PAR1\xff\xff\xff\x7fPAR1".to_vec()));
    refused("predictions.parquet");
}

#[test]
fn numbers_and_missing_values_go_along() {
    let context = TestContext::new();
    let mut text = "a,b,day,y\n".to_owned();
    for row in 0..200 {
        let (a, b) = (f64::from(row) * 0.618_034 % 1.0, f64::from(row) * 0.754_878 % 1.0);
        let shown = if row % 7 == 0 { String::new() } else { format!("{a:.4}") };
        writeln!(text, "{shown},{b:.4},2026-01-{:02}T00:00:00,{:.4}", 1 + row % 28, 3.0 * a + b).unwrap();
    }
    context.write("data.csv", text);
    let answer =
        context.plumb(&["run", "data.csv", "--target", "y", "--out", "model", "--set", "train.epochs=3"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    packaged(&context, "numbers.plumb", &["--examples", "16"]);
    let (answer, checks) = verified(&context, &["numbers.plumb"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(checks.contains(&("native".to_owned(), "pass".to_owned())), "{checks:?}");
    assert!(checks.contains(&("metrics".to_owned(), "pass".to_owned())), "{checks:?}");
    packaged(&context, "bare.plumb", &["--examples", "0"]);
    let (answer, checks) = verified(&context, &["bare.plumb"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(checks.contains(&("answers".to_owned(), "skipped".to_owned())), "{checks:?}");
    context.write("data.csv", "a,b,day,y\n1,2,2026-01-01T00:00:00,3\n");
    let gone = context.plumb(&["package", "model", "--out", "gone.plumb"]);
    assert_eq!((gone.code, gone.stderr.contains("--examples 0")), (Some(1), true), "{}", gone.stderr);
    assert!(!context.path("gone.plumb").exists());
}

#[test]
fn pictures_go_along_and_answer_the_same() {
    let context = TestContext::new();
    crate::pictures::class_folders(&context, "photos", 40);
    let answer = context.plumb(&["run", "photos", "--out", "model", "--set", "train.epochs=2"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    packaged(&context, "photos.plumb", &["--examples", "10"]);
    let (answer, checks) = verified(&context, &["photos.plumb"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(checks.contains(&("native".to_owned(), "pass".to_owned())), "{checks:?}");
}
