//! Retraining: a better model is promoted, a worse one is not, and no kill leaves anything half done.

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::context::{Answer, TestContext, table};

const CHAMPION: &str = "loans@champion";

/// A champion that has seen few rows, in the registry `kept`.
fn champion(context: &TestContext, data: &str, more: &[&str]) {
    context.write("old.csv", data);
    let run = [
        "run",
        "old.csv",
        "--target",
        "kind",
        "--out",
        "old",
        "--set",
        "train.epochs=3",
        "--set",
        "model.preset=mlp",
    ];
    for command in [
        [run.as_slice(), more].concat(),
        vec!["package", "old", "--out", "old.plumb", "--license", "MIT"],
        vec!["registry", "add", "old.plumb", "--name", "loans", "--alias", "champion", "--registry", "kept"],
    ] {
        let answer = context.plumb(&command);
        assert_eq!(answer.code, Some(0), "{command:?}: {}", answer.stderr);
    }
}

fn retrain<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["retrain", CHAMPION, "--registry", "kept", "--json"];
    all.extend(more);
    all
}

fn said(answer: &Answer) -> Value {
    serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}{}", answer.stdout, answer.stderr))
}

/// Aliases, versions and actions of the model.
fn state(context: &TestContext) -> (Value, usize, Vec<String>) {
    let model = said(&context.plumb(&["registry", "show", "loans", "--registry", "kept", "--json"]));
    let actions =
        model["log"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap().to_owned());
    (model["aliases"].clone(), model["versions"].as_array().unwrap().len(), actions.collect())
}

/// The table of the tests with a part for each row; labels of train and valid rows are turned round where `turned`.
fn parted(rows: usize, turned: bool) -> String {
    let mut text = String::new();
    for (at, line) in table(rows).lines().enumerate() {
        let part = if at == 0 { "part" } else { ["train", "train", "valid", "test"][at % 4] };
        let is_turned = turned && part != "test";
        let line = match line.rsplit_once(',') {
            Some((before, "long")) if is_turned => format!("{before},short"),
            Some((before, "short")) if is_turned => format!("{before},long"),
            _ => line.to_owned(),
        };
        writeln!(text, "{line},{part}").unwrap();
    }
    text
}

const BY_PART: [&str; 4] = ["--set", "split.method=column", "--set", "split.column=part"];

#[test]
fn a_better_model_is_promoted_once_and_rolled_back_for_good() {
    let context = TestContext::new();
    champion(&context, &table(120), &["--set", "evaluate.groups=[\"site\"]"]);
    context.write("new.csv", table(3000));
    let plan = context.plumb(&retrain(&["--data", "new.csv", "--dry-run"]));
    assert_eq!((plan.code, said(&plan)["round"].as_str().unwrap()), (Some(0), "round-1 would begin"));
    assert!(!context.path("retrain").exists(), "a dry run writes nothing");

    let answer = context.plumb(&retrain(&["--data", "new.csv", "--gate", "operate.retrained"]));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let found = said(&answer);
    assert_eq!(
        (&found["promoted"], &found["decision"]),
        (&Value::Bool(true), &Value::from("promote")),
        "{found:#}"
    );
    let compared = &found["compared"];
    assert!(
        compared["low"].as_f64().unwrap() > 0.0 && compared["groups"].as_array().unwrap().len() == 3,
        "{found:#}"
    );
    // The new table begins with the champion's rows, of which 0.7 and 0.15 were fitted on and chosen by.
    let left_out = found["untouched"]["left_out"].as_u64().unwrap();
    let [test, rows] = [&found["untouched"]["test"], &compared["rows"]].map(|of| of.as_u64().unwrap());
    assert!((5..=30).contains(&left_out) && test == rows + left_out, "{found:#}");
    assert_eq!(found["untouched"]["known"], "rows");
    let aliased = |version: u64| serde_json::json!({"champion": version});
    assert_eq!(state(&context).0, aliased(2));
    for name in ["retrain.json", "ledger.json"] {
        assert_eq!(
            context.json(&format!("retrain/{name}")),
            context.json(&format!("retrain/round-1/{name}"))
        );
    }
    let shown = context.plumb(&["registry", "show", "loans:2", "--registry", "kept", "--json"]);
    assert_eq!(said(&shown)["lineage"]["parent"], "loans:1");
    assert_eq!(said(&shown)["lineage"]["data_sha256"], found["data"]["sha256"]);
    let verified = context.plumb(&["verify", "retrain/round-1/loans.plumb"]);
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);

    let again = context.plumb(&retrain(&["--data", "new.csv"]));
    assert_eq!(
        (again.code, &said(&again)["before"]),
        (Some(0), &Value::Bool(false)),
        "other gates are another question"
    );
    let actions = state(&context).2.len();
    let back = context.plumb(&["registry", "rollback", "loans", "champion", "--registry", "kept"]);
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    let again = context.plumb(&retrain(&["--data", "new.csv", "--gate", "operate.retrained"]));
    assert_eq!((again.code, &said(&again)["before"]), (Some(0), &Value::Bool(true)), "{}", again.stderr);
    let (aliases, _, after) = state(&context);
    assert_eq!(
        (&aliases["champion"], after.len()),
        (&Value::from(1), actions + 1),
        "what was rolled back stays so"
    );
}

