//! Text from outside in Markdown: on one line, and no markup.

use std::fmt::Write as _;

use crate::format::cut;

/// Letters of a cell.
const LETTERS: usize = 200;
/// Letters of a paragraph that a person wrote.
const PARAGRAPH: usize = 4000;

/// Text from outside between backticks.
pub fn code(text: &str) -> String {
    cut(text, LETTERS)
        .chars()
        .map(|letter| if letter == '`' || is_hidden(letter) { ' ' } else { letter })
        .collect()
}

/// Text from outside on one line, in which nothing is markup: values of the data stand in a table of Markdown.
pub fn line(text: &str) -> String {
    escaped(&cut(text, LETTERS))
}

/// A paragraph that a person wrote: nothing in it is markup either, because an artefact can be shown where its author is unknown.
pub fn paragraph(text: &str) -> String {
    escaped(cut(text, PARAGRAPH).trim())
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '<' | '>' | '[' | ']' | '*' | '_' | '\\' | '#' | '!' | '&' | '~' => {
                safe.push('\\');
                safe.push(letter);
            }
            '`' => safe.push('\''),
            letter if is_hidden(letter) => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

/// JSON in which nothing is markup or hidden: such letters, which only strings can hold, as their codes.
pub fn inert_json(value: &serde_json::Value) -> String {
    let mut safe = String::new();
    for letter in value.to_string().chars() {
        if matches!(letter, '<' | '>' | '&') || is_hidden(letter) {
            push(&mut safe, format_args!("\\u{:04x}", u32::from(letter)));
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// Control characters, and those that hide or reorder their neighbours (Unicode TR36, 2.10).
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A table; its cells are Markdown already.
pub fn table(text: &mut String, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    push(text, format_args!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len())));
    for row in rows {
        push(text, format_args!("| {} |\n", row.join(" | ")));
    }
    text.push('\n');
}

/// Adds a formatted piece.
pub fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(piece);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_data_are_no_markup() {
        let hostile = "a|b\n<script>[x](y) `c` **d** &lt; \u{1b}[31m\u{202e}";
        for safe in [line(hostile), paragraph(hostile)] {
            assert!(!safe.contains(['\n', '`', '\u{1b}', '\u{202e}']), "{safe}");
            assert!(safe.contains("\\<script\\>\\[x\\](y)"), "{safe}");
        }
        assert_eq!(line("<50K | x"), "\\<50K \\| x");
        assert_eq!(code("a`b\nc"), "a b c");
    }

    #[test]
    fn json_stays_what_it_is_without_markup() {
        let value = serde_json::json!({"<b>": "a\u{202e}&\n\u{7f}ö"});
        let safe = inert_json(&value);
        assert_eq!(safe, r#"{"\u003cb\u003e":"a\u202e\u0026\n\u007fö"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn a_table_has_its_head_and_rows() {
        let mut text = String::new();
        table(&mut text, &["a", "b"], [vec!["1".to_owned(), "2".to_owned()]]);
        assert_eq!(text, "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n");
    }
}
