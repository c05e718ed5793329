//! Numbers for people: four significant digits, thousands grouped, no false precision.

/// A number with four significant digits: `0.8731`, `12.5`, `48,842`, `1.2e-7`.
pub fn number(value: f64) -> String {
    significant(value, 4)
}

/// A number with so many significant digits; trailing zeros are left out.
pub fn significant(value: f64, digits: i32) -> String {
    if value.is_nan() {
        return "not a number".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if value.abs() < f64::MIN_POSITIVE {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..12).contains(&magnitude) {
        return scientific(value, digits);
    }
    let decimals = (digits - 1 - magnitude).clamp(0, 8) as usize;
    let rounded = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{}{point}{fraction}", if value < 0.0 { "−" } else { "" }, grouped(whole))
}

/// A whole number with its thousands grouped.
pub fn count(value: usize) -> String {
    grouped(&value.to_string())
}

/// `count` and a noun in the right number: `1 row`, `2 rows`.
pub fn counted(value: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// What stands behind the words for a list that may be cut: nothing, or `, the first 200 of 16,000`.
pub fn of_all(shown: usize, all: usize) -> String {
    if shown < all { format!(", the first {} of {}", count(shown), count(all)) } else { String::new() }
}

/// A share of 1 in per cent: `12.3 %` with a blank that does not break; a share that is not quite nothing is never shown as 0.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.0005 {
        "< 0.1\u{a0}%".to_owned()
    } else {
        format!("{}\u{a0}%", significant(share * 100.0, 3))
    }
}

/// Seconds as a person says them: `0.8 s`, `2 min 5 s`, `3 h 20 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".to_owned();
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{} s", significant(seconds, 2)),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The first `longest` characters, with an ellipsis when more follow.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

fn scientific(value: f64, digits: i32) -> String {
    let text = format!("{value:.*e}", (digits - 1).max(0) as usize);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    format!("{mantissa}e{exponent}").replace('-', "−")
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let cases = [
            (0.873_149, "0.8731"),
            (12.5, "12.5"),
            (48_842.0, "48,842"),
            (-1234.56, "−1,235"),
            (1.2e-7, "1.2e−7"),
            (3e15, "3e15"),
            (0.0, "0"),
            (-0.0, "0"),
            (99.999_9, "100"),
            (f64::NAN, "not a number"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::MAX, "1.798e308"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected, "{value}");
        }
    }

    #[test]
    fn shares_and_durations_read_well() {
        assert_eq!(percent(0.123_4), "12.3\u{a0}%");
        assert_eq!(percent(0.000_01), "< 0.1\u{a0}%");
        assert_eq!(percent(0.0), "0\u{a0}%");
        assert_eq!(duration(0.83), "0.83 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(12_000.0), "3 h 20 min");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(2000, "row"), "2,000 rows");
    }

    #[test]
    fn long_strings_are_cut() {
        assert_eq!(cut("héllo wörld", 5), "héllo…");
        assert_eq!(cut("short", 5), "short");
    }
}
