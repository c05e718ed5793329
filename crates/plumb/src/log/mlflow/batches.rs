//! Requests `runs/log-batch` within the server's limits.

use serde_json::{Map, Value, json};

/// Items of a request by their list (`mlflow/utils/validation.py`); a request here holds one list only.
pub(super) const METRICS: (&str, usize) = ("metrics", 1_000);
pub(super) const PARAMS: (&str, usize) = ("params", 100);
pub(super) const TAGS: (&str, usize) = ("tags", 100);
/// Bytes of a request: the server allows 1,000,000, and may count a character that is not ASCII by its escape.
const BYTES: usize = 900_000;

/// The bodies of requests that log these items of a run, in order, as few as the limits allow.
pub(super) fn batches(run_id: &str, (list, most): (&str, usize), items: Vec<Value>) -> Vec<Value> {
    let mut groups: Vec<Vec<Value>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        let size = escaped_size(&item.to_string()) + 1;
        match groups.last_mut() {
            Some(group) if group.len() < most && bytes + size <= BYTES => {
                bytes += size;
                group.push(item);
            }
            _ => {
                bytes = size;
                groups.push(vec![item]);
            }
        }
    }
    let body = |group: Vec<Value>| {
        let mut body = Map::new();
        body.insert("run_id".to_owned(), json!(run_id));
        body.insert(list.to_owned(), Value::Array(group));
        Value::Object(body)
    };
    groups.into_iter().map(body).collect()
}

/// The length of a text with all but ASCII as `\uXXXX`.
fn escaped_size(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 6 * c.len_utf16() }).sum()
}

/// A number as JSON, also where JSON has none.
pub(super) fn number(value: f64) -> Value {
    match value {
        value if value.is_nan() => json!("NaN"),
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        value => json!(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: usize, value: &str) -> Vec<Value> {
        (0..count).map(|at| json!({ "key": format!("k{at}"), "value": value })).collect()
    }

    #[test]
    fn every_item_is_sent_once_within_the_limits() {
        let cases =
            [(METRICS, 2_501, "1"), (PARAMS, 250, "x"), (TAGS, 100, "ö"), (PARAMS, 99, ""), (TAGS, 0, "")];
        for ((list, most), count, value) in cases {
            let bodies = batches("r", (list, most), items(count, value));
            assert_eq!(bodies.len(), count.div_ceil(most), "{list}");
            let sent: Vec<Value> =
                bodies.iter().flat_map(|body| body[list].as_array().unwrap().clone()).collect();
            assert_eq!(sent, items(count, value));
        }
    }

    #[test]
    fn a_request_stays_below_a_megabyte() {
        for value in ["x".repeat(6_000), "ö".repeat(6_000), "\u{1f600}".repeat(6_000)] {
            let bodies = batches("r", PARAMS, items(100, &value));
            assert!(bodies.len() <= 10);
            for body in bodies {
                assert!(escaped_size(&body.to_string()) < 1_000_000);
            }
        }
    }
}
