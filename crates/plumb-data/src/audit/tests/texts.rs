//! Clean texts, and each fault planted into them, one at a time.

use plumb_ledger::{Seed, Verdict};

use super::{ask, context};
use crate::audit::AuditContext;
use crate::{Column, Kind, Table, Target};

const ROWS: usize = 1_000;
const FOOD: [&str; 8] = ["soup", "bread", "salt", "oven", "dinner", "plate", "taste", "spices"];
const WORK: [&str; 8] =
    ["desk", "letter", "meeting", "office", "manager", "printer", "deadline", "colleague"];
const REST: [&str; 24] = [
    "the", "was", "very", "good", "and", "not", "bad", "today", "again", "here", "because", "some", "people",
    "there", "would", "never", "with", "about", "other", "things", "which", "after", "before", "always",
];

/// Sentences about one of two things, three words of ten about it.
fn sentence(row: usize) -> String {
    let chance = Seed(row as u64).stream("sentence");
    let own = if row.is_multiple_of(2) { FOOD } else { WORK };
    let word = |at: u64| {
        if chance.at(1).uniform(at) < 0.3 {
            own[chance.at(2).below(at, 8)]
        } else {
            REST[chance.at(3).below(at, 24)]
        }
    };
    (0..20).map(word).collect::<Vec<&str>>().join(" ")
}

fn of(text: impl Fn(usize) -> String, label: impl Fn(usize) -> bool) -> AuditContext {
    let texts: Vec<String> = (0..ROWS).map(text).collect();
    let labels = (0..ROWS).map(|row| Some(if label(row) { "food" } else { "work" }));
    let parts = (0..ROWS).map(|row| Some(if row < 800 { "train" } else { "test" }));
    let columns = vec![
        Column::text("text", Kind::Text, texts.iter().map(Some)),
        Column::category("about", Kind::Category, labels),
        Column::category("part", Kind::Ignore, parts),
    ];
    let mut context = context(Table::new(columns).unwrap());
    context.target = Some(Target::of(&context.table, "about", None).unwrap());
    context.parts = Some("part".to_owned());
    context
}

fn is_food(row: usize) -> bool {
    row.is_multiple_of(2)
}

const ASKED: [&str; 6] = [
    "data.duplicates",
    "data.conflicting-labels",
    "data.label-noise",
    "data.target-leakage",
    "data.damaged-texts",
    "data.language-mix",
];

#[test]
fn clean_texts_pass() {
    let clean = of(sentence, is_food);
    for id in ASKED {
        let judged = ask(id, &clean);
        assert_eq!(judged.verdict, Verdict::Pass, "{id}: {}", judged.summary);
    }
}

#[track_caller]
fn caught(id: &str, context: &AuditContext, words: &str) {
    let judged = ask(id, context);
    assert!(matches!(judged.verdict, Verdict::Warn | Verdict::Fail), "{id}: {}", judged.summary);
    assert!(judged.summary.contains(words), "{}", judged.summary);
}

#[test]
fn near_copies_are_caught() {
    let copied = |row: usize| {
        let original = sentence(if row.is_multiple_of(20) { row / 2 + 1 } else { row });
        if row.is_multiple_of(20) { original.replacen(' ', " indeed ", 1) } else { original }
    };
    caught("data.duplicates", &of(copied, is_food), "nearly");
}

#[test]
fn one_text_with_two_labels_is_caught() {
    let repeated = |row: usize| sentence(if row < 40 { row / 2 * 2 } else { row });
    caught("data.conflicting-labels", &of(repeated, is_food), "share their inputs");
}

#[test]
fn wrong_labels_are_caught() {
    let chance = Seed(5).stream("wrong");
    let wrong = |row: usize| is_food(row) != (chance.uniform(row as u64) < 0.1);
    caught("data.label-noise", &of(sentence, wrong), "of the labels disagree");
}

#[test]
fn a_word_that_is_the_label_is_caught() {
    let leaking = |row: usize| format!("{}{}", sentence(row), if is_food(row) { " [KITCHEN]" } else { "" });
    caught("data.target-leakage", &of(leaking, is_food), "kitchen");
}

#[test]
fn damage_of_every_kind_is_caught() {
    let changes: [(&dyn Fn(String) -> String, &str); 5] = [
        (&|text| text.replacen('e', "Ã©", 1), "read with the wrong encoding"),
        (&|text| format!("{text} \u{FFFD}"), "with a replaced character"),
        (&|text| format!("{text} &quot;"), "with escaped characters"),
        (&|_| "  ".to_owned(), "empty"),
        (&|text| text.repeat(2_000), "far too long"),
    ];
    for (change, words) in changes {
        let damaged = |row: usize| if row.is_multiple_of(30) { change(sentence(row)) } else { sentence(row) };
        caught("data.damaged-texts", &of(damaged, is_food), words);
    }
}

#[test]
fn another_language_is_caught() {
    const SPANISH: &str =
        "toda persona tiene derecho a la libertad de pensamiento, de conciencia y de religión";
    let some = |row: usize| if row % 10 == 3 { SPANISH.to_owned() } else { sentence(row) };
    caught("data.language-mix", &of(some, is_food), "are not English");
    let test = |row: usize| if row < 800 { sentence(row) } else { SPANISH.to_owned() };
    caught(
        "data.language-mix",
        &of(test, is_food),
        "where `part` is `test` the texts are Spanish, elsewhere English",
    );
    let by_class = |row: usize| if is_food(row) { SPANISH.to_owned() } else { sentence(row) };
    let judged = ask("data.language-mix", &of(by_class, is_food));
    assert!(
        judged.verdict == Verdict::Pass && judged.summary.contains("they are the task"),
        "{}",
        judged.summary
    );
}
