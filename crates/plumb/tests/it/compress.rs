//! Smaller models from finished runs.

use serde_json::Value;

use crate::context::{TestContext, table};

fn trained(context: &TestContext) {
    context.write("data.csv", table(600));
    let settings = ["model.preset=mlp", "train.epochs=20", "split.test=0.3"];
    let sets = settings.iter().flat_map(|set| ["--set", set]);
    let arguments: Vec<&str> =
        ["run", "data.csv", "--target", "kind", "--out", "big"].into_iter().chain(sets).collect();
    let answer = context.plumb(&arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
}

fn compressed(context: &TestContext, out: &str, more: &[&str]) -> Value {
    let arguments: Vec<&str> =
        ["compress", "big", "--out", out, "--json"].iter().chain(more).copied().collect();
    let answer = context.plumb(&arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

fn verdict<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let all = answer["verdicts"].as_array().unwrap();
    &all.iter().find(|entry| entry["id"] == id).unwrap_or_else(|| panic!("no {id}"))["verdict"]
}

#[test]
fn a_run_in_eight_bits_is_a_run_that_answers_in_eight_bits() {
    let context = TestContext::new();
    trained(&context);
    let answer = compressed(&context, "small", &["--int8"]);
    let variants = answer["compression"]["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 2);
    for variant in variants {
        let batches: Vec<u64> =
            variant["latency"].as_array().unwrap().iter().map(|of| of["batch"].as_u64().unwrap()).collect();
        assert_eq!(batches, [1, 8]);
        assert!(
            variant["latency"].as_array().unwrap().iter().all(|of| of["median_ms"].as_f64().unwrap() > 0.0)
        );
    }
    assert_eq!(*verdict(&answer, "compress.accuracy-kept"), "pass");
    let layers = answer["compression"]["layers"].as_array().unwrap();
    assert!(!layers.is_empty() && layers.iter().all(|layer| layer["cost"].as_f64().unwrap() >= 0.0));
    // The file answers where the network did, and says what the command said that it says.
    let judged = context.plumb(&["evaluate", "small", "--json"]);
    assert_eq!(judged.code, Some(0), "{}", judged.stderr);
    let judged: Value = serde_json::from_str(&judged.stdout).unwrap();
    assert_eq!(judged["metrics"]["test"]["accuracy"]["value"], variants[1]["kept"]["after"]);
    let page = context.read("small/report.html");
    assert!(page.contains("What was made smaller") && page.contains("products in 8 bits"));
    for name in
        ["model/model.onnx", "model/int8.onnx", "compress.json", "predictions.parquet", "split.parquet"]
    {
        assert!(context.path("small").join(name).is_file(), "{name}");
    }
    let compared = context.plumb(&["compare", "big", "small"]);
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
    // The same once more: everything but times.
    compressed(&context, "again", &["--int8"]);
    let read = |run: &str| std::fs::read(context.path(run).join("model/int8.onnx")).unwrap();
    assert!(read("small") == read("again"), "the same run gives the same file");
}

#[test]
fn weights_alone_make_a_smaller_file_that_need_not_be_faster() {
    let context = TestContext::new();
    trained(&context);
    let answer = compressed(&context, "half", &["--weights", "f16"]);
    let bytes = |at: usize| answer["compression"]["variants"][at]["bytes"].as_u64().unwrap();
    assert!(bytes(1) < bytes(0));
    assert_eq!(*verdict(&answer, "compress.faster"), "skipped");
    assert_eq!(*verdict(&answer, "compress.accuracy-kept"), "pass");
    assert!(context.path("half/model/f16.onnx").is_file());
}

#[test]
fn what_cannot_be_done_is_refused_and_leaves_nothing() {
    let context = TestContext::new();
    trained(&context);
    let nothing = context.plumb(&["compress", "big"]);
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.stderr.contains("hint: ") && nothing.stderr.contains("--int8"), "{}", nothing.stderr);
    let gate = context.plumb(&["compress", "big", "--int8", "--gate", "compress.nothing"]);
    assert_eq!(gate.code, Some(2), "{}", gate.stderr);
    let no_run = context.plumb(&["compress", "nowhere", "--int8"]);
    assert_eq!(no_run.code, Some(2), "{}", no_run.stderr);
    assert!(!context.path("big-compressed").exists() && !context.path("nowhere-compressed").exists());
}

#[test]
fn a_student_loses_units_and_answers_in_eight_bits() {
    let context = TestContext::new();
    trained(&context);
    context.write("student.toml", "[model]\npreset = \"mlp\"\nhidden = [64]\n\n[train]\nepochs = 20\n");
    let steps = ["--distill", "student.toml", "--prune", "0.5", "--steps", "2", "--epochs", "2", "--int8"];
    let answer = compressed(&context, "small", &steps);
    let variants = answer["compression"]["variants"].as_array().unwrap();
    let names: Vec<&str> = variants.iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["as it was", "student", "student, pruned", "student, pruned, 8 bits"]);
    let numbers: Vec<u64> = variants.iter().map(|of| of["parameters"].as_u64().unwrap()).collect();
    assert!(numbers[1] < numbers[0] && numbers[2] < numbers[1] && numbers[3] == numbers[2], "{numbers:?}");
    assert!(context.read("small/job.toml").contains("distill_temperature"));
    let judged = context.plumb(&["evaluate", "small", "--json"]);
    assert_eq!(judged.code, Some(0), "{}", judged.stderr);
    let judged: Value = serde_json::from_str(&judged.stdout).unwrap();
    assert_eq!(judged["metrics"]["test"]["accuracy"]["value"], variants[3]["kept"]["after"]);
}