#[test]
fn a_worse_model_is_refused_with_its_figures() {
    let context = TestContext::new();
    champion(&context, &parted(400, false), &BY_PART);
    context.write("turned.csv", parted(1200, true));
    let command = retrain(&["--data", "turned.csv", "--gate", "operate.retrained"]);
    for before in [false, true] {
        let answer = context.plumb(&command);
        assert_eq!(answer.code, Some(3), "{}", answer.stderr);
        let found = said(&answer);
        assert_eq!(
            (&found["promoted"], &found["before"]),
            (&Value::Bool(false), &Value::Bool(before)),
            "{found:#}"
        );
        assert!(found["compared"]["high"].as_f64().unwrap() < 0.0, "{found:#}");
        assert!(found["reason"].as_str().unwrap().contains("a gain of -"), "{found:#}");
    }
    let (aliases, versions, actions) = state(&context);
    assert_eq!((aliases, versions), (serde_json::json!({"champion": 1, "challenger": 2}), 2));
    assert_eq!(actions, ["added", "aliased", "added", "aliased"]);
    let without =
        context.plumb(&["retrain", CHAMPION, "--registry", "kept", "--data", "turned.csv", "--out", "other"]);
    assert_eq!(without.code, Some(0), "{}", without.stderr);
    assert!(without.stdout.starts_with("refused: champion stays loans:1, loans:"), "{}", without.stdout);
}

#[test]
fn labels_by_chance_promote_nobody_although_who_guesses_then_is_better() {
    let context = TestContext::new();
    champion(&context, &table(240), &["--set", "evaluate.primary=log_loss"]);
    // Each label is as likely as the other, whatever the row: what a champion knows makes its logarithmic loss large.
    let mut state = 1_u64;
    let mut text = String::new();
    for (at, line) in table(1500).lines().enumerate() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let label = if state >> 63 == 0 { "long" } else { "short" };
        let (before, head) = line.rsplit_once(',').unwrap();
        writeln!(text, "{before},{}", if at == 0 { head } else { label }).unwrap();
    }
    context.write("chance.csv", text);
    let found = said(&context.plumb(&retrain(&["--data", "chance.csv"])));
    assert_eq!((&found["promoted"], &found["decision"]), (&false.into(), &"refuse".into()), "{found:#}");
    assert!(found["compared"]["low"].as_f64().unwrap() > 0.0, "{found:#}");
    assert_eq!(found["lost_gates"], serde_json::json!(["evaluate.beats-baseline"]), "{found:#}");
    assert_eq!(self::state(&context).0, serde_json::json!({"champion": 1, "challenger": 2}));
}

