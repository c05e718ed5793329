//! The main job on small tables.

use crate::context::{TestContext, table};

const SHORT: [&str; 2] = ["--set", "train.epochs=3"];

fn run(context: &TestContext, arguments: &[&str]) -> crate::context::Answer {
    context.plumb(&[&["run"], arguments, &SHORT[..]].concat())
}

#[test]
fn one_command_leaves_a_whole_run_folder() {
    let context = TestContext::new();
    context.write("table.csv", table(200));
    let answer = run(&context, &["table.csv", "--target", "kind", "--json"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let said: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(said["run"], "runs/table-1");
    let expected = [
        ".lock",
        "checkpoints",
        "data.json",
        "history.jsonl",
        "job.toml",
        "ledger.json",
        "metrics.json",
        "model",
        "predictions.parquet",
        "preflight.json",
        "provenance.json",
        "report.html",
        "rows.json",
        "split.json",
        "split.parquet",
        "tensorboard",
        "worst.json",
    ];
    assert_eq!(context.names("runs/table-1"), expected);
    let model = ["manifest.json", "model.json", "model.safetensors", "preparation.json"];
    assert_eq!(context.names("runs/table-1/model"), model);
    let metrics = context.json("runs/table-1/metrics.json");
    assert_eq!(metrics["weights_sha256"], said["weights_sha256"]);
    assert_eq!(metrics["schema"], 1);
    assert!(metrics["test"]["accuracy"]["value"].as_f64().unwrap() > 0.5);
    let ledger = context.json("runs/table-1/ledger.json");
    assert!(ledger["verdicts"].as_array().unwrap().len() > 40);
    let read_once = ledger["verdicts"].as_array().unwrap();
    let read_once = read_once.iter().find(|entry| entry["id"] == "split.test-untouched").unwrap();
    assert_eq!(read_once["verdict"], "pass", "{read_once}");
}

#[test]
fn the_resolved_job_repeats_the_run_and_threads_change_nothing() {
    let context = TestContext::new();
    context.write("table.csv", table(200));
    assert_eq!(run(&context, &["table.csv", "--target", "kind", "--out", "a"]).code, Some(0));
    let one_thread =
        context.command(&["run", "a/job.toml", "--out", "b"]).env("RAYON_NUM_THREADS", "1").output().unwrap();
    assert!(one_thread.status.success());
    assert_eq!(context.json("a/metrics.json"), context.json("b/metrics.json"));
    assert_eq!(context.read("a/job.toml"), context.read("b/job.toml"));
    // All but the one verdict that tells where the time went.
    let verdicts = |run: &str| {
        let ledger = context.json(&format!("{run}/ledger.json"));
        let mut verdicts = ledger["verdicts"].as_array().unwrap().clone();
        verdicts.retain(|entry| entry["id"] != "train.input-bound");
        verdicts
    };
    assert_eq!(verdicts("a"), verdicts("b"));
    assert!(!context.read("a/job.toml").lines().any(|line| line.contains("lr = \"auto\"")));
}

#[test]
fn a_number_is_learned_with_folds_and_seeds() {
    let context = TestContext::new();
    context.write("table.csv", table(200));
    let more = ["--set", "split.folds=3", "--set", "train.seeds=2", "--set", "model.preset=mlp"];
    let answer = run(&context, &[&["table.csv", "--target", "length", "--out", "a"], &more[..]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let metrics = context.json("a/metrics.json");
    assert_eq!((metrics["task"].as_str(), metrics["primary"].as_str()), (Some("regression"), Some("rmse")));
    assert_eq!(metrics["folds"].as_array().unwrap().len(), 3);
    assert_eq!(metrics["seeds"].as_array().unwrap().len(), 2);
}

#[test]
fn folds_are_drawn_again_and_judged_together() {
    let context = TestContext::new();
    context.write("table.csv", table(200));
    let more = ["--set", "split.folds=2", "--set", "split.repeats=3", "--set", "train.epochs=2"];
    let answer = run(&context, &[&["table.csv", "--target", "kind", "--out", "a"], &more[..]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let metrics = context.json("a/metrics.json");
    assert_eq!(metrics["folds"].as_array().unwrap().len(), 6);
    let of = &metrics["cross_validation"];
    assert_eq!((of["repeats"].as_u64(), of["method"].as_str()), (Some(3), Some("nadeau_bengio")));
    let number = |name: &str| of[name].as_f64().unwrap();
    let mean =
        metrics["folds"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).sum::<f64>() / 6.0;
    assert!((number("mean") - mean).abs() < 1e-12);
    // Half of the rows tested, 0.15 of all chosen by, 0.35 fitted on.
    assert!((number("tested_to_fitted") - 0.5 / 0.35).abs() < 0.05, "{of}");
    let ledger = context.json("a/ledger.json");
    let verdicts = ledger["verdicts"].as_array().unwrap();
    let verdict = verdicts.iter().find(|verdict| verdict["id"] == "evaluate.cross-validation").unwrap();
    assert!(verdict["summary"].as_str().unwrap().contains("6 folds in 3 repeats"), "{verdict}");
    assert!(context.read("a/report.html").contains("mean of 6 folds"));
    assert_eq!(context.json("a/split.json")["repeats"], 3);
}

#[test]
fn a_found_rate_stands_in_the_job() {
    let context = TestContext::new();
    context.write("table.csv", table(300));
    let answer = run(&context, &["table.csv", "--target", "kind", "--out", "a", "--set", "train.lr=find"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let lr = context.read("a/job.toml").lines().find(|line| line.starts_with("lr = ")).unwrap().to_owned();
    assert!(lr["lr = ".len()..].parse::<f64>().is_ok(), "{lr}");
}

#[test]
fn a_gate_stops_the_run_before_the_training() {
    let context = TestContext::new();
    let doubled = |line: &str| format!("{line},{}", line.rsplit(',').next().unwrap());
    let leaking = table(300).lines().map(doubled).collect::<Vec<_>>().join("\n");
    context.write("table.csv", leaking.replacen("kind,kind", "kind,copy", 1));
    let gate = ["--set", "gates.fail=[\"data.target-leakage\"]"];
    let answer = run(&context, &[&["table.csv", "--target", "kind", "--out", "a"], &gate[..]].concat());
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("stopped by `gates.fail`: `data.target-leakage` failed"),
        "{}",
        answer.stderr
    );
    assert_eq!(context.json("a/ledger.json")["stage"], "data");
    assert!(!context.path("a/history.jsonl").exists());
}

#[test]
fn a_quick_look_takes_rows_from_the_whole_table() {
    let context = TestContext::new();
    context.write("table.csv", table(9000));
    let answer = context.plumb(&["check", "table.csv", "--target", "kind", "--fast", "--out", "a"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains("one in 4 of 9000 rows: row 7 below is row 28"), "{}", answer.stderr);
    assert!(answer.stderr.contains("2250 rows, 4 columns"), "{}", answer.stderr);
}

#[test]
fn a_gate_on_the_training_stops_it_on_its_way() {
    let context = TestContext::new();
    context.write("table.csv", table(300));
    let still = ["--set", "train.lr=1e-9", "--set", "model.preset=mlp", "--set", "train.batch_size=32"];
    let gate = ["--set", "gates.fail=[\"train.learning\"]", "--set", "train.epochs=100"];
    let arguments = ["run", "table.csv", "--target", "kind", "--out", "a"];
    let answer = context.plumb(&[&arguments[..], &still[..], &gate[..]].concat());
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stderr.contains("`train.learning` failed"), "{}", answer.stderr);
    assert_eq!(answer.stderr.matches("fail train.learning").count(), 1, "said once: {}", answer.stderr);
    let history = std::fs::read_to_string(context.path("a/history.jsonl")).unwrap();
    let steps = history.lines().filter(|line| line.contains("\"event\":\"step\"")).count();
    assert!((100..120).contains(&steps), "{steps}");
    assert!(!context.path("a/model").exists());
}

#[test]
fn a_loss_that_is_no_number_stops_at_once_and_is_named() {
    let context = TestContext::new();
    context.write("table.csv", table(300));
    let wild = ["--set", "train.lr=1000", "--set", "train.optimizer=sgd", "--set", "train.schedule=constant"];
    let more = ["--set", "model.preset=mlp", "--set", "prepare.scaling=none", "--set", "train.clip_norm=0"];
    let arguments =
        [&["run", "table.csv", "--target", "length", "--out", "a"], &wild[..], &more[..]].concat();
    let answer = context.plumb(&[&arguments[..], &["--set", "train.epochs=200"]].concat());
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("is not finite"), "{}", answer.stderr);
    let ledger = context.json("a/ledger.json");
    let finite =
        ledger["verdicts"].as_array().unwrap().iter().find(|e| e["id"] == "train.finite").unwrap().clone();
    assert_eq!(finite["verdict"], "fail", "{finite}");
}
