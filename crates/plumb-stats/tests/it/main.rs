//! Every statistic against its reference implementation: the golden files of `oracles/stats.py` and `oracles/explain.py`.
#![expect(clippy::unwrap_used, reason = "a golden file that cannot be read fails the test")]

mod classification;
mod explanation;
mod monitoring;
mod regression;
mod samples;
mod significance;

use serde_json::Value;

/// The cases of a golden file.
fn cases(name: &str) -> Value {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    assert!(file["versions"]["numpy"].is_string(), "a golden file names its versions");
    file["cases"].take()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn codes(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|code| code.as_u64().unwrap() as u32).collect()
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

/// Equal to `tolerance`, absolute below 1 and relative above.
#[track_caller]
fn near(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = number(expected);
    let slack = tolerance * expected.abs().max(1.0);
    assert!((found - expected).abs() <= slack, "{what}: {found} instead of {expected}");
}

/// Equal to a relative tolerance, for p-values of any size.
#[track_caller]
fn near_relative(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = number(expected);
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found} instead of {expected}");
}
