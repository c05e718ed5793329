//! How a delimited text is written: its delimiter, whether its first record is a header, blanks behind delimiters.

use plumb_ledger::Limits;

use super::records::Records;
use super::times::{self, Order};
use super::values;

/// How the text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) header: bool,
    /// One blank behind every delimiter belongs to the notation: `a, b, c`.
    pub(super) blank: bool,
}

impl Dialect {
    /// Whether numbers may have a decimal comma: where the semicolon delimits, the comma is free for it.
    pub(super) fn comma(self) -> bool {
        self.delimiter == b';'
    }
}

/// In the order in which ties are resolved.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Share of the records that must be as wide as the first. 0.5: below it the delimiter stands in texts by chance.
const CONSISTENT: f64 = 0.5;

/// The dialect of a text from its first bytes; `complete` when there are no more.
pub(super) fn sniff(head: &[u8], complete: bool, delimiter: Option<u8>, header: Option<bool>) -> Dialect {
    let delimiter = delimiter.unwrap_or_else(|| likeliest_delimiter(head, complete));
    let records = sample(head, complete, delimiter);
    Dialect { delimiter, header: header.unwrap_or_else(|| has_header(&records)), blank: has_blanks(&records) }
}

type Sample = Vec<Vec<String>>;

fn sample(head: &[u8], complete: bool, delimiter: u8) -> Sample {
    let mut reader = Records::new(head, delimiter, &Limits::DEFAULT);
    let mut records = Vec::new();
    // A fault in the head is met again, and reported, when the file is read.
    while let Ok(Some(record)) = reader.next() {
        records.push(record.fields().map(|field| String::from_utf8_lossy(field).into_owned()).collect());
    }
    if !complete && records.len() > 1 {
        records.pop();
    }
    records
}

fn likeliest_delimiter(head: &[u8], complete: bool) -> u8 {
    let score = |delimiter: u8| {
        let records = sample(head, complete, delimiter);
        let width = records.first().map_or(0, Vec::len);
        let same = records.iter().filter(|record| record.len() == width).count();
        let share = same as f64 / records.len().max(1) as f64;
        if width > 1 && share > CONSISTENT { (share, width) } else { (0.0, 0) }
    };
    let better = |best: (u8, (f64, usize)), delimiter: u8| {
        let found = score(delimiter);
        if found > best.1 { (delimiter, found) } else { best }
    };
    DELIMITERS.into_iter().fold((b',', (0.0, 0)), better).0
}

/// A header is a record of words over columns of numbers, or of distinct words that no row below repeats.
///
/// Each column whose values are numbers or times has a vote: against a header when its first value is one too, for it
/// when it is a word. Numbers that count up by one (`0`, `1`, `2` or years) are names.
fn has_header(records: &Sample) -> bool {
    let Some((first, rest)) = records.split_first() else { return true };
    if counts_up(first) {
        return true;
    }
    if rest.is_empty() {
        return !first.iter().any(|field| is_value(field));
    }
    let (mut words, mut numbers) = (0, 0);
    for (column, field) in first.iter().enumerate() {
        let below = || rest.iter().filter_map(|record| record.get(column)).filter(|f| !values::is_missing(f));
        let (all, valued) = (below().count(), below().filter(|field| is_value(field)).count());
        if all > 0 && valued * 10 >= all * 9 {
            if is_value(field) { numbers += 1 } else { words += 1 }
        }
    }
    words >= numbers
}

fn is_value(field: &str) -> bool {
    values::number(field, true).is_some() || times::parse(field, Order::DayFirst).is_some()
}

fn counts_up(fields: &[String]) -> bool {
    let numbers: Vec<i64> = fields.iter().filter_map(|field| field.trim().parse().ok()).collect();
    numbers.len() >= 3
        && numbers.len() + 1 >= fields.len()
        && numbers.windows(2).all(|pair| pair[1].checked_sub(pair[0]) == Some(1))
}

fn has_blanks(records: &Sample) -> bool {
    let mut behind =
        records.iter().flat_map(|record| record.iter().skip(1)).filter(|f| !f.is_empty()).peekable();
    behind.peek().is_some() && behind.all(|field| field.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, delimiter: u8, header: bool) {
        let found = sniff(text.as_bytes(), true, None, None);
        assert_eq!((char::from(found.delimiter), found.header), (char::from(delimiter), header), "{text}");
    }

    #[test]
    fn delimiters_and_headers_are_found() {
        check("a,b\n1,2\n3,4\n", b',', true);
        check("a;b\n1,5;2\n3,5;4\n", b';', true);
        check("a\tb c, d\n1\t2\n", b'\t', true);
        check("a|b\n1|2\n", b'|', true);
        check("39, State-gov, 77516\n50, Private, 83311\n", b',', false);
        check("name,2019,2020,2021\nx,1,2,3\ny,4,5,6\n", b',', true);
        check("word\nhello, world\nthis\n", b',', true);
        check("2013-01-01,5\n2013-01-02,6\n", b',', false);
    }

    #[test]
    fn blanks_behind_delimiters_are_notation_only_where_all_have_one() {
        assert!(sniff(b"39, State-gov, 77516\n50, Private, 83311\n", true, None, None).blank);
        assert!(!sniff(b"a,b\n1, x\n2,y\n", true, None, None).blank);
    }
}
