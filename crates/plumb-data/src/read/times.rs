//! Points in time written as text: ISO 8601 and the numeric forms in common use.

use jiff::civil::Date;

/// Which of day and month comes first where the year comes last and both could be either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// 12/31/2013, as in the United States.
    MonthFirst,
    /// 31/12/2013, as nearly everywhere else.
    DayFirst,
}

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970-01-01 UTC of `2013-01-31`, `2013-01`, `2013/1/31`, `31.1.2013`, `1/31/2013`, each with an
/// optional `T` or blank and `5:00`, `05:00:00`, `05:00:00.123` and an optional `Z`, `UTC`, `+01`, `+0100`, `+01:00`.
///
/// A time without a zone is taken as UTC.
pub(super) fn parse(text: &str, order: Order) -> Option<i64> {
    let text = text.trim_ascii();
    if !text.as_bytes().first()?.is_ascii_digit() || text.len() > 40 {
        return None;
    }
    match text.find(['T', ' ']) {
        None => date(text, order),
        Some(at) => date(&text[..at], order)?.checked_add(clock(&text[at + 1..])?),
    }
}

fn date(text: &str, order: Order) -> Option<i64> {
    let separator = text.find(['-', '/', '.']).map(|at| &text[at..=at])?;
    let mut parts = text.split(separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match (first.len(), third) {
        (4, None) if separator == "-" => (first, second, "1"),
        (4, Some(third)) => (first, second, third),
        (1 | 2, Some(third)) if third.len() == 4 => {
            if separator == "." || order == Order::DayFirst {
                (third, second, first)
            } else {
                (third, first, second)
            }
        }
        _ => return None,
    };
    let date =
        Date::new(digits(year)?, digits(month)?.try_into().ok()?, digits(day)?.try_into().ok()?).ok()?;
    let epoch = Date::constant(1970, 1, 1);
    Some(i64::from(epoch.until(date).ok()?.get_days()) * DAY_MS)
}

/// Milliseconds since midnight UTC.
fn clock(text: &str) -> Option<i64> {
    let (clock, offset) = zone(text)?;
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let (second, fraction) = match parts.next() {
        None => (0, 0),
        Some(part) => {
            let (whole, fraction) = part.split_once('.').unwrap_or((part, "0"));
            (digits(whole)?, milliseconds(fraction)?)
        }
    };
    // 60 is a leap second, 24:00 the end of a day.
    if hour > 24 || minute > 59 || second > 60 || (hour == 24 && (minute, second) != (0, 0)) {
        return None;
    }
    Some((i64::from(hour) * 60 + i64::from(minute) - offset) * 60_000 + i64::from(second) * 1_000 + fraction)
}

/// Parts the zone from the clock and gives its offset in minutes.
fn zone(text: &str) -> Option<(&str, i64)> {
    for utc in ["Z", " UTC", "UTC", " GMT"] {
        if let Some(clock) = text.strip_suffix(utc) {
            return Some((clock, 0));
        }
    }
    let Some(at) = text.find(['+', '-']) else { return Some((text, 0)) };
    let (clock, zone) = (text[..at].trim_ascii_end(), &text[at + 1..]);
    let (hours, minutes) = match zone.len() {
        2 => (zone, "0"),
        4 => zone.split_at_checked(2)?,
        5 => zone.split_once(':')?,
        _ => return None,
    };
    let offset = i64::from(digits(hours)?) * 60 + i64::from(digits(minutes)?);
    Some((clock, if text[at..].starts_with('-') { -offset } else { offset }))
}

fn milliseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<3}").get(..3)?.parse().ok()
}

/// One to four digits.
fn digits(text: &str) -> Option<i16> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Milliseconds of a count since 1970 in seconds, milli-, micro- or nanoseconds, told apart by its size: dates
/// between 1973 and 5138 are never mistaken.
pub(super) fn from_epoch(count: f64) -> Option<i64> {
    let scale = match count.abs() {
        c if c < 1e11 => 1e3,
        c if c < 1e14 => 1.0,
        c if c < 1e17 => 1e-3,
        c if c < 1e20 => 1e-6,
        _ => return None,
    };
    Some((count * scale).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_forms_agree() {
        let noon = 1_385_208_000_000; // 2013-11-23T12:00:00Z
        for text in
            ["2013-11-23T12:00:00Z", "2013/11/23 12:00", "23.11.2013 12:00:00.000", "2013-11-23T13:00+01:00"]
        {
            assert_eq!(parse(text, Order::MonthFirst), Some(noon), "{text}");
        }
        assert_eq!(parse("11/23/2013 12:00", Order::MonthFirst), Some(noon));
        assert_eq!(parse("23/11/2013 12:00", Order::DayFirst), Some(noon));
        assert_eq!(parse("2013-11", Order::DayFirst), Some(1_383_264_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "12", "2013", "1.5", "2013-13-01", "2013-02-30", "12:30", "1-2-3", "2013-01-01T25:00", "５"]
        {
            assert_eq!(parse(text, Order::MonthFirst), None, "{text}");
        }
    }

    #[test]
    fn an_epoch_is_told_by_its_size() {
        let expected = Some(1_385_208_000_000);
        assert_eq!(from_epoch(1_385_208_000.0), expected);
        assert_eq!(from_epoch(1_385_208_000_000.0), expected);
        assert_eq!(from_epoch(1_385_208_000_000_000.0), expected);
    }
}
