//! A column of text cells to a typed column: the values decide, unless the job does.

use arrow_array::builder::{Float64Builder, TimestampMillisecondBuilder};
use arrow_array::{Array, Float64Array, LargeStringArray, TimestampMillisecondArray};

use super::categories::CategoryBuilder;
use super::convert;
use super::infer::{self, MOSTLY};
use super::text_rows::{Cell, TextRows};
use super::times::{self, Order};
use super::{Faults, Inferred, values};
use crate::{Column, Kind, Values};

/// What the job says about a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// The kind that the job gives it.
    pub(super) kind: Option<Kind>,
    /// Whether it is the target, which is never an id or free text.
    pub(super) target: bool,
}

/// A column with why it is of its kind, and the values that did not fit.
pub(super) struct Built {
    pub(super) column: Column,
    pub(super) inferred: Inferred,
    pub(super) faults: Faults,
}

/// Builds column `index` of the rows. Costs one pass over its cells for each reading that is tried: one for numbers,
/// and up to two more for times and texts, each given up early when it cannot hold.
pub(super) fn build(rows: &TextRows, index: usize, wish: Wish, comma: bool, listed: usize) -> Built {
    let name = rows.names.get(index).map_or("", String::as_str);
    let cells = Cells { rows, index, name, comma, listed };
    let mut faults = Faults::new(listed);
    let (values, kind, reason) = match wish.kind {
        Some(kind) => {
            let values = cells.as_kind(kind, &mut faults);
            (values, kind, "the job says so".to_owned())
        }
        None => cells.natural(&mut faults),
    };
    let (values, kind, reason) = if wish.target && wish.kind.is_none() {
        convert::as_target(values, kind, reason)
    } else {
        (values, kind, reason)
    };
    let inferred = Inferred { name: name.to_owned(), kind, reason };
    Built { column: Column { name: name.to_owned(), kind, values }, inferred, faults }
}

struct Cells<'a> {
    rows: &'a TextRows,
    index: usize,
    name: &'a str,
    comma: bool,
    listed: usize,
}

impl<'a> Cells<'a> {
    fn iter(&self) -> impl Iterator<Item = Cell<'a>> + use<'a> {
        self.rows.column(self.index)
    }

    /// The values as they are, and the kind that they speak for.
    fn natural(&self, faults: &mut Faults) -> (Values, Kind, String) {
        let spare = ((1.0 - MOSTLY) * self.rows.rows as f64) as usize;
        if let Some((numbers, odd)) = self.numbers(Some(spare)) {
            let (kind, mut reason) = infer::of_numbers(self.name, &numbers);
            note_odd(&mut reason, &odd);
            *faults = odd;
            return (Values::Number(numbers), kind, reason);
        }
        for (order, form) in [(Order::MonthFirst, "times"), (Order::DayFirst, "times, day first")] {
            if let Some((times, odd)) = self.times(order, Some(spare)) {
                let mut reason = format!("its values are {form}");
                note_odd(&mut reason, &odd);
                *faults = odd;
                return (Values::Time(times), Kind::Time, reason);
            }
        }
        let values = self.category();
        let Values::Category(array) = &values else { return (values, Kind::Category, String::new()) };
        let (kind, reason) = infer::of_texts(self.name, array);
        let values = if matches!(kind, Kind::Text | Kind::Id) { self.text() } else { values };
        (values, kind, reason)
    }

    /// The values as the job wants them; what does not fit is missing and listed.
    fn as_kind(&self, kind: Kind, faults: &mut Faults) -> Values {
        match kind {
            Kind::Number => {
                let (numbers, odd) =
                    self.numbers(None).unwrap_or_else(|| (Float64Array::new_null(0), Faults::new(0)));
                *faults = odd;
                Values::Number(numbers)
            }
            Kind::Time => self.forced_times(faults),
            Kind::Category | Kind::Group => self.category(),
            Kind::Text | Kind::Image => self.text(),
            Kind::Id | Kind::Ignore => self.natural(faults).0,
        }
    }

