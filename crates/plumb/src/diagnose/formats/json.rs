//! JSON as programs write it: Python's `NaN` and `Infinity` among the numbers, objects within objects.

use std::borrow::Cow;

use serde_json::Value;

/// Objects within objects whose numbers are read.
const DEPTH: usize = 4;

/// Words that Python writes for numbers that JSON lacks, the longest first, and their texts.
const WORDS: [(&[u8], &[u8]); 3] =
    [(b"-Infinity", b"\"-inf\""), (b"Infinity", b"\"inf\""), (b"NaN", b"\"NaN\"")];

/// Reads JSON in which `NaN`, `Infinity` and `-Infinity` may stand; they become texts, which [`number`] reads.
pub(super) fn parse(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(&plain(bytes)).ok()
}

fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    let suspect = |window: &[u8]| window == b"NaN" || window == b"Inf";
    if !bytes.windows(3).any(suspect) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let (mut at, mut in_text) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let word = WORDS.iter().find(|(word, _)| !in_text && rest.starts_with(word));
        let length = match (word, byte) {
            (Some((word, text)), _) => {
                out.extend_from_slice(text);
                at += word.len();
                continue;
            }
            // The character after a backslash ends no text.
            (None, b'\\') if in_text => 2,
            _ => 1,
        };
        in_text ^= byte == b'"';
        out.extend_from_slice(rest.get(..length).unwrap_or(rest));
        at += length;
    }
    Cow::Owned(out)
}

/// A number, or a text that stands for one that JSON lacks.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => word(text),
        _ => None,
    }
}

/// The number that is none which a word stands for.
pub(super) fn word(text: &str) -> Option<f64> {
    let (sign, rest) =
        text.strip_prefix('-').map_or((1.0, text.trim_start_matches('+')), |rest| (-1.0, rest));
    if rest.eq_ignore_ascii_case("nan") {
        Some(f64::NAN)
    } else if rest.eq_ignore_ascii_case("inf") || rest.eq_ignore_ascii_case("infinity") {
        Some(sign * f64::INFINITY)
    } else {
        None
    }
}

/// The numbers of an object by their names; those of objects in it by `outer/inner`.
pub(super) fn numbers(value: &Value) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    gather(value, "", DEPTH, &mut |name, number| found.push((name, number)));
    found
}

fn gather(value: &Value, prefix: &str, depth: usize, found: &mut impl FnMut(String, f64)) {
    let Some(object) = value.as_object() else { return };
    for (name, value) in object {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if let Some(number) = number(value) {
            found(name, number);
        } else if depth > 1 {
            gather(value, &name, depth - 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_numbers_are_read_and_its_texts_left_alone() {
        let text = br#"{"loss": NaN, "low": -Infinity, "high":Infinity, "a \"NaN": "Infinity NaN\\", "x": {"y": 2}}"#;
        let read = numbers(&parse(text).unwrap());
        let shown: Vec<String> = read.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["loss=NaN", "low=-inf", "high=inf", "x/y=2"]);
        assert_eq!(parse(b"[NaN"), None);
        assert_eq!(parse(b"{NaN: 1}").map(|value| numbers(&value).len()), Some(1));
    }

    #[test]
    fn a_deep_object_ends() {
        let text = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        assert!(numbers(&parse(text.as_bytes()).unwrap()).is_empty());
        assert_eq!(parse("[".repeat(100_000).as_bytes()), None);
    }
}
