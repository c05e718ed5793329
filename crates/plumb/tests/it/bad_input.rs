//! Data and folders that cannot be used: a one-line error with a hint and the documented exit code, or a verdict;
//! never a panic, never a half-written folder.

use std::fmt::Write as _;

use crate::context::{Answer, TestContext, table};

/// Runs on a file of this content and holds the answer against the exit code; the file's name tells its format.
fn refused(name: &str, content: impl AsRef<[u8]>, code: i32, says: &str) {
    let context = TestContext::new();
    context.write(name, content);
    let answer = context.plumb(&["run", name, "--target", "kind", "--out", "out", "--set", "train.epochs=2"]);
    assert_eq!(answer.code, Some(code), "{name}: {}", answer.stderr);
    assert!(answer.stderr.contains(says), "{name}: {}", answer.stderr);
    is_clean(&answer, name);
    if context.path("out").exists() {
        assert!(
            context.path("out/ledger.json").exists(),
            "{name}: a folder is left of a run that never began"
        );
        assert!(!context.path("out/metrics.json").exists(), "{name}: a run that failed looks finished");
        assert!(context.names("out").iter().all(|name| !name.contains(".part")), "{name}");
    }
}

fn is_clean(answer: &Answer, name: &str) {
    assert!(!answer.stderr.contains("panicked"), "{name}: {}", answer.stderr);
    let errors = answer.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    let hints = answer.stderr.lines().filter(|line| line.starts_with("hint: ")).count();
    assert_eq!((errors, hints), (1, 1), "{name}: {}", answer.stderr);
    assert_eq!(answer.stdout, "", "{name}");
}

const HEADER: &str = "length,width,site,kind\n";

#[test]
fn tables_that_hold_nothing_to_learn() {
    refused("empty.csv", "", 4, "empty file");
    refused("header.csv", HEADER, 4, "only a header");
    refused("one-row.csv", format!("{HEADER}1,2,north,long\n"), 4, "one class");
    let same =
        |value: &str| HEADER.to_owned() + &format!("1,2,north,{value}\n2,3,south,{value}\n").repeat(30);
    refused("one-class.csv", same("long"), 4, "one class only: `long`");
    refused("constant.csv", same("1.5"), 4, "constant");
    refused("no-label.csv", same(""), 4, "no value in any row");
    refused("no-target.csv", table(60).replace("kind", "kinds"), 4, "did you mean `kinds`?");
}

#[test]
fn tables_with_bad_names() {
    refused("twice.csv", table(60).replace("width", "length"), 4, "`length` stands twice");
    refused("nameless.csv", table(60).replace("width", ""), 4, "no name");
    let wide: Vec<String> = (0..16_400).map(|i| format!("c{i}")).collect();
    refused(
        "wide.csv",
        format!("{}\n{}\n", wide.join(","), "1,".repeat(16_399) + "1"),
        4,
        "the limit is 16384",
    );
}

#[test]
fn files_that_are_no_tables() {
    refused("torn.parquet", b"PAR1\x15\x04\x15\x10", 4, "Parquet");
    refused("pickle.csv", b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00", 4, "hint: ");
    let long = format!("{HEADER}1,2,\"{},long\n", "x".repeat(3 << 20));
    refused("long-field.csv", long, 4, "field");
}

#[test]
fn paths_that_lead_nowhere() {
    let context = TestContext::new();
    let answer = context.plumb(&["run", "nothing.csv", "--target", "kind", "--out", "out"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    is_clean(&answer, "nothing.csv");
    let answer = context.plumb(&["run", "nothing.toml", "--out", "out2"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(!context.path("out2").exists());
}

#[test]
fn a_wrong_type_deep_in_the_file_is_listed_and_the_run_goes_on() {
    let context = TestContext::new();
    let mut lines: Vec<String> = table(12_000).lines().map(str::to_owned).collect();
    lines[10_001] = "ten,1.0,north,long".to_owned();
    context.write("table.csv", lines.join("\n"));
    let answer = context.plumb(&["audit", "table.csv", "--target", "kind", "--json"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stdout.contains("10002") || answer.stdout.contains("10001"), "{}", answer.stdout);
}

#[test]
fn a_label_that_only_test_has_ends_in_a_sentence_or_a_verdict() {
    let context = TestContext::new();
    let mut text = "length,part,kind\n".to_owned();
    for row in 0..90 {
        let (part, kind) = match row {
            0..60 => ("train", ["long", "short"][row % 2]),
            60..75 => ("valid", ["long", "short"][row % 2]),
            _ => ("test", ["long", "short", "odd"][row % 3]),
        };
        writeln!(text, "{}.5,{part},{kind}", row * 7 % 31).unwrap();
    }
    context.write("table.csv", text);
    let split = ["--set", "split.method=column", "--set", "split.column=part", "--set", "train.epochs=2"];
    let answer =
        context.plumb(&[&["run", "table.csv", "--target", "kind", "--out", "out"], &split[..]].concat());
    assert!(matches!(answer.code, Some(0 | 4)), "{:?} {}", answer.code, answer.stderr);
    assert!(answer.stderr.contains("odd"), "{}", answer.stderr);
}

#[test]
fn folders_that_cannot_be_had() {
    let context = TestContext::new();
    context.write("table.csv", table(60));
    context.write("used/notes.txt", "mine");
    let run = |out: &str| {
        let answer = context.plumb(&["run", "table.csv", "--target", "kind", "--out", out]);
        assert_eq!(answer.code, Some(2), "{out}: {}", answer.stderr);
        is_clean(&answer, out);
        answer.stderr
    };
    assert!(run("used").contains("the folder is not empty"));
    assert_eq!(context.names("used"), [".lock", "notes.txt"]);
    assert!(run("table.csv").contains("cannot use the folder"));
    assert!(run("/proc/plumb").contains("cannot use the folder"), "a place that nobody can write to");
    let resumed = context.plumb(&["run", "--resume", "used"]);
    assert_eq!(resumed.code, Some(2));
    assert!(resumed.stderr.contains("no run to resume"), "{}", resumed.stderr);
}

#[test]
fn names_that_would_steer_a_terminal_are_shown_escaped() {
    let context = TestContext::new();
    context.write("table.csv", table(60).replace("width", "\u{1b}[31mwidth"));
    let answer = context.plumb(&["audit", "table.csv", "--target", "nothing"]);
    assert!(!answer.stderr.contains('\u{1b}') && !answer.stdout.contains('\u{1b}'), "{}", answer.stderr);
}