    fn forced_times(&self, faults: &mut Faults) -> Values {
        let tries = [Order::MonthFirst, Order::DayFirst].map(|order| self.times(order, None));
        let best = tries.into_iter().flatten().min_by_key(|(_, odd)| odd.total);
        let present = self.iter().filter(|cell| cell.text.is_some()).count();
        match best {
            Some((times, odd)) if odd.total * 2 <= present => {
                *faults = odd;
                Values::Time(times)
            }
            _ => {
                let count = |text: &str| values::number(text, false).and_then(times::from_epoch);
                let (times, odd) = self.times_by(count, None).unwrap_or_else(|| (no_times(), Faults::new(0)));
                *faults = odd;
                Values::Time(times)
            }
        }
    }

    /// The cells as numbers with those that are none; nothing when more than `spare` are none, when they are more
    /// than `1 - MOSTLY` of what is present, or when one is a code of digits. Without `spare` every cell is taken.
    fn numbers(&self, spare: Option<usize>) -> Option<(Float64Array, Faults)> {
        let mut builder = Float64Builder::with_capacity(self.rows.rows);
        let mut odd = Faults::new(self.listed);
        for cell in self.iter() {
            let number = cell.text.and_then(|text| values::number(text, self.comma));
            if let Some(text) = cell.text {
                if spare.is_some() && number.is_some() && values::is_code(text) {
                    return None;
                }
                if number.is_none() {
                    odd.add_with(|| cell.bad(self.name, format!("`{}` is no number", shorten(text))));
                    if spare.is_some_and(|spare| odd.total > spare) {
                        return None;
                    }
                }
            }
            builder.append_option(number);
        }
        let numbers = builder.finish();
        enough(numbers.len() - numbers.null_count(), odd.total, spare).then_some((numbers, odd))
    }

    fn times(&self, order: Order, spare: Option<usize>) -> Option<(TimestampMillisecondArray, Faults)> {
        self.times_by(|text| times::parse(text, order), spare)
    }

    fn times_by(
        &self,
        parse: impl Fn(&str) -> Option<i64>,
        spare: Option<usize>,
    ) -> Option<(TimestampMillisecondArray, Faults)> {
        let mut builder = TimestampMillisecondBuilder::new();
        let mut odd = Faults::new(self.listed);
        for cell in self.iter() {
            let time = cell.text.and_then(&parse);
            if let (Some(text), None) = (cell.text, time) {
                odd.add_with(|| cell.bad(self.name, format!("`{}` is no time", shorten(text))));
                if spare.is_some_and(|spare| odd.total > spare) {
                    return None;
                }
            }
            builder.append_option(time);
        }
        let times = builder.finish();
        enough(times.len() - times.null_count(), odd.total, spare).then_some((times, odd))
    }

    fn category(&self) -> Values {
        let mut builder = CategoryBuilder::default();
        for cell in self.iter() {
            builder.push_text(cell.text);
        }
        Values::Category(builder.finish())
    }

    fn text(&self) -> Values {
        Values::Text(self.iter().map(|cell| cell.text).collect::<LargeStringArray>())
    }
}

fn no_times() -> TimestampMillisecondArray {
    TimestampMillisecondArray::new_null(0)
}

/// Whether what fits is the rule and what does not the exception. A column with no value at all fits anything.
fn enough(fit: usize, odd: usize, spare: Option<usize>) -> bool {
    spare.is_none() || odd as f64 <= (1.0 - MOSTLY) * (fit + odd) as f64
}

fn note_odd(reason: &mut String, odd: &Faults) {
    if odd.total > 0 {
        *reason = format!("{reason}, {} of them not: taken as missing", odd.total);
    }
}

/// A value short enough for one line, control characters made visible.
fn shorten(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}
