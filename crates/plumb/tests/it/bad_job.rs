//! Jobs that cannot be run: one sentence, the lines at fault, a hint, exit code 2, and no folder.

use std::fmt::Write as _;

use crate::context::{TestContext, assert_snapshot, table};

const JOBS: [(&str, &str); 11] = [
    ("an unknown key", "[train]\nepoch = 3\n"),
    ("a rate of -1", "[train]\nlr = -1\n"),
    ("a share of 2", "[split]\nvalid = 2\n"),
    ("an unknown word", "[train]\noptimizer = \"adamm\"\n"),
    ("no TOML", "[train\n"),
    ("an unknown practice", "[gates]\nfail = [\"data.leak\"]\n"),
    ("an unknown metric", "[evaluate]\nprimary = \"acuracy\"\n"),
    ("nothing to train on", "[split]\nvalid = 0.6\ntest = 0.6\n"),
    ("a method without its column", "[split]\nmethod = \"group\"\n"),
    ("one fold", "[split]\nfolds = 1\n"),
    ("repeats without folds", "[split]\nrepeats = 3\n"),
];

#[test]
fn bad_jobs_are_refused_before_any_work() {
    let context = TestContext::new();
    context.write("table.csv", table(60));
    let mut all = String::new();
    for (name, keys) in JOBS {
        context.write("job.toml", format!("[data]\nfiles = [\"table.csv\"]\ntarget = \"kind\"\n\n{keys}"));
        let answer = context.plumb(&["run", "job.toml", "--out", "out"]);
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(2), ""), "{name}: {}", answer.stderr);
        assert!(!context.path("out").exists(), "{name}");
        writeln!(all, "# {name}\n{}", answer.stderr).unwrap();
    }
    assert_snapshot("bad-jobs", &all);
}

#[test]
fn what_the_data_lacks_is_named() {
    let context = TestContext::new();
    context.write("table.csv", table(60));
    let refused = |arguments: &[&str]| {
        let answer = context.plumb(&[&["check", "table.csv"], arguments].concat());
        assert_eq!(answer.stdout, "", "{}", answer.stderr);
        answer.stderr
    };
    assert!(refused(&["--target", "kinds"]).contains("did you mean `kind`?"));
    assert!(refused(&[]).contains("`data.target` is missing"));
    let group = ["--target", "kind", "--set", "split.method=group", "--set", "split.column=sight"];
    assert!(refused(&group).contains("`site`"));
    let by = ["--target", "kind", "--set", "evaluate.groups=[\"sits\"]"];
    assert!(refused(&by).contains("did you mean `site`?"));
}
