//! Typed values to the kind that the job gives them.

use arrow_array::{Array, Float64Array, LargeStringArray, TimestampMillisecondArray};

use super::{times, values};
use crate::{Column, Kind, Values};

/// A target is a number or a class: an id or a free text is taken for what its values are.
pub(super) fn as_target(values: Values, kind: Kind, reason: String) -> (Values, Kind, String) {
    match (&values, kind) {
        (Values::Number(_), Kind::Id) => (values, Kind::Number, "the target, made of numbers".to_owned()),
        (Values::Text(_), Kind::Id | Kind::Text) => {
            (as_kind(values, Kind::Category).0, Kind::Category, "the target, made of words".to_owned())
        }
        _ => (values, kind, reason),
    }
}

/// The values as `kind` wants them, and the rows whose value does not fit and is now missing.
pub(super) fn as_kind(values: Values, kind: Kind) -> (Values, Vec<u32>) {
    let before = values.array().logical_null_count();
    let column = Column { name: String::new(), kind, values };
    let converted = match kind {
        Kind::Number => numbers(&column),
        Kind::Time => dates(&column),
        Kind::Category | Kind::Group => column.to_category().values,
        Kind::Text | Kind::Image => texts(&column),
        Kind::Id | Kind::Ignore => column.values.clone(),
    };
    if converted.array().logical_null_count() == before {
        return (converted, Vec::new());
    }
    let lost = |row: &u32| converted.array().is_null(*row as usize) && !column.is_missing(*row as usize);
    let lost = (0..column.len() as u32).filter(lost).collect();
    (converted, lost)
}

fn numbers(column: &Column) -> Values {
    if column.numbers().is_some() {
        return column.values.clone();
    }
    if let Some(times) = column.times() {
        return Values::Number(times.iter().map(|time| time.map(|ms| ms as f64)).collect::<Float64Array>());
    }
    Values::Number(by_text(column, |text| values::number(text, false)).collect::<Float64Array>())
}

fn dates(column: &Column) -> Values {
    let array: TimestampMillisecondArray = match (column.times(), column.numbers()) {
        (Some(times), _) => times.clone(),
        (_, Some(numbers)) => numbers.iter().map(|count| count.and_then(times::from_epoch)).collect(),
        _ => {
            let read = |order| by_text(column, move |text| times::parse(text, order)).collect();
            let tries: [TimestampMillisecondArray; 2] =
                [read(times::Order::MonthFirst), read(times::Order::DayFirst)];
            let [month_first, day_first] = tries;
            if day_first.null_count() < month_first.null_count() { day_first } else { month_first }
        }
    };
    Values::Time(array)
}

fn texts(column: &Column) -> Values {
    if column.texts().is_some() {
        return column.values.clone();
    }
    let texts = (0..column.len()).map(|row| (!column.is_missing(row)).then(|| column.display(row)));
    Values::Text(texts.collect::<LargeStringArray>())
}

fn by_text<'a, T: 'a>(
    column: &'a Column,
    parse: impl Fn(&str) -> Option<T> + 'a,
) -> impl Iterator<Item = Option<T>> + 'a {
    let categories = column.categories();
    let texts = column.texts();
    (0..column.len()).map(move |row| {
        if column.is_missing(row) {
            return None;
        }
        let text = categories.and_then(|c| c.text(row)).or_else(|| texts.map(|texts| texts.value(row)));
        text.and_then(&parse)
    })
}
