//! Models that others have trained, judged by their predictions; runs judged again; two of them compared.

use std::fmt::Write as _;

use serde_json::Value;

use crate::context::{TestContext, serve};

/// A row of data: a number, a group, a source, and a label that the number tells with this chance.
struct Row {
    x: f64,
    group: &'static str,
    source: &'static str,
    label: bool,
    chance: f64,
}

fn rows(count: usize) -> Vec<Row> {
    let row = |at: usize| {
        let stream = plumb_ledger::Seed(at as u64).stream("evaluate");
        let x = stream.normal(0);
        let chance = 1.0 / (1.0 + (-2.0 * x).exp());
        let group = ["a", "b"][stream.below(3, 2)];
        let source = ["north", "south", "west"][stream.below(4, 3)];
        Row { x, group, source, label: stream.uniform(5) < chance, chance }
    };
    (0..count).map(row).collect()
}

/// `data.csv` with an id, and `predictions.csv` in the opposite order.
fn write(context: &TestContext, rows: &[Row], predicted: impl Fn(usize, &Row) -> f64) {
    let (mut data, mut predictions) = ("id,x,group,source,label\n".to_owned(), "id,score\n".to_owned());
    for (at, row) in rows.iter().enumerate() {
        let label = if row.label { "yes" } else { "no" };
        writeln!(data, "n{at},{:.5},{},{},{label}", row.x, row.group, row.source).unwrap();
    }
    for (at, row) in rows.iter().enumerate().rev() {
        writeln!(predictions, "n{at},{:.6}", predicted(at, row)).unwrap();
    }
    context.write("data.csv", data);
    context.write("predictions.csv", predictions);
}

const JUDGE: [&str; 8] =
    ["evaluate", "predictions.csv", "--data", "data.csv", "--key", "id", "--target", "label"];

