//! Which rows of a log are judged together.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::reader::Logged;

/// Rows that a window must have: with fewer a test finds little, and what it finds is large by chance.
pub(super) const LEAST_ROWS: usize = 100;

/// How rows are put into windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each so many rows, one after the other.
    Rows(usize),
    /// Each calendar hour, UTC.
    Hour,
    /// Each calendar day, UTC.
    Day,
    /// Each week from Monday on, UTC.
    Week,
    /// Each calendar month, UTC.
    Month,
    /// The newest so many rows, at each look anew.
    Last(usize),
    /// All rows, at each look anew.
    All,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "rows:{rows}"),
            Self::Last(rows) => write!(f, "last:{rows}"),
            Self::Hour => f.write_str("hour"),
            Self::Day => f.write_str("day"),
            Self::Week => f.write_str("week"),
            Self::Month => f.write_str("month"),
            Self::All => f.write_str("all"),
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::All];
        if let Some(found) = plain.into_iter().find(|mode| mode.to_string() == text) {
            return Ok(found);
        }
        let count = |prefix: &str| text.strip_prefix(prefix)?.parse().ok().filter(|rows| *rows >= LEAST_ROWS);
        let found = count("rows:").map(Self::Rows).or_else(|| count("last:").map(Self::Last));
        found.ok_or_else(|| {
            format!("a window is `rows:N`, `last:N` (N at least {LEAST_ROWS}), `hour`, `day`, `week`, `month` or `all`")
        })
    }
}

impl Mode {
    /// Whether rows are judged once, when their window is complete; else at each look anew.
    pub fn is_once(self) -> bool {
        !matches!(self, Self::Last(_) | Self::All)
    }

    /// The complete windows of rows: what they are called and which places among the rows they have. A period of the calendar is complete
    /// when a row of a later one has come, or it is past at `now`.
    pub(super) fn windows(self, logged: &Logged, now: u64) -> Vec<(String, Vec<usize>)> {
        let rows = logged.len();
        let name = |rows: &[usize]| {
            let place = |row: Option<&usize>| row.and_then(|&row| logged.places.get(row)).copied();
            let ends = (place(rows.first()).unwrap_or(0), place(rows.last()).unwrap_or(0));
            format!("rows {} to {}", ends.0 + 1, ends.1 + 1)
        };
        match self {
            Self::Rows(of) => {
                let block = |at: usize| (at * of..(at + 1) * of).collect::<Vec<_>>();
                (0..rows / of.max(1)).map(block).map(|block| (name(&block), block)).collect()
            }
            Self::Last(_) | Self::All => {
                let first = if let Self::Last(most) = self { rows.saturating_sub(most) } else { 0 };
                let all: Vec<usize> = (first..rows).collect();
                if all.is_empty() { Vec::new() } else { vec![(name(&all), all)] }
            }
            Self::Hour | Self::Day | Self::Week | Self::Month => self.periods(logged, now),
        }
    }

    fn periods(self, logged: &Logged, now: u64) -> Vec<(String, Vec<usize>)> {
        let mut periods: Vec<(String, Vec<usize>)> = Vec::new();
        for (row, &ms) in logged.unix_ms.iter().enumerate() {
            let name = self.period(ms);
            match periods.last_mut() {
                Some((last, rows)) if *last == name => rows.push(row),
                _ => periods.push((name, vec![row])),
            }
        }
        let now = self.period(i64::try_from(now).unwrap_or(i64::MAX));
        periods.pop_if(|(last, _)| *last == now);
        periods
    }

    /// The period that a moment is in.
    fn period(self, ms: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(ms) else { return "no time".to_owned() };
        let at = TimeZone::UTC.to_datetime(at);
        let date = at.date();
        match self {
            Self::Hour => format!("{date} {:02}:00", at.hour()),
            Self::Week => format!("week of {}", monday(date)),
            Self::Month => format!("{:04}-{:02}", date.year(), date.month()),
            _ => date.to_string(),
        }
    }
}

fn monday(date: Date) -> Date {
    let back = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(back)).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use plumb_data::{Predictions, Table};

    use super::*;
    use crate::monitor::Rows;

    fn logged(unix_ms: Vec<i64>) -> Logged {
        let rows = unix_ms.len();
        Logged {
            places: (10..10 + rows as u64).collect(),
            ids: vec![String::new(); rows],
            weights: vec![1.0; rows],
            rows: Rows {
                table: Table::new(Vec::new()).unwrap(),
                predictions: Predictions::Numbers(vec![0.0; rows]),
                embeddings: None,
            },
            unix_ms,
        }
    }

    #[test]
    fn words_are_read_back() {
        for mode in
            [Mode::Rows(500), Mode::Last(100), Mode::Hour, Mode::Day, Mode::Week, Mode::Month, Mode::All]
        {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        for wrong in ["", "rows", "rows:99", "rows:-1", "last:x", "year"] {
            assert!(wrong.parse::<Mode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_complete_windows_are_judged() {
        let all = logged(vec![0; 250]);
        let names = |mode: Mode, now| -> Vec<(String, usize)> {
            mode.windows(&all, now).into_iter().map(|(name, rows)| (name, rows.len())).collect()
        };
        let expected = [("rows 11 to 110".to_owned(), 100), ("rows 111 to 210".to_owned(), 100)];
        assert_eq!(names(Mode::Rows(100), 0), expected);
        assert_eq!(names(Mode::Last(100), 0), [("rows 161 to 260".to_owned(), 100)]);
        assert_eq!(names(Mode::Day, 5), []);
        assert_eq!(names(Mode::Day, 86_400_000), [("1970-01-01".to_owned(), 250)]);
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        let ms = 1_709_251_199_000; // 2024-02-29 23:59:59, a Thursday
        assert_eq!(Mode::Hour.period(ms), "2024-02-29 23:00");
        assert_eq!(Mode::Week.period(ms), "week of 2024-02-26");
        assert_eq!(Mode::Month.period(ms + 1_000), "2024-03");
        assert_eq!(Mode::Day.period(i64::MAX), "no time");
    }
}
