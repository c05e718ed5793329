//! The card of a made-up run, as stored and with things missing.

use super::*;
use crate::fixture;

#[test]
fn the_card_of_a_small_run_is_as_it_was() {
    let card = text(&fixture::record(), &fixture::said());
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/card.md");
    let before = std::fs::read_to_string(kept).unwrap_or_default();
    if before != card {
        plumb_ledger::atomic::write_file(std::path::Path::new(kept), card.as_bytes()).unwrap();
        panic!("the card has changed: look at tests/golden/card.md, which is written anew");
    }
}

#[test]
fn every_figure_stands_with_the_digest_of_its_file() {
    let record = fixture::record();
    let card = text(&record, &fixture::said());
    let digest = record.origin_of(METRICS).unwrap().sha256.short();
    let line = card.lines().find(|line| line.starts_with("| accuracy | 0.87")).unwrap();
    assert_eq!(line, format!("| accuracy | 0.87 | 0.84 to 0.9 | BCa bootstrap, 1000 resamples | {digest} |"));
    let other =
        fixture::changed(METRICS, |metrics| metrics["test"]["accuracy"]["value"] = serde_json::json!(0.88));
    assert_ne!(other.origin_of(METRICS).unwrap().sha256.short(), digest);
    for origin in record.origins() {
        assert!(card.contains(origin.sha256.as_str()), "{origin:?}");
    }
}

#[test]
fn what_nobody_said_is_named() {
    let card = text(&fixture::record(), &Said::default());
    assert!(card.contains("> Nobody has said: intended use, limits, users, out of scope"), "{card}");
    let card = text(&fixture::record(), &fixture::said());
    assert!(!card.contains("Nobody has said:"), "{card}");
}

#[test]
fn nothing_of_the_data_or_of_a_person_is_markup_and_no_folder_is_named() {
    let said = Said { intended_use: "<script>alert(1)</script>\n# head".to_owned(), ..fixture::said() };
    let mut records = fixture::hostile();
    records.push(fixture::record());
    for record in records {
        let card = text(&record, &said);
        assert!(!card.contains("<script>") && !card.contains("</script>") && !card.contains("<b>"), "{card}");
        assert!(!card.contains(['\u{1b}', '\u{202e}']) && !card.contains("\n# head"), "{card}");
        assert!(!card.contains("/home/someone"), "{card}");
    }
}

#[test]
fn the_front_matter_is_json_a_line() {
    let card = text(&fixture::record(), &fixture::said());
    let front = card.strip_prefix("---\n").unwrap().split("---\n").next().unwrap();
    let mut keys = Vec::new();
    for line in front.lines() {
        let (key, value) = line.split_once(": ").unwrap();
        let _: serde_json::Value = serde_json::from_str(value).unwrap();
        keys.push(key);
    }
    assert_eq!(keys, ["license", "library_name", "pipeline_tag", "tags", "metrics", "model-index"]);
    assert!(
        front.contains("license: \"apache-2.0\"")
            && front.contains("pipeline_tag: \"tabular-classification\"")
    );
}

#[test]
fn later_evaluations_take_the_place_of_what_the_run_skipped() {
    let mut record = fixture::record();
    let later = |verdict: &str, reason: &str| {
        let text = format!(
            r#"{{"schema":1,"run":"x","stage":"evaluate","verdicts":[{{"id":"evaluate.shift","verdict":"{verdict}","summary":"later","evidence":{{}},"remedy":""{reason}}}]}}"#
        );
        text.into_bytes()
    };
    record.add("shift", &later("warn", ""), None).unwrap();
    let judged = record.verdict("evaluate.shift").unwrap();
    assert_eq!(judged.entry.summary, "later");
    assert_eq!(record.ledger_of(judged).unwrap().file, "shift/ledger.json");
    record.add("again", &later("skipped", r#","reason":"r""#), None).unwrap();
    assert_eq!(
        record.ledger_of(record.verdict("evaluate.shift").unwrap()).unwrap().file,
        "shift/ledger.json"
    );
    assert!(text(&record, &Said::default()).contains("`shift/ledger.json`"));
}

#[test]
fn what_compression_saves_and_costs_is_a_table() {
    let mut files = fixture::files();
    let compress = serde_json::json!({"schema": 1, "metric": "accuracy", "variants": [
        {"name": "float", "made": "the run", "file": "model.onnx", "bytes": 40000, "parameters": 10000,
            "latency": [{"batch": 1, "median_ms": 2.0, "p99_ms": 2.5}], "kept": null},
        {"name": "int8", "made": "static|", "file": "int8.onnx", "bytes": 11000, "parameters": 10000,
            "latency": [{"batch": 1, "median_ms": 1.0, "p99_ms": 1.25}, {"batch": 8, "median_ms": 6.0, "p99_ms": 7.0}],
            "kept": {"after": 0.86, "loss": 0.01, "low": -0.005, "high": 0.025, "p": 0.4}}]});
    files.insert("compress.json".to_owned(), compress.to_string().into_bytes());
    let record = Record::read("loans-1", |name| files.get(name).map(Vec::as_slice)).unwrap();
    let card = text(&record, &Said::default());
    let row = "| int8 | static\\| | 11,000 | 10,000 | 1 rows: 1, p99 1.25; 8 rows: 6, p99 7 | 0.86 | 0.01 (−0.005 to 0.025) | 0.4 |";
    assert!(card.contains(row), "{card}");
    assert!(
        card.contains("| float | the run | 40,000 | 10,000 | 1 rows: 2, p99 2.5 | – | – | – |"),
        "{card}"
    );
}
