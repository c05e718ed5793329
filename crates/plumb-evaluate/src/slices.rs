//! Slices: rows that share a value of one column, and whether they fare worse than the rest.

use plumb_data::{Column, Table};
use plumb_stats::describe::quantile_of_sorted;
use plumb_stats::multiplicity::holm;
use plumb_stats::tests::{Moments, welch};
use rayon::prelude::*;
use serde_json::{Value, json};

/// Rows that share a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The column, or columns joined by ` x `.
    pub(crate) column: String,
    /// The value, or the range.
    pub(crate) value: String,
    /// Places among the rows that were sliced, ascending.
    pub(crate) places: Vec<u32>,
}

/// Numbers are cut into fifths: fine enough to find an end of the range, coarse enough to keep rows.
const FIFTHS: usize = 5;

/// Whole numbers of so few values are codes, or as good as.
const CODES: usize = 20;

/// Values of a column that are looked at, the most frequent first: beyond, slices are too small to judge.
const VALUES: usize = 50;

/// The slices of a column: one for each category, month or fifth of the numbers, and one for the missing values.
/// Columns of text, images and ids have none.
pub(crate) fn by_column(column: &Column, rows: &[u32]) -> Vec<Slice> {
    let labels = labels(column, rows);
    let mut groups = std::collections::BTreeMap::<String, Vec<u32>>::new();
    for (place, label) in labels.into_iter().enumerate() {
        if let Some(label) = label {
            groups.entry(label).or_default().push(place as u32);
        }
    }
    let slice = |(value, places)| Slice { column: column.name.clone(), value, places };
    let mut slices: Vec<Slice> = groups.into_iter().map(slice).collect();
    slices.sort_by_key(|slice| std::cmp::Reverse(slice.places.len()));
    slices.truncate(VALUES);
    slices
}

/// The label of each row.
pub(crate) fn labels(column: &Column, rows: &[u32]) -> Vec<Option<String>> {
    let grouping = Grouping::new(column, rows);
    rows.iter().map(|&row| grouping.label(row)).collect()
}

/// How the rows of a column fall into groups: by category, month, or fifth of the numbers.
#[derive(Debug)]
pub struct Grouping<'a> {
    column: &'a Column,
    fifths: Option<Fifths>,
}

impl<'a> Grouping<'a> {
    /// The groups of a column; numbers are cut at the fifths of `rows`.
    pub fn new(column: &'a Column, rows: &[u32]) -> Self {
        let fifths = column.numbers().map(|numbers| {
            let present = rows.iter().map(|&row| row as usize).filter(|&row| !column.is_missing(row));
            Fifths::new(present.map(|row| numbers.value(row)).collect())
        });
        Self { column, fifths }
    }

    /// The group of a row of the table; none in columns of texts, pictures and ids.
    pub fn label(&self, row: u32) -> Option<String> {
        let (column, row) = (self.column, row as usize);
        if column.is_missing(row) {
            return Some("(missing)".to_owned());
        }
        if let (Some(numbers), Some(fifths)) = (column.numbers(), &self.fifths) {
            return Some(fifths.label(numbers.value(row)));
        }
        if column.times().is_some() {
            // The first seven characters of an ISO time are its year and month.
            return Some(column.display(row).chars().take(7).collect());
        }
        column.categories().and_then(|categories| categories.text(row)).map(str::to_owned)
    }
}

/// Numbers cut into fifths, or left as they are when there are few different ones.
#[derive(Debug)]
enum Fifths {
    Few,
    Edges(Vec<f64>),
}

impl Fifths {
    fn new(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let mut distinct = numbers.clone();
        distinct.dedup();
        let are_codes = distinct.len() <= CODES && distinct.iter().all(|x| x.fract().abs() <= 0.0);
        if distinct.len() <= FIFTHS || are_codes {
            return Self::Few;
        }
        let mut edges: Vec<f64> =
            (1..FIFTHS).map(|i| quantile_of_sorted(&numbers, i as f64 / FIFTHS as f64)).collect();
        edges.dedup();
        Self::Edges(edges)
    }

