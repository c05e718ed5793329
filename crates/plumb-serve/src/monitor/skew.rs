//! Whether rows come as training had them: categories, values and gaps that it did not know.

use plumb_data::prepare::{Encoding, Preparation};
use plumb_data::{Column, Kind};
use plumb_stats::multiplicity;
use plumb_stats::tests::{beyond_extremes, fisher_exact};

use super::figures::Finding;
use super::rows::Rows;

/// A share of rows that counts.
pub(super) const SHARE: f64 = 0.01;
/// Values that are shown of a column.
const EXAMPLES: usize = 5;

/// What in a window training did not know: categories that the preparation has no code for, gaps in columns where the reference has none,
/// values beyond the extremes of the reference. Each with the p-value of finding so many where rows come from one source.
pub(super) fn findings(
    reference: &Rows,
    window: &Rows,
    preparation: &Preparation,
    level: f64,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = preparation
        .columns
        .iter()
        .filter_map(|column| {
            Some((
                &column.encoding,
                reference.table.column(&column.name)?,
                window.table.column(&column.name)?,
            ))
        })
        .flat_map(|(encoding, then, now)| {
            let values = match encoding {
                Encoding::OneHot(of) => unseen(&of.levels.known, then, now),
                Encoding::Embedding(of) => unseen(&of.known, then, now),
                Encoding::Number { .. } => beyond(then, now),
                Encoding::Time { .. } | Encoding::Image(_) | Encoding::Text => None,
            };
            values.into_iter().chain(missing(then, now))
        })
        .collect();
    let adjusted = multiplicity::holm(&found.iter().map(|found| found.p).collect::<Vec<_>>());
    for (found, adjusted) in found.iter_mut().zip(adjusted) {
        found.p = adjusted;
        found.counts = adjusted <= level && found.share >= SHARE;
    }
    found
}

/// A finding, where there is any such row.
fn finding(now: &Column, what: &str, rows: &[usize], p: f64) -> Option<Finding> {
    let mut examples: Vec<String> =
        rows.iter().take(1_000).map(|&row| now.display(row)).filter(|text| !text.is_empty()).collect();
    examples.sort();
    examples.dedup();
    examples.truncate(EXAMPLES);
    (!rows.is_empty()).then(|| Finding {
        column: now.name.clone(),
        what: what.to_owned(),
        rows: rows.len(),
        share: rows.len() as f64 / now.len().max(1) as f64,
        p,
        examples,
        counts: false,
    })
}

/// Whether more rows have something now than then.
fn more(then: usize, of_then: usize, now: usize, of_now: usize) -> f64 {
    let [a, b] = [then, now].map(|count| count as u64);
    let [n, m] = [of_then, of_now].map(|count| count as u64);
    fisher_exact([[a, n.saturating_sub(a)], [b, m.saturating_sub(b)]])
}

fn unseen(known: &[String], then: &Column, now: &Column) -> Option<Finding> {
    let known: std::collections::HashSet<&str> = known.iter().map(String::as_str).collect();
    let rows = |column: &Column| {
        let is_unseen = |row: &usize| column.text_at(*row).is_some_and(|text| !known.contains(text));
        (0..column.len()).filter(is_unseen).collect::<Vec<_>>()
    };
    let (before, after) = (rows(then), rows(now));
    let p = more(before.len(), then.len(), after.len(), now.len());
    // Rare categories have no code either; what counts is whether there are more.
    let is_more =
        after.len() as f64 / now.len().max(1) as f64 > before.len() as f64 / then.len().max(1) as f64;
    finding(now, "unseen categories", &after, if is_more { p } else { 1.0 })
}

fn missing(then: &Column, now: &Column) -> Option<Finding> {
    if then.missing() > 0 {
        return None;
    }
    let rows: Vec<usize> = (0..now.len()).filter(|&row| now.is_missing(row)).collect();
    let p = more(0, then.len(), rows.len(), now.len());
    finding(now, "missing values", &rows, p)
}

fn beyond(then: &Column, now: &Column) -> Option<Finding> {
    let known: Vec<f64> = then.numbers()?.iter().flatten().collect();
    let numbers = now.numbers().filter(|_| now.kind == Kind::Number)?;
    let low = known.iter().copied().fold(f64::INFINITY, f64::min);
    let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_beyond =
        |(_, value): &(usize, Option<f64>)| value.is_some_and(|value| value < low || value > high);
    let rows: Vec<usize> = numbers.iter().enumerate().filter(is_beyond).map(|(row, _)| row).collect();
    let p = beyond_extremes(known.len(), now.len() - now.missing(), rows.len())?;
    finding(now, "values beyond the extremes", &rows, p)
}
