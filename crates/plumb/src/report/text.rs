//! Strings from data, made fit to be seen: nothing invisible, nothing endless, nothing that is markup.

use std::borrow::Cow;

pub(crate) use plumb_package::format::cut;

/// Characters of one string before it is cut: a name longer than this is not read by anyone.
const LONGEST: usize = 400;

/// The string with control and direction characters shown as their code points, cut at 400 characters.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST && !text.chars().any(is_invisible) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(spell(text))
    }
}

/// A stretch of a sentence: words, or code that stood between backticks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Span {
    /// The text without its backticks.
    pub(crate) text: String,
    /// Whether it stood between backticks.
    pub(crate) code: bool,
}

/// Cuts a sentence at its backticks; one without a partner stays as it is.
pub(crate) fn spans(sentence: &str) -> Vec<Span> {
    let pieces: Vec<&str> = sentence.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return vec![Span { text: sentence.to_owned(), code: false }];
    }
    let spans =
        pieces.into_iter().enumerate().map(|(at, text)| Span { text: text.to_owned(), code: at % 2 == 1 });
    spans.filter(|span| !span.text.is_empty()).collect()
}

/// The string as text of HTML or SVG, or as a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

fn spell(text: &str) -> String {
    let mut out = String::with_capacity(LONGEST + 32);
    for c in text.chars().take(LONGEST) {
        if is_invisible(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    match text.chars().count() {
        count if count > LONGEST => format!("{out}… ({count} characters)"),
        _ => out,
    }
}

/// Control characters, and those that hide or reorder their neighbours (Unicode TR36, 2.10).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_spelled() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b"), "a\\u{1b}[31m\\u{202e}b");
        assert_eq!(shown("plain"), "plain");
    }

    #[test]
    fn code_stands_between_backticks() {
        let codes: Vec<(String, bool)> =
            spans("set `a.b` to 1").into_iter().map(|span| (span.text, span.code)).collect();
        assert_eq!(codes, [("set ".into(), false), ("a.b".into(), true), (" to 1".into(), false)]);
        assert_eq!(spans("a lone ` stays").len(), 1);
        assert!(spans("").is_empty());
    }

    #[test]
    fn long_strings_are_shown_with_their_length() {
        let cut_text = shown(&"x".repeat(10_000)).into_owned();
        assert!(cut_text.ends_with("… (10000 characters)"), "{cut_text}");
    }
}
