//! The language of a text, by the frequencies of its letters.

/// A language that a text may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language {
    /// Its code of three letters (ISO 639-3).
    pub code: &'static str,
    /// Its name in English.
    pub name: &'static str,
}

/// Letters of a text at least: fewer are told wrongly too often.
const LETTERS: usize = 40;
/// Bytes that are looked at.
const BYTES: usize = 2_000;

/// The language of a text; none where it is short or may be of several.
pub fn language(text: &str) -> Option<Language> {
    let text = &text[..text.floor_char_boundary(BYTES.min(text.len()))];
    if text.chars().filter(|letter| letter.is_alphabetic()).take(LETTERS).count() < LETTERS {
        return None;
    }
    let found = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    Some(Language { code: found.lang().code(), name: found.lang().eng_name() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_where_there_is_enough_to_see() {
        let known = [
            ("Everyone has the right to freedom of thought, conscience and religion.", Some("eng")),
            ("Toda persona tiene derecho a la libertad de pensamiento y de religión.", Some("spa")),
            ("Каждый человек имеет право на свободу мысли, совести и религии.", Some("rus")),
            ("short", None),
            ("1234567890 1234567890 1234567890 1234567890 1234567890", None),
        ];
        for (text, code) in known {
            assert_eq!(language(text).map(|language| language.code), code, "{text}");
        }
    }
}