/// The answer as JSON, of the test part alone.
fn judged(context: &TestContext, more: &[&str]) -> Value {
    let arguments: Vec<&str> = JUDGE.iter().chain(more).chain(&["--json"]).copied().collect();
    let answer = context.plumb(&arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

fn verdict<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let all = answer["ledger"]["verdicts"].as_array().unwrap();
    all.iter().find(|entry| entry["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn a_file_of_predictions_is_judged_without_any_training() {
    let context = TestContext::new();
    let rows = rows(1500);
    write(&context, &rows, |_, row| row.chance);
    let answer = judged(&context, &["--groups", "group", "--by", "source", "--out", "judged"]);
    let right = rows.iter().filter(|row| (row.chance > 0.5) == row.label).count() as f64 / 1500.0;
    let accuracy = &answer["metrics"]["test"]["accuracy"];
    assert!((accuracy["value"].as_f64().unwrap() - right).abs() < 1e-12, "matched by the key");
    assert!(accuracy["low"].as_f64().unwrap() < right && accuracy["high"].as_f64().unwrap() > right);
    for id in ["evaluate.calibration", "evaluate.shift", "fairness.equalized-odds"] {
        assert_eq!(verdict(&answer, id)["verdict"], "pass", "{id}: {}", verdict(&answer, id)["summary"]);
    }
    assert_eq!(verdict(&answer, "evaluate.robustness")["verdict"], "skipped", "no model can be asked");
    for file in [
        "ledger.json",
        "metrics.json",
        "predictions.parquet",
        "worst.json",
        "report.html",
        "job.toml",
        "evaluation.md",
    ] {
        assert!(context.path("judged").join(file).is_file(), "{file}");
    }
    let card = context.read("judged/evaluation.md");
    for part in ["---\nmodel-index: [{", "| accuracy | ", "| group = b | ", "| `evaluate.shift` | pass | "] {
        assert!(card.contains(part), "{part}\n{card}");
    }
    let page = context.read("judged/report.html");
    assert!(page.contains("Groups, sources and slices") && page.contains("source = west"));
}

#[test]
fn what_is_planted_into_predictions_is_found() {
    let context = TestContext::new();
    let rows = rows(3000);
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let sharp = |p: f64| 1.0 / (1.0 + (-3.0 * logit(p)).exp());
    write(&context, &rows, |_, row| sharp(row.chance));
    let answer = judged(&context, &[]);
    let found = verdict(&answer, "evaluate.calibration");
    assert_eq!(found["verdict"], "warn", "{}", found["summary"]);
    let temperature = found["evidence"]["temperature"].as_f64().unwrap();
    assert!((temperature - 3.0).abs() < 0.4, "{temperature}");

    write(&context, &rows, |_, row| if row.source == "west" { 1.0 - row.chance } else { row.chance });
    let answer = judged(&context, &["--by", "source"]);
    let found = verdict(&answer, "evaluate.shift");
    assert_eq!(found["verdict"], "warn");
    assert!(found["summary"].as_str().unwrap().contains("`source` = `west`"), "{}", found["summary"]);

    let misses = |at: usize, row: &Row| {
        if row.group == "b" && row.label && at.is_multiple_of(2) { 0.2 } else { row.chance }
    };
    write(&context, &rows, misses);
    let answer = judged(&context, &["--groups", "group"]);
    let found = verdict(&answer, "fairness.equalized-odds");
    assert_eq!(found["verdict"], "warn");
    assert!(found["summary"].as_str().unwrap().contains("true positive rate"), "{}", found["summary"]);
    let shown = context.plumb(&[
        "fairness",
        "predictions.csv",
        "--data",
        "data.csv",
        "--key",
        "id",
        "--target",
        "label",
        "--groups",
        "group",
    ]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(
        shown.stdout.contains("group = b") && shown.stdout.contains("true positive rate"),
        "{}",
        shown.stdout
    );
    assert!(!shown.stdout.contains("evaluate."), "{}", shown.stdout);
    let reads = verdict(&answer, "evaluate.test-reads");
    assert_eq!(reads["verdict"], "warn", "the third model on the same rows: {}", reads["summary"]);
    assert!(reads["summary"].as_str().unwrap().contains("model 3"), "{}", reads["summary"]);
}

#[test]
fn classes_alone_are_judged_by_what_classes_can_tell() {
    let context = TestContext::new();
    let rows = rows(400);
    write(&context, &rows, |_, row| row.chance);
    let labels: Vec<&str> = rows.iter().map(|row| if row.chance > 0.5 { "yes" } else { "no" }).collect();
    context.write("labels.csv", format!("prediction\n{}\n", labels.join("\n")));
    let answer =
        context.plumb(&["evaluate", "labels.csv", "--data", "data.csv", "--target", "label", "--json"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains("matched by the order of the rows"), "{}", answer.stderr);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    let metrics = answer["metrics"]["test"].as_object().unwrap();
    assert!(
        metrics.contains_key("mcc") && !metrics.contains_key("auroc") && !metrics.contains_key("log_loss")
    );
    assert_eq!(verdict(&answer, "evaluate.calibration")["verdict"], "skipped");
}

#[test]
fn numbers_are_judged_and_parts_are_told_by_a_column() {
    let context = TestContext::new();
    let mut table = "part,size,prediction\n".to_owned();
    for (at, row) in rows(900).iter().enumerate() {
        let part = ["train", "valid", "test"][at % 3];
        writeln!(table, "{part},{:.4},{:.4}", 10.0 * row.x + row.chance, 10.0 * row.x + 0.5).unwrap();
    }
    context.write("both.csv", table);
    let answer = context.plumb(&["evaluate", "both.csv", "--target", "size", "--json"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(answer["metrics"]["test"]["rmse"]["n"], 300);
    assert!(answer["metrics"]["baselines"]["majority"]["rmse"]["value"].as_f64().unwrap() > 5.0);
    assert_eq!(
        verdict(&answer, "evaluate.conformal")["verdict"],
        "pass",
        "{}",
        verdict(&answer, "evaluate.conformal")
    );
}

#[test]
fn a_file_that_cannot_be_judged_is_told_in_a_sentence() {
    let context = TestContext::new();
    write(&context, &rows(60), |_, row| row.chance);
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let answer = context.plumb(arguments);
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stderr.contains("hint: "), "{}", answer.stderr);
    };
    let data = ["--data", "data.csv", "--target", "label"];
    let with = |file: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        ["evaluate", file].iter().chain(&data).chain(more).copied().collect()
    };
    refused(&with("nowhere.csv", &[]), 2, "no predictor");
    refused(&with("predictions.csv", &["--key", "x"]), 4, "is not in both");
    refused(&with("predictions.csv", &["--column", "nothing"]), 4, "no column is a prediction");
    refused(&with("predictions.csv", &["--positive", "maybe"]), 2, "`maybe` is not one of the two classes");
    context.write("few.csv", "score\n0.5\n");
    refused(&with("few.csv", &[]), 4, "1 predictions for 60 rows");
    context.write("wide.csv", format!("p_no,p_yes\n{}", "0.5,0.9\n".repeat(60)));
    refused(&with("wide.csv", &[]), 4, "sum to 1.4");
    context.write("logits.csv", format!("p_no,p_yes\n{}", "-3.0,4.0\n".repeat(60)));
    refused(&with("logits.csv", &[]), 4, "is no probability");
    refused(&["evaluate", ".", "--target", "label"], 2, "no model in the folder");
}

#[test]
fn a_run_is_judged_again_on_its_own_rows_and_on_new_ones_and_compared() {
    let context = TestContext::new();
    write(&context, &rows(600), |_, row| row.chance);
    let train = ["run", "data.csv", "--target", "label", "--out", "model", "--set", "train.epochs=3"];
    let kinds = ["--set", "data.kinds.id=id"];
    let answer = context.plumb(&train.iter().chain(&kinds).copied().collect::<Vec<_>>());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let again = context.plumb(&["evaluate", "model", "--out", "again", "--json"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    let (first, again) = (context.json("model/metrics.json"), context.json("again/metrics.json"));
    assert_eq!(first["test"], again["test"], "the same model on the same rows");
    assert_eq!(first["baselines"], again["baselines"]);

    let mut new = "id,x,group,source,label\n".to_owned();
    for (at, row) in rows(900).iter().enumerate().skip(600) {
        let label = if row.label { "yes" } else { "no" };
        writeln!(new, "m{at},{:.5},{},{},{label}", row.x, row.group, row.source).unwrap();
    }
    context.write("new.csv", new);
    let on_new = context.plumb(&["evaluate", "model", "--data", "new.csv", "--json"]);
    assert_eq!(on_new.code, Some(0), "{}", on_new.stderr);
    let on_new: Value = serde_json::from_str(&on_new.stdout).unwrap();
    assert_eq!(on_new["metrics"]["test"]["accuracy"]["n"], 300);
    assert!(on_new["metrics"]["baselines"]["linear"]["accuracy"]["value"].as_f64().unwrap() > 0.6);

    let same = context.plumb(&["compare", "model", "again"]);
    assert_eq!(same.code, Some(0), "{}", same.stderr);
    assert!(same.stdout.contains("Cannot tell") && same.stdout.contains("DeLong"), "{}", same.stdout);
    let parsed: Value =
        serde_json::from_str(&context.plumb(&["compare", "model", "again", "--json"]).stdout).unwrap();
    assert_eq!(parsed["paired"]["better"], "cannot tell");
    assert_eq!(context.plumb(&["compare", "model", "."]).code, Some(2));
}

#[test]
fn what_a_practice_buys_is_said_with_its_interval() {
    let context = TestContext::new();
    write(&context, &rows(500), |_, row| row.chance);
    let settings = [
        "--set",
        "train.epochs=2",
        "--set",
        "model.preset=mlp",
        "--set",
        "model.dropout=0.3",
        "--set",
        "data.kinds.id=id",
    ];
    let arguments = [
        "ablate",
        "data.csv",
        "--target",
        "label",
        "--out",
        "without",
        "--json",
        "--only",
        "dropout",
        "--only",
        "weight decay",
    ];
    let answer = context.plumb(&arguments.iter().chain(&settings).copied().collect::<Vec<_>>());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    let names: Vec<&str> =
        answer["ablated"].as_array().unwrap().iter().map(|of| of["without"].as_str().unwrap()).collect();
    assert_eq!(names, ["dropout", "weight decay"]);
    for of in answer["ablated"].as_array().unwrap() {
        let bought = &of["bought"];
        assert!(bought["low"].as_f64().unwrap() <= bought["gain"].as_f64().unwrap(), "{of}");
    }
    assert!(context.read("without/dropout/job.toml").contains("dropout = 0.0"));
    assert_eq!(context.plumb(&["ablate", "data.csv", "--target", "label", "--only", "sleep"]).code, Some(2));
}

/// Rows of two groups, one of which has many more positive rows.
fn grouped_rows(rows: u64) -> String {
    let mut table = "x,group,label\n".to_owned();
    for row in 0..rows {
        let stream = plumb_ledger::Seed(row).stream("grouped");
        let group = stream.below(0, 2);
        let label = if stream.normal(1) + 1.5 * group as f64 - 0.7 > 0.0 { "yes" } else { "no" };
        let x = f64::from(u8::from(label == "yes")) + stream.normal(2);
        writeln!(table, "{x:.3},{},{label}", ["a", "b"][group]).unwrap();
    }
    table
}

#[test]
fn what_mitigation_changes_stands_beside_what_it_costs() {
    let context = TestContext::new();
    context.write("data.csv", grouped_rows(3000));
    let groups = "evaluate.groups=[\"group\"]";
    let job = ["--target", "label", "--set", "model.preset=mlp", "--set", "train.epochs=8", "--set", groups];
    let ablated = |mitigation: &str| -> Value {
        let settings = ["--set", mitigation, "--only", "mitigation", "--json", "--out", mitigation];
        let answer = context.plumb(&[&["ablate", "data.csv"], &job[..], &settings].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    };
    for (mitigation, rate) in [
        ("train.mitigation=reweigh", "selection_rates"),
        ("train.mitigation=true_positive_rates", "true_positive_rates"),
    ] {
        let answer = ablated(mitigation);
        let (with, without) = (&answer["groups_differ"][0], &answer["ablated"][0]["groups_differ"][0]);
        assert_eq!(with["column"], "group");
        let [with, without] = [with, without].map(|of| of[rate].as_f64().unwrap());
        assert!(with < 0.8 * without, "{mitigation}: {with} instead of {without}");
        let ledger = context.json(&format!("{mitigation}/as-it-is/ledger.json"));
        let entries = ledger["verdicts"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["id"] == "fairness.mitigation").unwrap();
        assert!(entry["evidence"]["training"].as_str().unwrap().contains("`group`"), "{entry}");
        let kept = entries.iter().find(|entry| entry["id"] == "train.best-weights-kept").unwrap();
        assert_eq!(kept["verdict"], "pass", "{kept}");
    }
    let unnamed = ["run", "data.csv", "--target", "label", "--set", "train.mitigation=reweigh"];
    let answer = context.plumb(&unnamed);
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("evaluate.groups"), "{}", answer.stderr);
}

/// Four numbers a row, and the classes that a forest of scikit-learn has learned of such rows.
fn forest_rows(rows: u64) -> String {
    let mut table = "x0,x1,x2,x3,level\n".to_owned();
    for row in 0..rows {
        let stream = plumb_ledger::Seed(row).stream("forest");
        let [a, b, c, d] = [0, 1, 2, 3].map(|at| stream.normal(at));
        let level = if a - d < -0.7 {
            "low"
        } else if a - d < 0.7 {
            "middle"
        } else {
            "high"
        };
        writeln!(table, "{a:.3},{b:.3},{c:.3},{d:.3},{level}").unwrap();
    }
    table
}

#[test]
fn a_forest_of_scikit_learn_is_judged_and_explained_from_its_onnx_file() {
    let context = TestContext::new();
    context.write("rows.csv", forest_rows(600));
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../plumb-onnx/tests/golden/forest_three.onnx");
    context.write("forest.onnx", std::fs::read(model).unwrap());
    let judged =
        context.plumb(&["evaluate", "forest.onnx", "--data", "rows.csv", "--target", "level", "--json"]);
    assert_eq!(judged.code, Some(0), "{}", judged.stderr);
    assert!(judged.stderr.contains("the model takes x0, x1, x2, x3"), "{}", judged.stderr);
    let judged: Value = serde_json::from_str(&judged.stdout).unwrap();
    assert!(
        judged["metrics"]["test"]["accuracy"]["value"].as_f64().unwrap() > 0.75,
        "{}",
        judged["metrics"]["test"]
    );
    assert_eq!(judged["metrics"]["classes"], serde_json::json!(["high", "low", "middle"]));
    assert_ne!(verdict(&judged, "evaluate.robustness")["verdict"], "skipped");
    let explained =
        ["explain", "forest.onnx", "--data", "rows.csv", "--target", "level", "--rows", "8", "--json"];
    let explained = context.plumb(&explained);
    assert_eq!(explained.code, Some(0), "{}", explained.stderr);
    let explained: Value = serde_json::from_str(&explained.stdout).unwrap();
    let mut worth: Vec<(f64, String)> = explained["explanation"]["importance"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["loss"].as_f64().unwrap(), of["column"].as_str().unwrap().to_owned()))
        .collect();
    worth.sort_by(|a, b| b.0.total_cmp(&a.0));
    let first: std::collections::BTreeSet<&str> = worth[..2].iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(first, ["x0", "x3"].into());
    assert_eq!(explained["explanation"]["method"], "shap, closed form");
    assert_eq!(verdict(&explained, "explain.additive")["verdict"], "pass");
    let boosted = concat!(env!("CARGO_MANIFEST_DIR"), "/../plumb-onnx/tests/golden/boosting_three.onnx");
    context.write("boosted.onnx", std::fs::read(boosted).unwrap());
    let coded = forest_rows(200).replace("low", "0").replace("middle", "1").replace("high", "2");
    context.write("coded.csv", coded);
    let by = |how: &[&str]| {
        let common = ["explain", "boosted.onnx", "--data", "coded.csv", "--target", "level", "--rows", "3"];
        context.plumb(&[&common, how].concat())
    };
    let exact = by(&["--method", "exact"]);
    assert_eq!(exact.code, Some(2), "{}", exact.stderr);
    assert!(exact.stderr.contains("no closed form") && exact.stderr.contains("hint:"), "{}", exact.stderr);
    let margins = by(&["--margins", "--json"]);
    assert_eq!(margins.code, Some(0), "{}", margins.stderr);
    let margins: Value = serde_json::from_str(&margins.stdout).unwrap();
    let row = &margins["explanation"]["rows"][0];
    assert!(row["output"].as_str().unwrap().starts_with("margin of "), "{row}");
    assert_eq!(margins["explanation"]["method"], "shap, closed form");
    assert_eq!(verdict(&margins, "explain.additive")["verdict"], "pass");
    assert_eq!(verdict(&margins, "explain.sane")["verdict"], "skipped");
    assert_eq!(by(&["--margins", "--method", "kernel"]).code, Some(2));
    let all = by(&[]);
    assert!(all.stdout.contains("shap, all coalitions"), "{}", all.stdout);

    context.write("few.csv", "x0,x1,level\n1,2,low\n2,1,high\n0,1,middle\n");
    let refused = context.plumb(&["evaluate", "forest.onnx", "--data", "few.csv", "--target", "level"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("takes 4 numbers a row, the data has 2"), "{}", refused.stderr);
    context.write("broken.onnx", "no model");
    let broken = context.plumb(&["evaluate", "broken.onnx", "--data", "rows.csv", "--target", "level"]);
    assert_eq!(broken.code, Some(4), "{}", broken.stderr);
}

/// A server that speaks the Open Inference Protocol of one model: the probability of the second class from a number, of this slope.
fn logistic(slope: f64) -> String {
    let address = serve(move |first, body| {
        if first.starts_with("GET /v2/models/logistic ") {
            let input = serde_json::json!({"name": "x", "datatype": "FP64", "shape": [-1, 1]});
            let output = serde_json::json!({"name": "probability", "datatype": "FP32", "shape": [-1, 1]});
            return Some(serde_json::json!({"name": "logistic", "inputs": [input], "outputs": [output]}));
        }
        if !first.starts_with("POST /v2/models/logistic/infer ") {
            return None;
        }
        assert_eq!(body["inputs"][0]["datatype"], "FP64");
        let x = body["inputs"][0]["data"].as_array().unwrap();
        let p: Vec<f64> = x.iter().map(|x| 1.0 / (1.0 + (-slope * x.as_f64().unwrap()).exp())).collect();
        let output =
            serde_json::json!({"name": "probability", "datatype": "FP32", "shape": [p.len(), 1], "data": p});
        Some(serde_json::json!({"model_name": "logistic", "outputs": [output]}))
    });
    format!("{address}/v2/models/logistic")
}

#[test]
fn a_model_behind_an_address_is_judged_and_explained() {
    let context = TestContext::new();
    let rows = rows(700);
    write(&context, &rows, |_, row| row.chance);
    let server = logistic(2.0);
    let data = ["--data", "data.csv", "--target", "label", "--json"];
    let asked = |command: &'static str, address: &str, more: &[&str]| {
        let arguments: Vec<&str> = [command, address].iter().chain(&data).chain(more).copied().collect();
        context.plumb(&arguments)
    };
    let judged = asked("evaluate", &server, &[]);
    assert_eq!(judged.code, Some(0), "{}", judged.stderr);
    assert!(judged.stderr.contains("how likely `yes` is"), "{}", judged.stderr);
    let judged: Value = serde_json::from_str(&judged.stdout).unwrap();
    let right = rows.iter().filter(|row| (row.chance > 0.5) == row.label).count() as f64 / 700.0;
    assert!((judged["metrics"]["test"]["accuracy"]["value"].as_f64().unwrap() - right).abs() < 0.01);
    assert_eq!(
        verdict(&judged, "evaluate.robustness")["verdict"],
        "pass",
        "it can be asked about changed rows"
    );

    let explained =
        asked("explain", &server, &["--rows", "4", "--background", "10", "--set", "data.kinds.id=id"]);
    assert_eq!(explained.code, Some(0), "{}", explained.stderr);
    let explained: Value = serde_json::from_str(&explained.stdout).unwrap();
    assert_eq!(explained["explanation"]["rows"][0]["columns"][0]["column"], "x");

    let wrong = asked("evaluate", &server.replace("logistic", "other"), &[]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("refused (HTTP 404") && wrong.stderr.contains("no such model"),
        "{}",
        wrong.stderr
    );
    let away = asked("evaluate", "http://127.0.0.1:9/v2/models/x", &[]);
    assert!(away.stderr.contains("no answer") && away.stderr.contains("hint: "), "{}", away.stderr);
    let nowhere = context.plumb(&["evaluate", &server, "--target", "label"]);
    assert!(nowhere.stderr.contains("no rows to ask about"), "{}", nowhere.stderr);
}

#[test]
fn several_labels_are_judged_each_and_together() {
    let context = TestContext::new();
    let (mut data, mut scores) =
        ("id,x,part,toxic,insult,noise\n".to_owned(), "id,p_toxic,p_insult,p_noise\n".to_owned());
    for row in 0..1200u64 {
        let stream = plumb_ledger::Seed(row).stream("labels");
        let [toxic, insult, noise] = [0, 1, 2].map(|at| stream.uniform(at));
        let is = |chance: f64, at: u64| u8::from(stream.uniform(at) < chance);
        let part = ["valid", "test", "test"][row as usize % 3];
        writeln!(
            data,
            "r{row},{:.3},{part},{},{},{}",
            stream.normal(9),
            is(toxic, 3),
            is(0.5 * insult, 4),
            is(0.5, 5)
        )
        .unwrap();
        writeln!(scores, "r{row},{toxic:.6},{:.6},{noise:.6}", 0.5 * insult).unwrap();
    }
    context.write("data.csv", data);
    context.write("scores.csv", scores);
    let command =
        ["evaluate", "scores.csv", "--data", "data.csv", "--key", "id", "--parts", "part", "--labels"];
    let run = |more: &[&str]| context.plumb(&[&command[..], more].concat());
    let found = run(&["toxic,insult", "--json", "--out", "judged"]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let answer: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(
        (&answer["metrics"]["rows"], &answer["metrics"]["all"][0]["name"]),
        (&Value::from(800), &Value::from("micro_f1"))
    );
    let toxic = &answer["metrics"]["labels"][0];
    let auroc = toxic["metrics"]["auroc"]["value"].as_f64().unwrap();
    assert!((auroc - 5.0 / 6.0).abs() < 0.04 && toxic["threshold"].is_number(), "{toxic}");
    assert_eq!(verdict(&answer, "evaluate.each-label")["verdict"], "pass");
    for file in ["ledger.json", "metrics.json", "report.html"] {
        assert!(context.path("judged").join(file).is_file(), "{file}");
    }
    for of in answer["metrics"]["all"].as_array().unwrap() {
        assert_eq!(of["method"], "BCa bootstrap, 1000 resamples", "{of}");
    }
    assert_eq!(verdict(&answer, "fairness.label-groups")["verdict"], "skipped");
    let guessed = run(&["toxic,insult,noise"]);
    assert!(
        guessed.stdout.contains("1 of 3 labels are not told better than by guessing: `noise`"),
        "{}",
        guessed.stdout
    );
    let missing = run(&["toxic,spam"]);
    assert_eq!(missing.code, Some(4), "{}", missing.stderr);
    let numbers = run(&["toxic,x"]);
    assert!(matches!(numbers.code, Some(2 | 4)), "{}", numbers.stderr);
}

#[test]
fn onnx_runtime_is_for_onnx_files_and_for_builds_that_have_it() {
    let context = TestContext::new();
    let rows = rows(60);
    write(&context, &rows, |_, row| row.chance);
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../plumb-onnx/tests/golden/tree_two.onnx");
    context.write("tree.onnx", std::fs::read(model).unwrap());
    let refused = |predictor: &str| {
        let asked =
            ["evaluate", predictor, "--data", "data.csv", "--target", "label", "--runtime", "onnxruntime"];
        let answer = context.plumb(&asked);
        assert_eq!(answer.code, Some(2), "{}", answer.stderr);
        answer.stderr
    };
    assert!(refused("predictions.csv").contains("`--runtime` is for ONNX files"));
    if cfg!(not(feature = "onnxruntime")) {
        let told = refused("tree.onnx");
        assert!(
            told.contains("hint: build it with `cargo build --release --features onnxruntime`"),
            "{told}"
        );
    }
}

#[test]
fn a_label_that_is_told_wrong_in_one_group_is_found() {
    let context = TestContext::new();
    let (mut data, mut scores) = ("id,group,toxic,insult\n".to_owned(), "id,p_toxic,p_insult\n".to_owned());
    for row in 0..900u64 {
        let stream = plumb_ledger::Seed(row).stream("label groups");
        let [toxic, insult] = [0, 1].map(|at| stream.uniform(at));
        let is = |chance: f64, at: u64| u8::from(stream.uniform(at) < chance);
        let group = ["a", "b", "c"][row as usize % 3];
        // What is said of one label in one group is drawn.
        let said = if group == "c" { stream.uniform(9) } else { toxic };
        writeln!(data, "r{row},{group},{},{}", is(toxic, 3), is(insult, 4)).unwrap();
        writeln!(scores, "r{row},{said:.6},{insult:.6}").unwrap();
    }
    context.write("data.csv", data);
    context.write("scores.csv", scores);
    let labels =
        ["--key", "id", "--labels", "toxic,insult", "--groups", "group", "--out", "judged", "--json"];
    let found = context.plumb(&[&["evaluate", "scores.csv", "--data", "data.csv"], &labels[..]].concat());
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let answer: Value = serde_json::from_str(&found.stdout).unwrap();
    let judged = verdict(&answer, "fairness.label-groups");
    assert_eq!((&judged["verdict"], &judged["evidence"]["worse"]), (&"warn".into(), &1.into()), "{judged}");
    let worst = &judged["evidence"]["values"][0];
    assert_eq!((&worst["label"], &worst["value"]), (&"toxic".into(), &"c".into()), "{worst}");
    assert_eq!(answer["metrics"]["groups"].as_array().map(Vec::len), Some(6));
    assert!(context.read("judged/report.html").contains("The error of each label in each group"));
}
