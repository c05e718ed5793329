//! A point in time as numbers that a model can use.

use std::f64::consts::TAU;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// A number read off the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalendarPart {
    /// The year.
    Year,
    /// The sine of the month's angle: December stands beside January.
    MonthSin,
    /// The cosine of the month's angle.
    MonthCos,
    /// Monday 0 to Sunday 6.
    Weekday,
    /// The hour with its fraction, 0 to 24.
    Hour,
    /// Days since 1970, with their fraction: the trend.
    ElapsedDays,
}

impl CalendarPart {
    /// Every part, in the order of the inputs.
    pub const ALL: [Self; 6] =
        [Self::Year, Self::MonthSin, Self::MonthCos, Self::Weekday, Self::Hour, Self::ElapsedDays];

    /// The part of a time in milliseconds since 1970 UTC; none beyond the years -9999 to 9999.
    pub fn of(self, milliseconds: i64) -> Option<f64> {
        const DAY: f64 = 86_400_000.0;
        let time = Offset::UTC.to_datetime(Timestamp::from_millisecond(milliseconds).ok()?);
        let month = || TAU * f64::from(time.month() - 1) / 12.0;
        Some(match self {
            Self::Year => f64::from(time.year()),
            Self::MonthSin => month().sin(),
            Self::MonthCos => month().cos(),
            Self::Weekday => f64::from(time.date().weekday().to_monday_zero_offset()),
            Self::Hour => milliseconds.rem_euclid(DAY as i64) as f64 / (DAY / 24.0),
            Self::ElapsedDays => milliseconds as f64 / DAY,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_moment() {
        // 2026-11-24T18:30:00Z, a Tuesday.
        let moment = 1_795_545_000_000;
        let parts: Vec<f64> = CalendarPart::ALL.iter().map(|part| part.of(moment).unwrap()).collect();
        let november = TAU * 10.0 / 12.0;
        let expected = [2026.0, november.sin(), november.cos(), 1.0, 18.5, 1_795_545_000.0 / 86_400.0];
        assert_eq!(parts, expected);
        assert_eq!(CalendarPart::Year.of(i64::MAX), None);
        assert_eq!(CalendarPart::Hour.of(-3_600_000), Some(23.0), "the hour before 1970");
    }
}
