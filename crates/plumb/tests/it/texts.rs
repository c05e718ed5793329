//! Columns of texts: split into tokens, learned by a Transformer, held against terms and their frequencies.

use crate::context::TestContext;

/// Sentences about one of two things, in words that the other has too.
fn reviews(rows: usize) -> String {
    let (food, work) = (["soup", "bread", "salt", "oven"], ["desk", "letter", "meeting", "office"]);
    let rest = ["the", "was", "very", "good", "and", "not", "so", "bad", "today", "again", "here"];
    let mut table = "review,stars,about\n".to_owned();
    for row in 0..rows {
        let stream = plumb_ledger::Seed(row as u64).stream("reviews");
        let (own, about) = if row % 2 == 0 { (food, "food") } else { (work, "work") };
        let mut words: Vec<&str> = (0..8).map(|at| rest[stream.below(at, rest.len())]).collect();
        words.insert(stream.below(20, words.len()), own[stream.below(21, own.len())]);
        let row = [format!("\"{}\"", words.join(" ")), stream.below(22, 5).to_string(), about.to_owned()];
        table.extend([row.join(","), "\n".to_owned()]);
    }
    table
}

#[test]
fn a_table_of_texts_is_learned_beside_its_terms() {
    let context = TestContext::new();
    context.write("reviews.csv", reviews(400));
    let settings = ["--set", "train.epochs=6", "--set", "data.kinds.review=text"];
    let run = |out: &'static str| {
        let arguments: Vec<&str> =
            ["run", "reviews.csv", "--target", "about", "--out", out].into_iter().chain(settings).collect();
        let answer = context.plumb(&arguments);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        context.json(&format!("{out}/metrics.json"))
    };
    let metrics = run("a");
    let accuracy = metrics["test"]["accuracy"]["value"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
    assert!(metrics["baselines"].to_string().contains("tfidf"), "{}", metrics["baselines"]);
    assert!(context.read("a/job.toml").contains("preset = \"transformer\""));
    assert!(context.read("a/model/model.json").contains("\"vocabulary\""));
    assert_eq!(metrics["weights_sha256"], run("b")["weights_sha256"]);
}

#[test]
fn presets_and_texts_must_go_together() {
    let context = TestContext::new();
    context.write("reviews.csv", reviews(60));
    let check = |settings: &[&str]| {
        let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
        let arguments = ["check", "reviews.csv", "--target", "about"].into_iter().chain(settings);
        context.plumb(&arguments.collect::<Vec<_>>())
    };
    let answer = check(&["data.kinds.review=ignore", "model.preset=transformer"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("is for texts, the data has none"), "{}", answer.stderr);
    let answer = check(&["data.kinds.review=text", "prepare.tokens=4", "model.hidden=[8]"]);
    assert!(answer.stderr.contains("no hidden layers"), "{}", answer.stderr);
}
