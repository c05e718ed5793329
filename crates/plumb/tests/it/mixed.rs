//! Tables whose rows hold a picture, a text, numbers and categories: one network learns from all of them.

use std::fmt::Write as _;

use crate::context::TestContext;
use crate::pictures::bars;

/// Rows of a picture of bars, a sentence about food or work, a number and a colour. The class is what picture and sentence say
/// together; the rest says nothing.
fn rows(context: &TestContext, rows: usize) {
    let (food, work) = (["soup", "bread", "salt", "oven"], ["desk", "letter", "meeting", "office"]);
    let rest = ["the", "was", "very", "good", "and", "not", "so", "bad", "today", "again"];
    let mut table = "picture,note,weight,colour,class\n".to_owned();
    for row in 0..rows {
        let stream = plumb_ledger::Seed(row as u64).stream("mixed");
        let (upright, about_food) = (row % 2 == 0, row / 2 % 2 == 0);
        let own = if about_food { food } else { work };
        let words: Vec<&str> = (0..9)
            .map(|at| if at % 3 == 1 { own[stream.below(at, 4)] } else { rest[stream.below(at, 10)] })
            .collect();
        let class = match (upright, about_food) {
            (true, true) => "a",
            (true, false) => "b",
            (false, _) => "c",
        };
        context.write(&format!("pictures/{row}.png"), bars(upright, row));
        let colour = ["red", "green", "blue"][stream.below(50, 3)];
        writeln!(table, "pictures/{row}.png,{},{:.3},{colour},{class}", words.join(" "), stream.normal(60))
            .unwrap();
    }
    context.write("rows.csv", table);
}

#[test]
fn a_mixed_table_is_learned_and_every_column_has_its_share() {
    let context = TestContext::new();
    rows(&context, 300);
    let kinds =
        ["data.kinds.picture=image", "data.kinds.note=text", "train.epochs=12", "evaluate.primary=accuracy"];
    let run = |out: &str, more: &[&str]| {
        let settings = kinds.iter().chain(more).flat_map(|setting| ["--set", *setting]);
        let arguments = ["run", "rows.csv", "--target", "class", "--out", out].into_iter().chain(settings);
        let answer = context.plumb(&arguments.collect::<Vec<_>>());
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        context.json(&format!("{out}/metrics.json"))
    };
    let metrics = run("a", &[]);
    let accuracy = metrics["test"]["accuracy"]["value"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
    let job = context.read("a/job.toml");
    assert!(job.contains("preset = \"mixed\"") && job.contains("combiner = \"concatenate\""), "{job}");
    let ledger = context.json("a/ledger.json");
    let entry = ledger["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["id"] == "explain.column-shares")
        .unwrap();
    let columns = entry["evidence"]["columns"].as_array().unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column["column"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 4);
    assert!(names[..2].contains(&"picture") && names[..2].contains(&"note"), "{names:?}");
    assert!(
        columns[1]["low"].as_f64().unwrap() > 0.0 && columns[3]["error_growth"].as_f64().unwrap() < 0.1,
        "{columns:?}"
    );
    // Whatever the number of loaders.
    assert_eq!(metrics["weights_sha256"], run("b", &["train.workers=3"])["weights_sha256"]);
    let attention = run("c", &["model.combiner=attention"]);
    assert!(
        attention["test"]["accuracy"]["value"].as_f64().unwrap() > 0.8,
        "{}",
        attention["test"]["accuracy"]
    );
}
