//! What a value written as text says: nothing, a number, a code that only looks like one.

/// The words for a missing value. Blanks around them are passed over; case counts, except for `nan`.
pub const MISSING: [&str; 13] =
    ["", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "?", "-", "#N/A"];

/// Whether the text stands for a missing value.
pub(super) fn is_missing(text: &str) -> bool {
    let text = text.trim_ascii();
    // None of the words is longer than four bytes: nearly every value is past this line at once.
    text.len() <= 4 && MISSING.contains(&text)
}

/// The number that the text writes; `comma` allows a decimal comma in place of the point.
#[inline]
pub(super) fn number(text: &str, comma: bool) -> Option<f64> {
    let text = text.trim_ascii();
    // `inf` and `nan` are words to Rust's parser; only those that begin like a number or name infinity pass.
    let begins = text.as_bytes().first()?;
    if !begins.is_ascii_digit() && !matches!(begins, b'-' | b'+' | b'.' | b'i' | b'I') {
        return None;
    }
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) if comma && !text.contains('.') => text.replacen(',', ".", 1).parse().ok(),
        Err(_) => None,
    }
    .filter(|number: &f64| !number.is_nan())
}

/// Whether the text is a code made of digits: a number would lose its leading zeros, or its last digits past 2^53.
#[inline]
pub(super) fn is_code(text: &str) -> bool {
    let text = text.trim_ascii();
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    match digits.first() {
        Some(b'0') => digits.len() > 1 && digits.iter().all(u8::is_ascii_digit),
        Some(_) if digits.len() > 15 => {
            text.parse::<i128>().is_ok_and(|whole| whole as f64 as i128 != whole)
                || digits.len() > 38 && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}
