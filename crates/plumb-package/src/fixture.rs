//! A small run, and hostile ones, for the tests of the papers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::record::{JOB, LEDGER, METRICS, PREPARATION, PROVENANCE, SPLIT};
use crate::{Record, Said};

/// The files of a run.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The digest of its data.
pub(crate) const DATA_SHA256: &str = "5601f3fcee46ed077fe92bd305d10e92d3d239915254f8c311dbce26d18324b3";

const TEXT_OF_JOB: &str = "[data]\nfiles = [\"/home/someone/loans.csv\"]\ntarget = \"paid\"\n[model]\npreset = \"realmlp\"\n[train]\nseed = 7\nepochs = 12\noptimizer = \"adamw\"\nlr = 0.04\n[evaluate]\ngroups = [\"sex\"]\n";

fn metric(value: f64, low: f64, high: f64) -> Value {
    json!({"value": value, "low": low, "high": high, "n": 300, "method": "BCa bootstrap, 1000 resamples"})
}

fn entry(id: &str, verdict: &str, summary: &str, evidence: &Value) -> Value {
    let mut entry = json!({"id": id, "verdict": verdict, "summary": summary, "evidence": evidence, "remedy": "look at the rows"});
    if verdict == "skipped" {
        entry["reason"] = json!(summary);
    }
    entry
}

fn ledger() -> Value {
    let group = |value: &str, rate: f64| json!({"column": "sex", "value": value, "rows": 150, "rate": rate, "low": rate - 0.05, "high": rate + 0.05, "share_positive": 0.4});
    json!({"schema": 1, "run": "loans-1", "stage": "fairness", "verdicts": [
        entry("data.duplicates", "pass", "0 of 2000 rows repeat an earlier row", &json!({})),
        entry("evaluate.calibration", "pass", "the calibration error is 0.02", &json!({"ece": 0.02})),
        entry("evaluate.systematic-errors", "warn", "1 of 20 slices is much worse than the rest", &json!({"worst": [
            {"column": "city", "value": "<b>Rome|</b>", "rows": 40, "error": 0.4, "error_of_the_rest": 0.1, "p_adjusted": 0.001}]})),
        entry("evaluate.shift", "skipped", "no column is named in `evaluate.by`", &json!({})),
        entry("fairness.disparate-impact", "fail", "in `sex`, `f` is selected 0.5 times as often as `m`",
            &json!({"groups": [group("f", 0.2), group("m", 0.4)], "ratios": [{"column": "sex", "lowest": "f", "highest": "m", "ratio": 0.5, "low": 0.4, "high": 0.6}]})),
    ]})
}

/// The files of a small run.
pub(crate) fn files() -> Files {
    let metrics = json!({
        "schema": 1, "task": "binary", "primary": "accuracy", "classes": ["no", "yes"], "judged": "test", "level": 0.95,
        "test": {"accuracy": metric(0.87, 0.84, 0.9), "auroc": metric(0.91, 0.88, 0.94)},
        "baselines": {"majority": {"accuracy": metric(0.6, 0.55, 0.65)}},
        "weights_sha256": "19833fd304cccfc4b1efaabe58044621fb2d0348e62d36c8ccad5bc9c04cc68d",
    });
    let preparation = json!({"schema": 1, "target": "paid", "train_digest": "0f31648f", "columns": [
        {"name": "income", "kind": "number"}, {"name": "city", "kind": "category"}, {"name": "sex", "kind": "category"}]});
    let split = json!({"schema": 1, "method": "stratified", "column": null, "parts": [
        {"part": "train", "rows": 1400}, {"part": "valid", "rows": 300}, {"part": "test", "rows": 300}]});
    let provenance = json!({"schema": 1, "data_sha256": DATA_SHA256, "toolchain": "plumb 0.1.0, rustc 1.95.0", "device": "CPU",
        "commit": "8b4687a", "changed": true});
    let of = [
        (METRICS, metrics),
        (PREPARATION, preparation),
        (SPLIT, split),
        (PROVENANCE, provenance),
        (LEDGER, ledger()),
    ];
    let mut files: Files =
        of.into_iter().map(|(name, value)| (name.to_owned(), value.to_string().into_bytes())).collect();
    files.insert(JOB.to_owned(), TEXT_OF_JOB.as_bytes().to_vec());
    files
}

/// The small run.
pub(crate) fn record() -> Record {
    read(&files())
}

fn read(files: &Files) -> Record {
    Record::read("loans-1", |name| files.get(name).map(Vec::as_slice)).unwrap()
}

/// The small run with one of its files changed.
pub(crate) fn changed(file: &str, change: impl FnOnce(&mut Value)) -> Record {
    let mut files = files();
    let mut value: Value = serde_json::from_slice(&files[file]).unwrap();
    change(&mut value);
    files.insert(file.to_owned(), value.to_string().into_bytes());
    read(&files)
}

/// The small run without the verdicts of a stage.
pub(crate) fn without(prefix: &str) -> Record {
    changed(LEDGER, |ledger| {
        let verdicts = ledger["verdicts"].as_array_mut().unwrap();
        verdicts.retain(|entry| !entry["id"].as_str().unwrap().starts_with(prefix));
    })
}

/// What a person says of it.
pub(crate) fn said() -> Said {
    let list = |item: &str| vec![item.to_owned()];
    Said {
        intended_use: "To tell a clerk which loans to look at twice.".to_owned(),
        users: list("clerks of the bank"),
        out_of_scope: list("deciding without a person"),
        limits: list("loans over 50,000 were never seen"),
        license: "apache-2.0".to_owned(),
        contact: "models@example.org".to_owned(),
        data: "Loans of the bank from 2019 to 2022.".to_owned(),
        ..Said::default()
    }
}

/// Runs whose files hold what no run would write.
pub(crate) fn hostile() -> Vec<Record> {
    let empty = |metrics: Value, ledger: Value, job: &str| {
        let files: Files = [(METRICS, metrics), (LEDGER, ledger)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_string().into_bytes()))
            .chain([(JOB.to_owned(), job.as_bytes().to_vec())])
            .collect();
        Record::read("../\u{202e}`x`", |name| files.get(name).map(Vec::as_slice)).unwrap()
    };
    let none = || json!({"schema": 1, "run": "", "stage": "", "verdicts": []});
    let odd = json!({"schema": 1, "run": "x", "stage": "x", "verdicts": [
        entry("fairness.disparate-impact", "pass", "</script>\n\u{1b}[2J", &json!({"groups": 3, "ratios": {"a": null}})),
        entry("fairness.group-performance", "fail", "", &json!({"values": [1, null, "x", {"column": 5}]})),
        entry("evaluate.systematic-errors", "warn", "", &json!({"worst": [{}, {"column": "a", "value": "b", "error": "NaN"}]})),
        entry("explain.column-shares", "pass", "", &json!({"columns": [{}, 7]})),
    ]});
    let metrics = json!({"task": 5, "primary": ["x"], "classes": "no", "judged": "test", "test": {"a": 1, "b": {"value": "NaN"}}, "baselines": [1]});
    vec![
        empty(json!({}), none(), ""),
        empty(Value::Null, none(), "data = 3"),
        empty(metrics.clone(), odd.clone(), "[data]\nfiles = \"x\"\n[train]\nseed = [1]\n"),
        empty(metrics, odd, "[data]\nfiles = [\"/\", \"\", \"a|b\"]\ntarget = \"\\u001b[31m|\"\n"),
    ]
}
