//! Texts that lost something on their way: read with the wrong encoding, escaped for a web page, cut out of binary data.

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Damage {
    /// The sign that stands for bytes which were no text in the encoding that was assumed.
    Replaced,
    /// UTF-8 that was read as Windows-1252: `Ã©` for `é`.
    WrongEncoding,
    /// Characters escaped for a web page: `&quot;`, `&#39;`.
    Escaped,
    /// Control characters: binary data, or a terminal's colours.
    Control,
}

impl Damage {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Replaced, Self::WrongEncoding, Self::Escaped, Self::Control];

    /// A few words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "with a replaced character",
            Self::WrongEncoding => "read with the wrong encoding",
            Self::Escaped => "with escaped characters",
            Self::Control => "with control characters",
        }
    }
}

/// The first kind of damage of a text that there is, in the order of [`Damage::ALL`]. One pass for each kind.
pub fn damage(text: &str) -> Option<Damage> {
    let has = |kind: &Damage| match kind {
        Damage::Replaced => text.contains('\u{FFFD}'),
        Damage::WrongEncoding => was_read_wrongly(text),
        Damage::Escaped => is_escaped(text),
        Damage::Control => text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')),
    };
    Damage::ALL.into_iter().find(has)
}

/// What Windows-1252 makes of the bytes from 0x80 to 0x9F; five have no character there.
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ";

/// The byte that Windows-1252 reads as this character.
fn byte(letter: char) -> Option<u8> {
    match letter as u32 {
        code @ 0xA0..=0xFF => Some(code as u8),
        _ => WINDOWS.chars().position(|of| of == letter).map(|at| 0x80 + at as u8),
    }
}

/// Whether characters stand there whose bytes are one character in UTF-8.
fn was_read_wrongly(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let bytes: Vec<Option<u8>> =
        text.chars().map(|letter| if letter.is_ascii() { None } else { byte(letter) }).collect();
    bytes.iter().enumerate().any(|(at, first)| {
        let more = match first {
            Some(0xC2..=0xDF) => 1,
            Some(0xE0..=0xEF) => 2,
            Some(0xF0..=0xF4) => 3,
            _ => return false,
        };
        let rest = bytes.get(at + 1..at + 1 + more);
        rest.is_some_and(|rest| rest.iter().all(|byte| matches!(byte, Some(0x80..=0xBF))))
    })
}

/// Whether `&name;` or `&#number;` stands there.
fn is_escaped(text: &str) -> bool {
    const NAMES: [&str; 6] = ["amp", "quot", "apos", "lt", "gt", "nbsp"];
    text.split('&').skip(1).any(|rest| {
        let Some((name, _)) = rest.split_once(';') else { return false };
        let number = name.strip_prefix('#').map(|number| number.trim_start_matches(['x', 'X']));
        NAMES.contains(&name) || number.is_some_and(|of| of.len() < 7 && u32::from_str_radix(of, 16).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_from_what_looks_like_it() {
        let known = [
            ("caf\u{FFFD}", Some(Damage::Replaced)),
            ("cafÃ© au lait", Some(Damage::WrongEncoding)),
            ("itâ€™s late", Some(Damage::WrongEncoding)),
            ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", Some(Damage::WrongEncoding)),
            ("Tom &amp; Jerry", Some(Damage::Escaped)),
            ("it&#39;s", Some(Damage::Escaped)),
            ("it&#x27;s", Some(Damage::Escaped)),
            ("\u{1b}[31mred", Some(Damage::Control)),
            ("café, naïve, Ångström, ÄÖÜ, Ñandú, São", None),
            ("it’s “late” – 5 € … ¿qué?", None),
            ("AT&T; R&D", None),
            ("Привет, 世界", None),
            ("two\tcolumns\r\n", None),
            ("", None),
        ];
        for (text, wanted) in known {
            assert_eq!(damage(text), wanted, "{text}");
        }
    }
}