    fn label(&self, number: f64) -> String {
        let Self::Edges(edges) = self else { return number.to_string() };
        let at = edges.partition_point(|edge| *edge < number);
        match (at.checked_sub(1).and_then(|below| edges.get(below)), edges.get(at)) {
            (Some(low), Some(high)) => format!("over {} to {}", rounded(*low), rounded(*high)),
            (Some(low), None) => format!("over {}", rounded(*low)),
            (None, Some(high)) => format!("up to {}", rounded(*high)),
            (None, None) => "any".to_owned(),
        }
    }
}

/// Four significant digits: edges are quantiles and need no more.
fn rounded(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

/// The slices of the named columns, and for two or more of them those of all named values together.
pub(crate) fn by_groups(table: &Table, names: &[String], rows: &[u32]) -> Vec<Slice> {
    let columns: Vec<&Column> = names.iter().filter_map(|name| table.column(name)).collect();
    let mut slices: Vec<Slice> = columns.iter().flat_map(|column| by_column(column, rows)).collect();
    if columns.len() > 1 {
        let all: Vec<Vec<Option<String>>> = columns.iter().map(|column| labels(column, rows)).collect();
        let joined = (0..rows.len()).map(|place| {
            let parts: Option<Vec<String>> = all.iter().map(|labels| labels[place].clone()).collect();
            parts.map(|parts| parts.join(" x "))
        });
        let name = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(" x ");
        let column = Column::category(&name, plumb_data::Kind::Category, joined);
        let places: Vec<u32> = (0..rows.len() as u32).collect();
        slices.extend(by_column(&column, &places));
    }
    slices
}

/// A slice against the rest of the rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison<'a> {
    /// The slice.
    pub(crate) slice: &'a Slice,
    /// The mean error of its rows.
    pub(crate) error: f64,
    /// The mean error of all other rows.
    pub(crate) rest: f64,
    /// The p-value of equal means (Welch), adjusted by Holm over all slices compared.
    pub(crate) p: f64,
}

impl Comparison<'_> {
    /// As a summary names it.
    pub(crate) fn named(&self) -> String {
        let Slice { column, value, .. } = self.slice;
        format!("`{column}` = `{value}` (error {:.3} against {:.3})", self.error, self.rest)
    }

    /// As evidence.
    pub(crate) fn fact(&self) -> Value {
        json!({
            "column": self.slice.column,
            "value": self.slice.value,
            "rows": self.slice.places.len(),
            "error": self.error,
            "error_of_the_rest": self.rest,
            "p_adjusted": self.p,
        })
    }
}

/// Compares each slice of at least `least` rows with all other rows (at least as many), the worst first: by error
/// beyond that of the rest. One pass over a slice's rows.
pub(crate) fn compare<'a>(errors: &[f64], slices: &'a [Slice], least: usize) -> Vec<Comparison<'a>> {
    let n = errors.len();
    let mean = errors.iter().sum::<f64>() / n.max(1) as f64;
    let squares: f64 = errors.iter().map(|e| (e - mean) * (e - mean)).sum();
    let fits = |slice: &&Slice| slice.places.len() >= least && n - slice.places.len() >= least;
    let mut compared = Vec::new();
    for slice in slices.iter().filter(fits) {
        let own = slice.places.iter().map(|&place| errors[place as usize] - mean);
        let (sum, square) = own.fold((0.0, 0.0), |(sum, square), e| (sum + e, square + e * e));
        // Deviations from the overall mean sum to 0, so the rest's sum is the slice's with the sign turned.
        let inside = moments(slice.places.len(), sum, square);
        let outside = moments(n - slice.places.len(), -sum, squares - square);
        let p = welch(&inside, &outside).unwrap_or(1.0);
        compared.push(Comparison { slice, error: mean + inside.mean, rest: mean + outside.mean, p });
    }
    let adjusted = holm(&compared.iter().map(|c| c.p).collect::<Vec<_>>());
    for (comparison, p) in compared.iter_mut().zip(adjusted) {
        comparison.p = p;
    }
    compared.sort_by(|a, b| (b.error - b.rest).total_cmp(&(a.error - a.rest)));
    compared
}