#[test]
fn data_that_does_not_go_with_the_job_is_refused() {
    let context = TestContext::new();
    champion(&context, &table(240), &[]);
    let refused = |data: String, code: i32, words: &str| {
        context.write("new.csv", data);
        let answer = context.plumb(&retrain(&["--data", "new.csv"]));
        assert_eq!(answer.code, Some(code), "{}{}", answer.stdout, answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stderr.contains("hint: "), "{}", answer.stderr);
    };
    refused(
        table(300).replacen("width", "wide", 1),
        4,
        "the data does not go with the job: it has no column `width`",
    );
    refused(table(300).replacen("kind", "sort", 1), 4, "it has no column `kind`");
    let words = table(300).lines().enumerate().fold(String::new(), |mut text, (at, line)| {
        let rest = line.split_once(',').unwrap().1;
        writeln!(text, "{},{rest}", if at == 0 { "length" } else { ["long", "very long"][at % 2] }).unwrap();
        text
    });
    refused(words, 4, "column `length` is `number` for the model");
    let third = table(300).replacen(",long\n", ",middling\n", 40);
    refused(third, 4, "`kind` has 3 classes, and the model knows 2");
    assert!(context.names("retrain").iter().all(|name| name.starts_with('.')), "no round has begun");
    for (arguments, words) in [
        (["retrain", "loans", "--data", "new.csv"], "no bundle, and no alias"),
        (["retrain", "loans@challenger", "--data", "new.csv"], "is where refused models are pointed at"),
    ] {
        let answer = context.plumb(&arguments);
        assert_eq!((answer.code, answer.stderr.contains(words)), (Some(2), true), "{}", answer.stderr);
    }
    let metric = context.plumb(&retrain(&["--data", "new.csv", "--target-metric", "rmse"]));
    assert_eq!(metric.code, Some(4), "the data comes first: {}", metric.stderr);
    context.write("new.csv", table(300));
    let metric = context.plumb(&retrain(&["--data", "new.csv", "--target-metric", "rmse"]));
    assert_eq!(
        (metric.code, metric.stderr.contains("no metric `rmse`")),
        (Some(2), true),
        "{}",
        metric.stderr
    );
}

