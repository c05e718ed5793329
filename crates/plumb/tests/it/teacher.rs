//! Runs that learn from the model of another one.

use crate::context::{Answer, TestContext, table};

const SHORT: [&str; 4] = ["--set", "train.epochs=3", "--set", "model.preset=mlp"];
const SMALL: [&str; 2] = ["--set", "model.hidden=[8]"];

fn run(context: &TestContext, out: &str, more: &[&str]) -> Answer {
    let data = ["run", "table.csv", "--target", "kind", "--out", out, "--json"];
    context.plumb(&[&data[..], &SHORT[..], more].concat())
}

/// A folder with a table and the run of a large network on it.
fn with_teacher() -> TestContext {
    let context = TestContext::new();
    context.write("table.csv", table(200));
    let answer = run(&context, "big", &[]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    context
}

#[test]
fn a_small_network_learns_from_a_run() {
    let context = with_teacher();
    let weights = |out: &str, more: &[&str]| {
        let answer = run(&context, out, &[&SMALL[..], more].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        context.json(&format!("{out}/metrics.json"))["weights_sha256"].clone()
    };
    let alone = weights("alone", &[]);
    let taught = weights("taught", &["--set", "train.teacher=big"]);
    assert_ne!(alone, taught);
    assert_eq!(taught, weights("again", &["--set", "train.teacher=big"]));
    let nothing = ["--set", "train.teacher=big", "--set", "train.distill_weight=0"];
    assert_eq!(alone, weights("nothing", &nothing));
    let features = ["--set", "train.teacher=big", "--set", "train.distill_features=1"];
    assert_ne!(taught, weights("features", &features));
    assert!(context.read("taught/job.toml").contains("/big\""));
}

#[test]
fn a_teacher_that_knows_the_judged_rows_or_predicts_something_else_is_refused() {
    let context = with_teacher();
    let refused = |out: &str, more: &[&str]| {
        let answer = run(&context, out, &[&["--set", "train.teacher=big"], more].concat());
        assert_eq!(answer.code, Some(2), "{}", answer.stderr);
        answer.stderr
    };
    // Another seed parts the rows in another way.
    let other_split = refused("split", &["--set", "train.seed=5"]);
    assert!(other_split.contains("of the valid and test rows, by which the student"), "{other_split}");
    assert!(other_split.contains("hint: train the teacher on the same `data.*`"), "{other_split}");
    let folds = refused("folds", &["--set", "split.folds=3"]);
    assert!(folds.contains("hint: set `split.folds` to 0"), "{folds}");
    let other_target = context.plumb(&[
        "run",
        "table.csv",
        "--target",
        "site",
        "--out",
        "refused",
        "--set",
        "train.teacher=big",
    ]);
    assert_eq!(other_target.code, Some(2), "{}", other_target.stderr);
    let other_target = other_target.stderr;
    assert!(
        other_target.contains("the teacher predicts classes `long`, `short` of `kind`"),
        "{other_target}"
    );
    context.write("table.csv", table(220));
    let other_rows = refused("rows", &[]);
    assert!(other_rows.contains("rows of the data are not those of its run"), "{other_rows}");
    let nobody = run(&context, "nobody", &["--set", "train.teacher=nowhere"]);
    assert_eq!(nobody.code, Some(2), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("no model in the folder"), "{}", nobody.stderr);
}