/// Rows with one value in each of two columns, against all other rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// `a = x and b = y`.
    pub(crate) name: String,
    /// How many rows.
    pub(crate) rows: usize,
    /// Their mean error.
    pub(crate) error: f64,
    /// The mean error of all other rows.
    pub(crate) rest: f64,
    /// The larger of the mean errors of the rows with the one and with the other value.
    pub(crate) of_one: f64,
    /// The p-value of equal means (Welch), adjusted by Holm over all pairs compared.
    pub(crate) p: f64,
}

/// Columns times columns times rows that are looked at: a second or so.
const PAIRS_WORK: usize = 200_000_000;
/// Columns whose pairs are looked at.
const PAIRS_COLUMNS: usize = 30;
/// No value that has a slice.
const NONE: u16 = u16::MAX;

/// Every pair of values of two columns with at least `least` rows (and as many others), the worst first. `of_columns` holds the slices of
/// each column. One pass over the rows for each pair of columns, in parallel.
pub(crate) fn crossed(errors: &[f64], of_columns: &[Vec<Slice>], least: usize) -> Vec<Pair> {
    let n = errors.len();
    let mut columns = of_columns.len().min(PAIRS_COLUMNS);
    while columns * columns.saturating_sub(1) / 2 * n > PAIRS_WORK {
        columns -= 1;
    }
    let mean = errors.iter().sum::<f64>() / n.max(1) as f64;
    let centred: Vec<f64> = errors.iter().map(|error| error - mean).collect();
    let squares: f64 = centred.iter().map(|error| error * error).sum();
    let codes: Vec<Vec<u16>> = of_columns[..columns].iter().map(|slices| codes(slices, n)).collect();
    let places: Vec<(usize, usize)> =
        (0..columns).flat_map(|a| (a + 1..columns).map(move |b| (a, b))).collect();
    let of_pair = |&(a, b): &(usize, usize)| -> Vec<Pair> {
        let wide = of_columns[b].len();
        let mut cells = vec![(0usize, 0.0, 0.0); of_columns[a].len() * wide];
        for ((&x, &y), error) in codes[a].iter().zip(&codes[b]).zip(&centred) {
            if x != NONE && y != NONE {
                let cell = &mut cells[x as usize * wide + y as usize];
                *cell = (cell.0 + 1, cell.1 + error, cell.2 + error * error);
            }
        }
        let fits = |count: usize| count >= least && n - count >= least;
        let found = cells.into_iter().enumerate().filter(|(_, cell)| fits(cell.0)).map(
            |(at, (rows, sum, square))| {
                let (first, second) = (&of_columns[a][at / wide], &of_columns[b][at % wide]);
                let (inside, outside) =
                    (moments(rows, sum, square), moments(n - rows, -sum, squares - square));
                let of_value = |slice: &Slice| {
                    mean + slice.places.iter().map(|&place| centred[place as usize]).sum::<f64>()
                        / slice.places.len() as f64
                };
                Pair {
                    name: format!(
                        "`{}` = `{}` and `{}` = `{}`",
                        first.column, first.value, second.column, second.value
                    ),
                    rows,
                    error: mean + inside.mean,
                    rest: mean + outside.mean,
                    // Looked up for what is worse than the average alone: nothing else is ever told.
                    of_one: if inside.mean > 0.0 { of_value(first).max(of_value(second)) } else { 0.0 },
                    p: welch(&inside, &outside).unwrap_or(1.0),
                }
            },
        );
        found.collect()
    };
    let mut pairs: Vec<Pair> = places.par_iter().map(of_pair).collect::<Vec<_>>().concat();
    let adjusted = holm(&pairs.iter().map(|pair| pair.p).collect::<Vec<_>>());
    for (pair, p) in pairs.iter_mut().zip(adjusted) {
        pair.p = p;
    }
    pairs.sort_by(|a, b| (b.error - b.rest).total_cmp(&(a.error - a.rest)));
    pairs
}

