//! JSON bodies under limits: how deep they nest, and what is said of those that cannot be read.

use serde::de::DeserializeOwned;

use crate::{ApiError, Limits};

/// Characters of an explanation that are passed on.
const SHOWN: usize = 200;

/// What the bytes say.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T, ApiError> {
    check_depth(bytes, limits)?;
    serde_json::from_slice(bytes).map_err(|error| explained(&error))
}

/// Refuses brackets that nest deeper than the limit, before anything follows them.
pub(crate) fn check_depth(bytes: &[u8], limits: &Limits) -> Result<(), ApiError> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        if in_text {
            (in_text, escaped) = match byte {
                _ if escaped => (true, false),
                b'\\' => (true, true),
                b'"' => (false, false),
                _ => (true, false),
            };
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limits.depth {
            return Err(ApiError::bad(format!("the JSON is nested deeper than {}", limits.depth)));
        }
    }
    Ok(())
}

/// What is wrong and where, cut short.
pub(crate) fn explained(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        serde_json::error::Category::Data => error.to_string(),
        _ => format!("the body is not JSON at line {line} column {column}"),
    };
    ApiError::bad(what.chars().take(SHOWN).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deep_or_broken_is_refused_in_few_words() {
        let read = |text: &str| read::<serde_json::Value>(text.as_bytes(), &Limits::DEFAULT);
        for depth in [64, 65, 100_000] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(read(&text).is_ok(), depth == 64, "{depth}");
        }
        assert!(read(r#"["[[[\"[[[", "]"]"#).is_ok());
        for text in ["", "{", "[1e400]", "\"\\ud800\"", "nul", "[1,]", "{\"a\":1,}", "\u{feff}{}"] {
            let error = read(text).unwrap_err();
            assert!(error.message.starts_with("the body is not JSON at line"), "{text}: {error}");
        }
    }
}
