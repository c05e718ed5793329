//! Why a run's model says what it says.

use std::fmt::Write as _;

use serde_json::Value;

use crate::context::TestContext;

/// A model of a table in which `strong` decides, `weak` helps, `kind` shifts and `noise` does nothing.
fn trained(context: &TestContext) {
    let mut table = "strong,weak,kind,noise,label\n".to_owned();
    for row in 0..800 {
        let stream = plumb_ledger::Seed(row).stream("explain");
        let [strong, weak, noise] = [0, 1, 2].map(|at| stream.normal(at));
        let kind = ["red", "blue"][stream.below(10, 2)];
        let shift = if kind == "red" { 0.5 } else { -0.5 };
        let label = if 3.0 * strong + weak + shift + 0.3 * stream.normal(11) > 0.0 { "yes" } else { "no" };
        writeln!(table, "{strong:.4},{weak:.4},{kind},{noise:.4},{label}").unwrap();
    }
    context.write("data.csv", table);
    let answer =
        context.plumb(&["run", "data.csv", "--target", "label", "--out", "model", "--set", "train.epochs=8"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
}

fn explained(context: &TestContext, more: &[&str]) -> Value {
    let arguments: Vec<&str> = ["explain", "model", "--json"].iter().chain(more).copied().collect();
    let answer = context.plumb(&arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn the_columns_that_decide_are_named_and_the_explanation_is_judged() {
    let context = TestContext::new();
    trained(&context);
    let answer = explained(&context, &["--rows", "12", "--out", "explained"]);
    let worth = |name: &str, what: &str| {
        let all = answer["explanation"]["importance"].as_array().unwrap();
        all.iter().find(|of| of["column"] == name).unwrap()[what].as_f64().unwrap()
    };
    for what in ["loss", "size"] {
        assert!(
            worth("strong", what) > 2.0 * worth("weak", what),
            "{what}: {}",
            answer["explanation"]["importance"]
        );
        assert!(
            worth("weak", what) > worth("noise", what),
            "{what}: {}",
            answer["explanation"]["importance"]
        );
    }
    assert_eq!(answer["explanation"]["method"], "shap, all coalitions");
    for id in ["explain.additive", "explain.stable", "explain.sane"] {
        let all = answer["ledger"]["verdicts"].as_array().unwrap();
        let found = all.iter().find(|entry| entry["id"] == id).unwrap();
        assert_eq!(found["verdict"], "pass", "{id}: {}", found["summary"]);
    }
    let rows = answer["explanation"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 12);
    let decided = rows.iter().filter(|row| row["columns"][0]["column"] == "strong").count();
    assert!(decided >= 7, "{decided} of 12");
    for turned in answer["explanation"]["counterfactuals"].as_array().unwrap() {
        assert_ne!(turned["before"], turned["after"]);
        assert!(!turned["changes"].as_array().unwrap().is_empty());
    }
    for file in ["explanation.json", "explanations.parquet", "report.html", "ledger.json"] {
        assert!(context.path("explained").join(file).is_file(), "{file}");
    }
    assert!(context.read("explained/report.html").contains("What each column is worth"));

    let walked = explained(&context, &["--rows", "12", "--method", "permutation", "--budget", "60"]);
    assert_eq!(walked["explanation"]["method"], "shap, drawn coalitions");
    by_gradients_and_by_sampling(&context, &answer);
    let traced = answer["explanation"]["influence"].as_array().unwrap();
    let agree = |of: &&Value| of["for"][0]["label"] == of["output"];
    assert_eq!((traced.len(), traced.iter().filter(agree).count() > 5), (10, true), "{traced:?}");
    assert_eq!(answer["explanation"]["prototypes"].as_array().unwrap().len(), 2);

    // More rows than are explained a second time.
    let many = explained(&context, &["--rows", "40"]);
    let all = many["ledger"]["verdicts"].as_array().unwrap();
    assert_eq!(all.iter().find(|entry| entry["id"] == "explain.stable").unwrap()["evidence"]["rows"], 30);

    let local = explained(&context, &["--rows", "12", "--method", "lime", "--neighbours", "near.parquet"]);
    assert!(context.path("near.parquet").is_file());
    let rows = local["explanation"]["rows"].as_array().unwrap();
    let decided = rows.iter().filter(|row| row["columns"][0]["column"] == "strong").count();
    assert!(decided >= 7, "{decided} of 12 by LIME");
}

/// The trained network once more, in three other ways, beside all coalitions.
fn by_gradients_and_by_sampling(context: &TestContext, exact: &Value) {
    for (method, name) in [
        ("expected-gradients", "expected gradients"),
        ("integrated-gradients", "integrated gradients"),
        ("sampling", "shap, drawn coalitions and background rows"),
    ] {
        let answer = explained(context, &["--rows", "12", "--method", method]);
        assert_eq!(answer["explanation"]["method"], name);
        for id in ["explain.additive", "explain.stable", "explain.sane"] {
            let all = answer["ledger"]["verdicts"].as_array().unwrap();
            let found = all.iter().find(|entry| entry["id"] == id).unwrap();
            assert_eq!(found["verdict"], "pass", "{method} {id}: {found}");
        }
        let first = |answer: &Value, row: usize| answer["explanation"]["rows"][row]["columns"][0].clone();
        let same =
            (0..12).filter(|&row| first(&answer, row)["column"] == first(exact, row)["column"]).count();
        assert!(same >= 10, "{method}: {same} of 12 have the same strongest column");
        let has_error = first(&answer, 0)["error"].is_number();
        assert_eq!(has_error, method != "integrated-gradients", "{method}");
    }
    let from = explained(
        context,
        &["--rows", "12", "--method", "integrated-gradients", "--baseline", "3", "--budget", "1000"],
    );
    assert_eq!(from["explanation"]["background_rows"], serde_json::json!([3]));
    let verdicts = from["ledger"]["verdicts"].as_array().unwrap();
    let of = |id: &str| verdicts.iter().find(|entry| entry["id"] == id).unwrap()["verdict"].clone();
    assert_eq!((of("explain.additive"), of("explain.stable")), ("pass".into(), "skipped".into()));
}

#[test]
fn a_run_whose_own_data_is_gone_is_explained_without_train_rows() {
    let context = TestContext::new();
    trained(&context);
    std::fs::rename(context.path("data.csv"), context.path("new.csv")).unwrap();
    let answer = explained(&context, &["--data", "new.csv", "--rows", "5", "--background", "10"]);
    let found = &answer["explanation"];
    assert_eq!(found["rows"].as_array().unwrap().len(), 5);
    for of_train in ["influence", "prototypes"] {
        assert_eq!(found[of_train].as_array().map(Vec::len), Some(0), "{of_train}: {}", found[of_train]);
    }
    context.plumb(&["explain", "model", "--data", "new.csv", "--rows", "5", "--out", "explained"]);
    assert!(context.read("explained/report.html").contains("What each column is worth"));
}

#[test]
fn what_cannot_be_asked_is_not_explained() {
    let context = TestContext::new();
    context.write("predictions.csv", "x,label,score\n1,yes,0.9\n2,no,0.2\n3,yes,0.7\n4,no,0.4\n");
    let answer = context.plumb(&["explain", "predictions.csv", "--target", "label"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("cannot be asked why"), "{}", answer.stderr);
    let answer = context.plumb(&["explain", "predictions.csv", "--neighbours", "near.parquet"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("only LIME has neighbours"), "{}", answer.stderr);
    let answer = context.plumb(&["explain", "predictions.csv", "--baseline", "3"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("only integrated gradients start from one row"), "{}", answer.stderr);
}
