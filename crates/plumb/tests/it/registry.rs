//! Bundles by name and version: in, out, aliases, rollback, what is refused.

use plumb_package::description::{Origin, SCHEMA};
use plumb_package::{Bundle, BundleLimits, Description, Files};
use plumb_stats::Task;

use crate::context::TestContext;

/// A small bundle, which no model is behind, with these weights.
fn bundle(context: &TestContext, file: &str, weights: f64) {
    let limits = BundleLimits::DEFAULT;
    let mut files = Files::default();
    let metrics = format!(
        r#"{{"primary": "accuracy", "judged": "test", "test": {{"accuracy": {{"value": {weights}, "low": 0.5, "high": 0.9, "n": 10, "method": "x"}}}}}}"#
    );
    files.insert("metrics.json", metrics.into_bytes(), &limits).unwrap();
    files.insert("ledger.json", b"{}".to_vec(), &limits).unwrap();
    let about = Description {
        schema: SCHEMA,
        plumb: "0.1.0".to_owned(),
        name: "loans".to_owned(),
        task: Task::Binary,
        target: "paid".to_owned(),
        classes: vec!["no".to_owned(), "yes".to_owned()],
        inputs: Vec::new(),
        origin: Origin { run: "loans-1".to_owned(), data_sha256: Some("ab".repeat(32)), ..Origin::default() },
        files: Vec::new(),
        sha256: String::new(),
    };
    Bundle::seal(files, about, None).unwrap().write(&context.path(file)).unwrap();
}

fn says(context: &TestContext, arguments: &[&str], words: &str) {
    let mut all = vec!["registry"];
    all.extend(arguments);
    let answer = context.plumb(&all);
    assert_eq!(answer.code, Some(0), "{arguments:?}: {}", answer.stderr);
    assert!(answer.stdout.contains(words), "{arguments:?}: {}", answer.stdout);
}

#[test]
fn a_bundle_comes_in_is_pointed_at_and_comes_out() {
    let context = TestContext::new();
    bundle(&context, "one.plumb", 0.7);
    bundle(&context, "two.plumb", 0.8);
    let here = ["--registry", "kept"];
    let with = |arguments: &[&'static str]| [arguments, &here].concat();
    says(&context, &with(&["add", "one.plumb", "--alias", "champion"]), "loans:1; champion points at 1");
    says(&context, &with(&["add", "two.plumb", "--parent", "loans:1", "--alias", "challenger"]), "loans:2");
    says(&context, &with(&["add", "two.plumb"]), "loans:2 is this bundle already");
    says(&context, &with(&["alias", "loans@challenger", "champion"]), "champion points at 2, before at 1");
    says(&context, &with(&["list"]), "loans  2 versions, latest 2; challenger 2, champion 2");
    says(
        &context,
        &with(&["show", "loans"]),
        "from loans:1, data abababababab, metric accuracy 0.8 (0.5 to 0.9)",
    );
    says(&context, &with(&["get", "loans@champion", "--out", "out.plumb"]), "out.plumb (loans:2, 3 files)");
    assert_eq!(context.read("out.plumb"), context.read("two.plumb"));
    says(&context, &with(&["rollback", "loans", "champion"]), "champion points at 1, before at 2");
}

#[test]
fn what_cannot_be_done_is_refused_with_a_hint() {
    let context = TestContext::new();
    bundle(&context, "one.plumb", 0.7);
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let answer = context.plumb(&[&["registry"], arguments].concat());
        assert_eq!(answer.code, Some(code), "{arguments:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(words) && answer.stderr.contains("hint: "), "{}", answer.stderr);
    };
    refused(&["list"], 1, "there is no registry");
    assert_eq!(context.plumb(&["registry", "add", "one.plumb", "--alias", "champion"]).code, Some(0));
    refused(&["show", "loan"], 2, "the registry has no model `loan`");
    refused(&["get", "loans:7", "--out", "x.plumb"], 2, "`loans` has no version 7");
    refused(&["alias", "loans:1", "../x"], 2, "`../x` is no name");
    refused(&["rollback", "loans", "champion"], 1, "has pointed at nothing else");
    refused(&["remove", "loans:1"], 1, "alias `champion` points at version 1");
    refused(&["remove", "loans"], 2, "needs the number of the version");
    // The state folder of the test holds it, since no other was named.
    let object = std::fs::read_dir(context.path("state/registry/objects")).unwrap().next().unwrap().unwrap();
    std::fs::write(object.path(), b"changed").unwrap();
    refused(&["get", "loans:1", "--out", "x.plumb"], 1, "is damaged, its digest is another");
    assert!(!context.path("x.plumb").exists());
}

#[test]
fn a_damaged_bundle_does_not_come_in() {
    let context = TestContext::new();
    bundle(&context, "one.plumb", 0.7);
    let mut bytes = std::fs::read(context.path("one.plumb")).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    context.write("changed.plumb", bytes);
    let answer = context.plumb(&["registry", "add", "changed.plumb"]);
    assert!(answer.code.is_some_and(|code| code > 0), "{}", answer.stdout);
    assert!(!context.path("state/registry").exists(), "nothing was made for it");
}
