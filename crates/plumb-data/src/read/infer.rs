//! What a column is to the job, told from its values and its name, always with the reason.
//!
//! The rules, in the order in which they are tried on a column of text:
//!
//! 1. Numbers: at least [`MOSTLY`] of its values are numbers and none is a code of digits (`00501`, or an integer
//!    past 2^53). A number column stays a number however few values it has; two-valued ones too.
//! 2. Times: at least [`MOSTLY`] of its values are points in time. Counts since 1970 are numbers unless the job says
//!    `time`.
//! 3. Everything else is a category, a text or an id: see [`of_texts`].
//!
//! A number column is an id when it counts the rows, or is named like an id and hardly repeats: see [`of_numbers`].

use arrow_array::types::UInt32Type;
use arrow_array::{Array, DictionaryArray, Float64Array, LargeStringArray};

use crate::Kind;

/// Share of the values that must be numbers (or times) for the column to be one; the odd ones are then listed as
/// bad and missing. 0.99: a stray word in a thousand rows is an error in the data, one in twenty is a category.
pub const MOSTLY: f64 = 0.99;

/// Share of distinct values from which a column hardly repeats. 0.99: an export with a few double rows stays an id.
pub const UNIQUE: f64 = 0.99;

/// Rows under which nothing is called an id or a text: in a handful of rows every value differs by chance.
pub const ENOUGH_ROWS: usize = 20;

/// Words a value has on average from which it is text. 4: names of things have up to three.
pub const TEXT_WORDS: f64 = 4.0;

/// Share of distinct values from which long values are free text and not the long names of categories.
pub const TEXT_DISTINCT: f64 = 0.5;

/// Share of distinct values above which even short words serve no model as a category.
pub const NAMES_DISTINCT: f64 = 0.9;

/// The kind of a number column and why.
pub(super) fn of_numbers(name: &str, values: &Float64Array) -> (Kind, String) {
    let present = values.len() - values.null_count();
    if present == 0 {
        return (Kind::Number, "every value is missing".to_owned());
    }
    if present >= ENOUGH_ROWS {
        if let Some(first) = counts_rows(values) {
            return (Kind::Id, format!("counts the rows from {first}"));
        }
        if named_like_id(name) && values.iter().flatten().all(|x| x.fract() == 0.0) {
            let distinct = distinct(values);
            if distinct as f64 >= UNIQUE * present as f64 {
                return (
                    Kind::Id,
                    format!("named like an id, {distinct} distinct integers in {present} rows"),
                );
            }
        }
    }
    (Kind::Number, "its values are numbers".to_owned())
}

/// The first value, when the column is 0, 1, 2, ... or 1, 2, 3, ... without a gap.
fn counts_rows(values: &Float64Array) -> Option<u8> {
    let first = values.values().first().copied()?;
    let counts = |from: f64| values.iter().zip(0_u32..).all(|(x, row)| x == Some(from + f64::from(row)));
    [0_u8, 1]
        .into_iter()
        .find(|&from| first.to_bits() == f64::from(from).to_bits() && counts(f64::from(from)))
}

fn distinct(values: &Float64Array) -> usize {
    let mut bits: Vec<u64> = values.iter().flatten().map(f64::to_bits).collect();
    bits.sort_unstable();
    bits.dedup();
    bits.len()
}

/// The kind of a column of texts and why.
///
/// An id hardly repeats and is one word that is named like an id or has a digit in (nearly) every value. A text
/// varies and has [`TEXT_WORDS`] words or more. Short words that hardly ever repeat are text too. All else is a
/// category.
pub(super) fn of_texts(name: &str, values: &DictionaryArray<UInt32Type>) -> (Kind, String) {
    let Some(levels) = values.values().as_any().downcast_ref::<LargeStringArray>() else {
        return (Kind::Category, "its values are words".to_owned());
    };
    let (distinct, present) = (levels.len(), values.len() - values.null_count());
    let share = distinct as f64 / present.max(1) as f64;
    if present < ENOUGH_ROWS || share < TEXT_DISTINCT {
        return (Kind::Category, format!("{distinct} distinct values in {present} rows"));
    }
    let shape = Shape::of(levels);
    if share >= UNIQUE && shape.words <= 1.0 && (named_like_id(name) || shape.with_digit >= MOSTLY) {
        let why = if named_like_id(name) { "named like an id" } else { "codes with digits" };
        return (Kind::Id, format!("{why}, {distinct} distinct values in {present} rows"));
    }
    if shape.words >= TEXT_WORDS {
        return (
            Kind::Text,
            format!("{:.1} words a value, {distinct} distinct in {present} rows", shape.words),
        );
    }
    if share >= NAMES_DISTINCT {
        return (Kind::Text, format!("hardly a value repeats: {distinct} distinct in {present} rows"));
    }
    (Kind::Category, format!("{distinct} distinct values in {present} rows"))
}

/// How the distinct values look.
struct Shape {
    /// Words of a value, on average.
    words: f64,
    /// Share of the values that hold a digit.
    with_digit: f64,
}

impl Shape {
    /// Levels that are looked at: enough for a share to be exact to a thousandth.
    const SAMPLE: usize = 10_000;

    fn of(levels: &LargeStringArray) -> Self {
        let step = levels.len().div_ceil(Self::SAMPLE).max(1);
        let sample = || (0..levels.len()).step_by(step).map(|level| levels.value(level));
        let n = sample().count().max(1) as f64;
        let words: usize = sample().map(|text| text.split_whitespace().count()).sum();
        let digits = sample().filter(|text| text.bytes().any(|byte| byte.is_ascii_digit())).count();
        Self { words: words as f64 / n, with_digit: digits as f64 / n }
    }
}

/// Whether a column's name says that it names rows: `id`, `row_id`, `customerId`, `uuid`, `index`, `Unnamed: 0`.
pub(super) fn named_like_id(name: &str) -> bool {
    let lower = name.trim().to_lowercase();
    let word = matches!(
        lower.as_str(),
        "id" | "ids"
            | "uid"
            | "uuid"
            | "guid"
            | "key"
            | "index"
            | "idx"
            | "row"
            | "rowid"
            | "rownames"
            | "row_number"
    );
    let tail = ["_id", " id", "-id", ".id", "_uuid", "_key", "_index", "_no", "_number"];
    word || tail.iter().any(|tail| lower.ends_with(tail))
        || name.ends_with("Id")
        || name.ends_with("ID") && name.len() > 2
        || lower.starts_with("id_")
        || lower.starts_with("unnamed")
}