/// For each row the number of its slice among those of a column.
fn codes(slices: &[Slice], rows: usize) -> Vec<u16> {
    let mut codes = vec![NONE; rows];
    for (code, slice) in (0..NONE).zip(slices) {
        for &place in &slice.places {
            codes[place as usize] = code;
        }
    }
    codes
}

fn moments(count: usize, sum: f64, squares: f64) -> Moments {
    let n = count as f64;
    let mean = sum / n;
    Moments { count, mean, variance: ((squares - sum * mean) / (n - 1.0)).max(0.0) }
}

#[cfg(test)]
mod tests {
    use plumb_data::Kind;

    use super::*;

    #[test]
    fn numbers_fall_into_fifths_and_missing_stands_apart() {
        let numbers = (0..100).map(|i| if i == 0 { None } else { Some(f64::from(i)) });
        let column = Column::number("x", Kind::Number, numbers);
        let slices = by_column(&column, &(0..100).collect::<Vec<_>>());
        assert_eq!(slices.len(), 6);
        assert_eq!(slices.iter().map(|slice| slice.places.len()).sum::<usize>(), 100);
        assert!(slices.iter().any(|slice| slice.value == "(missing)" && slice.places == [0]));
    }

    #[test]
    fn a_bad_pair_is_found_where_its_values_alone_are_not_bad() {
        let code = |row: usize, at: u64| plumb_ledger::Seed(5).stream("pairs").at(at).below(row as u64, 4);
        let column = |at: u64| {
            Column::category(
                &format!("c{at}"),
                Kind::Category,
                (0..2000).map(move |row| Some(["w", "x", "y", "z"][code(row, at)])),
            )
        };
        let rows: Vec<u32> = (0..2000).collect();
        let of_columns: Vec<Vec<Slice>> = (0..4).map(|at| by_column(&column(at), &rows)).collect();
        let is_bad = |row: usize| code(row, 1) == 2 && code(row, 3) == 0;
        let error = |row: usize| f64::from(u8::from(row.is_multiple_of(if is_bad(row) { 2 } else { 10 })));
        let errors: Vec<f64> = (0..2000).map(error).collect();
        let pairs = crossed(&errors, &of_columns, 30);
        assert_eq!(pairs[0].name, "`c1` = `y` and `c3` = `w`");
        assert!(pairs[0].p < 1e-6 && pairs[0].of_one < 0.3 && pairs[0].error > 0.4, "{:?}", pairs[0]);
        assert!(pairs[1..].iter().all(|pair| pair.error < 0.35), "{:?}", pairs[1]);
        assert!(crossed(&[], &[Vec::new(), Vec::new()], 30).is_empty());
    }

    #[test]
    fn a_bad_slice_is_found_and_groups_cross() {
        let texts = (0..400).map(|i| Some(if i % 4 == 0 { "bad" } else { "good" }));
        let other = (0..400).map(|i| Some(if i % 2 == 0 { "a" } else { "b" }));
        let table = Table::new(vec![
            Column::category("c", Kind::Category, texts),
            Column::category("d", Kind::Category, other),
        ])
        .unwrap();
        let rows: Vec<u32> = (0..400).collect();
        let errors: Vec<f64> = (0..400)
            .map(|i| f64::from(u8::from(if i % 4 == 0 { i % 8 == 0 } else { i % 10 == 0 })))
            .collect();
        let slices = by_groups(&table, &["c".to_owned(), "d".to_owned()], &rows);
        assert!(slices.iter().any(|slice| slice.column == "c x d" && slice.value == "bad x a"));
        let compared = compare(&errors, &slices, 30);
        assert_eq!(compared[0].slice.value, "bad");
        assert!(compared[0].p < 1e-6 && (compared[0].error - 0.5).abs() < 1e-12, "{:?}", compared[0]);
    }
}