#[test]
fn only_the_verdicts_of_a_monitor_set_it_off_and_a_column_more_is_left_out() {
    let context = TestContext::new();
    champion(&context, &table(120), &[]);
    let more = table(3000).lines().enumerate().fold(String::new(), |mut text, (at, line)| {
        let height = if at == 0 { "height".to_owned() } else { format!("{}.5", at * 7 % 90) };
        writeln!(text, "{height},{line}").unwrap();
        text
    });
    context.write("new.csv", more);
    let monitor = |verdict: &str| {
        let entry = |id: &str, verdict: &str| {
            format!(
                r#"{{"id":"{id}","verdict":"{verdict}","summary":"width moved","evidence":{{}},"remedy":"r"}}"#
            )
        };
        let entries = [entry("operate.drift", verdict), entry("operate.performance", "skipped")].join(",");
        let text = format!(r#"{{"schema":1,"run":"loans","stage":"operate","verdicts":[{entries}]}}"#);
        context.write("monitor/ledger.json", text);
    };
    let command = retrain(&["--data", "new.csv", "--when", "monitor"]);
    let none = context.plumb(&command);
    assert_eq!(
        (none.code, none.stderr.contains("no ledger of a monitor")),
        (Some(2), true),
        "{}",
        none.stderr
    );
    monitor("pass");
    let quiet = context.plumb(&command);
    assert_eq!(
        (quiet.code, &said(&quiet)["decision"]),
        (Some(0), &Value::from("nothing")),
        "{}",
        quiet.stderr
    );
    monitor("fail");
    let mut child = start(&context, &command);
    assert!(wait_for(&mut child, || context.path("retrain/round-1/loans/job.toml").exists()));
    child.kill().unwrap();
    child.wait().unwrap();
    // What has begun is ended, although the monitor is content by then.
    monitor("pass");
    let fired = context.plumb(&command);
    assert_eq!(fired.code, Some(0), "{}", fired.stderr);
    let found = said(&fired);
    assert_eq!(found["trigger"][0]["id"], "operate.drift");
    assert_eq!(found["promoted"], true, "{found:#}");
    assert!(
        fired.stderr.contains("left out, because the champion does not read them: `height`"),
        "{}",
        fired.stderr
    );
    let quiet = context.plumb(&command);
    assert_eq!(
        (quiet.code, &said(&quiet)["decision"]),
        (Some(0), &Value::from("nothing")),
        "{}",
        quiet.stderr
    );
}

#[test]
fn a_bundle_by_itself_is_compared_and_one_that_does_not_know_its_rows_says_so() {
    let context = TestContext::new();
    champion(&context, &table(120), &[]);
    std::fs::remove_file(context.path("old/rows.json")).unwrap();
    let packaged = context.plumb(&["package", "old", "--out", "unknowing.plumb"]);
    assert_eq!(packaged.code, Some(0), "{}", packaged.stderr);
    context.write("new.csv", table(3000));
    let asked = |data: &[&str], out: &str| {
        let arguments = [&["retrain", "unknowing.plumb", "--json", "--out", out, "--data"], data].concat();
        let answer = context.plumb(&arguments);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        said(&answer)
    };
    let both = asked(&["old.csv", "new.csv"], "both");
    assert_eq!(both["untouched"]["known"], "files", "{both:#}");
    assert!(both["untouched"]["left_out"].as_u64().unwrap() > 5, "{both:#}");
    let alone = asked(&["new.csv"], "alone");
    assert_eq!(
        (&alone["untouched"]["known"], &alone["untouched"]["left_out"]),
        (&"no".into(), &0.into()),
        "{alone:#}"
    );
    assert_eq!((&alone["decision"], &alone["promoted"]), (&"promote".into(), &false.into()), "{alone:#}");
    assert_eq!(alone["ledger"]["verdicts"][0]["verdict"], "warn");
}

#[test]
fn with_keys_only_a_signed_champion_is_retrained_and_its_successor_is_signed() {
    let context = TestContext::new();
    assert_eq!(context.plumb(&["package", "--new-key", "key"]).code, Some(0));
    champion(&context, &table(120), &[]);
    context.write("new.csv", table(3000));
    let command = retrain(&["--data", "new.csv", "--key", "key.pub", "--sign", "key.pem"]);
    let refused = context.plumb(&command);
    assert_eq!((refused.code, refused.stderr.contains("model.sig")), (Some(1), true), "{}", refused.stderr);
    for command in [
        ["package", "old", "--out", "signed.plumb", "--sign", "key.pem"].as_slice(),
        &["registry", "add", "signed.plumb", "--name", "loans", "--alias", "champion", "--registry", "kept"],
    ] {
        assert_eq!(context.plumb(command).code, Some(0), "{command:?}");
    }
    let answer = context.plumb(&command);
    assert_eq!(said(&answer)["promoted"], true, "{}", answer.stderr);
    let get = ["registry", "get", CHAMPION, "--out", "out.plumb", "--registry", "kept", "--key", "key.pub"];
    assert_eq!(context.plumb(&get).code, Some(0));
}

fn start(context: &TestContext, arguments: &[&str]) -> Child {
    context.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until something is so; false when the process ended before.
fn wait_for(child: &mut Child, is_so: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    loop {
        if is_so() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "it does not come to that");
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn killed_at_every_step_it_ends_as_if_nothing_had_happened() {
    let context = TestContext::new();
    champion(&context, &table(120), &[]);
    context.write("new.csv", table(3000));
    let command = retrain(&["--data", "new.csv"]);
    let whole = context.plumb(&["retrain", "old.plumb", "--json", "--data", "new.csv", "--out", "whole"]);
    let expected = said(&whole);
    let registry = || std::fs::read_to_string(context.path("kept/models/loans.json")).unwrap();
    let is_there = |name: &'static str| {
        (name, Box::new(move |of: &TestContext| of.path(name).exists()) as Box<dyn Fn(&TestContext) -> bool>)
    };
    let steps = [
        is_there("retrain/round-1"),
        is_there("retrain/round-1/round.json"),
        is_there("retrain/round-1/loans/job.toml"),
        is_there("retrain/round-1/loans/split.parquet"),
        is_there("retrain/round-1/loans/history.jsonl"),
        is_there("retrain/round-1/loans/checkpoints/last"),
        is_there("retrain/round-1/loans/model"),
        is_there("retrain/round-1/loans/rows.json"),
        is_there("retrain/round-1/loans/predictions.parquet"),
        is_there("retrain/round-1/loans/metrics.json"),
        is_there("retrain/round-1/LICENSE"),
        is_there("retrain/round-1/loans.plumb"),
    ];
    let mut killed = 0;
    let mut kill_when = |is_so: &dyn Fn() -> bool| {
        let mut child = start(&context, &command);
        if wait_for(&mut child, is_so) {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        let (aliases, versions, _) = state(&context);
        let old = (aliases == serde_json::json!({"champion": 1})) && versions <= 2;
        let new = (aliases == serde_json::json!({"champion": 2})) && versions == 2;
        assert!(old || new, "{aliases} {versions}");
    };
    for (_, is_so) in &steps {
        kill_when(&|| is_so(&context));
    }
    kill_when(&|| registry().contains("\"version\": 2,\n"));
    kill_when(&|| registry().matches("\"aliased\"").count() == 2);
    kill_when(&|| context.path("retrain/round-1/ledger.json").exists());
    kill_when(&|| context.path("retrain/round-1/retrain.json").exists());
    assert!(killed >= 10, "{killed} kills");
    let answer = context.plumb(&command);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let found = said(&answer);
    assert_eq!(found["promoted"], true, "{found:#}");
    assert_eq!((&found["compared"], &found["untouched"]), (&expected["compared"], &expected["untouched"]));
    let (aliases, versions, actions) = state(&context);
    assert_eq!((aliases, versions), (serde_json::json!({"champion": 2}), 2), "nothing was added twice");
    assert_eq!(actions, ["added", "aliased", "added", "aliased"]);
    assert_eq!(context.names("retrain"), [".lock", "ledger.json", "report.html", "retrain.json", "round-1"]);
}

#[test]
fn of_two_that_promote_at_once_the_second_is_refused() {
    let context = TestContext::new();
    champion(&context, &table(120), &[]);
    context.write("new.csv", table(3000));
    // The second has begun, and is stopped; meanwhile another champion comes.
    let second = retrain(&["--data", "new.csv", "--out", "second", "--set", "train.seed=5"]);
    let mut child = start(&context, &second);
    assert!(wait_for(&mut child, || context.path("second/round-1/loans/job.toml").exists()));
    child.kill().unwrap();
    child.wait().unwrap();
    let first = context.plumb(&retrain(&["--data", "new.csv", "--out", "first"]));
    assert_eq!(said(&first)["promoted"], true, "{}", first.stderr);
    let answer = context.plumb(&second);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let found = said(&answer);
    assert_eq!((&found["promoted"], &found["decision"]), (&false.into(), &"refuse".into()), "{found:#}");
    let reason = found["reason"].as_str().unwrap();
    assert!(
        reason.contains("alias `champion` of `loans` points at version 2 by now, not at version 1"),
        "{reason}"
    );
    assert_eq!(state(&context).0, serde_json::json!({"champion": 2, "challenger": 3}));

    let together = ["third", "fourth"].map(|out| {
        let seed = if out == "third" { "train.seed=6" } else { "train.seed=7" };
        start(&context, &retrain(&["--data", "new.csv", "--not-worse", "0.5", "--out", out, "--set", seed]))
    });
    for mut child in together {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let promoted =
        ["third", "fourth"].map(|out| context.json(&format!("{out}/retrain.json"))["promoted"] == true);
    let (aliases, versions, _) = state(&context);
    assert_eq!(versions, 5);
    // Both began with version 2 unless one was done before the other began.
    let began_with = ["third", "fourth"]
        .map(|out| context.json(&format!("{out}/retrain.json"))["champion"]["version"].clone());
    if began_with[0] == began_with[1] {
        assert_eq!(promoted.iter().filter(|promoted| **promoted).count(), 1, "{aliases}");
    }
}

#[test]
fn a_loop_survives_a_round_that_fails_and_says_the_same_once() {
    let context = TestContext::new();
    champion(&context, &table(120), &[]);
    let log = || std::fs::read_to_string(context.path("retrain/log.jsonl")).unwrap_or_default();
    let mut child = start(&context, &retrain(&["--data", "incoming.csv", "--every", "1s", "--max", "6"]));
    assert!(wait_for(&mut child, || log().contains("\"failed\"")));
    context.write("incoming.csv", table(3000));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let lines: Vec<Value> = log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ended: Vec<&str> = lines.iter().map(|line| line["ended"].as_str().unwrap()).collect();
    assert_eq!(ended, ["failed", "promoted", "promoted"], "{lines:?}");
    assert_eq!((&lines[1]["before"], &lines[2]["before"]), (&false.into(), &true.into()));
    assert_eq!(state(&context).0, serde_json::json!({"champion": 2}));
}
