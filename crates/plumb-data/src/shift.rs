//! How far the columns of two tables are apart.

use plumb_stats::{multiplicity, tests};
use rayon::prelude::*;

use crate::{Column, Kind, Table};

/// A column of two tables.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnShift {
    /// Its name.
    pub column: String,
    /// What the distance is: `kolmogorov-smirnov`, `total-variation`, or `missing` where the shares of missing cells are farther apart.
    pub measure: &'static str,
    /// From 0 to 1.
    pub distance: f64,
    /// The p-value of no difference, adjusted by Holm over all columns.
    pub p: f64,
}

/// The columns that both tables have with values of one type: numbers and times by Kolmogorov and Smirnov, categories by the total
/// variation distance with the chi-squared test (no correction).
pub fn column_shifts(table: &Table, reference: &Table) -> Vec<ColumnShift> {
    let compared =
        |column: &&Column| !matches!(column.kind, Kind::Id | Kind::Ignore | Kind::Text | Kind::Image);
    let columns: Vec<&Column> = table.columns().iter().filter(compared).collect();
    let shift = |column: &&Column| shift(column, reference.column(&column.name)?);
    let mut shifts: Vec<ColumnShift> = columns.par_iter().filter_map(shift).collect();
    let adjusted = multiplicity::holm(&shifts.iter().map(|shift| shift.p).collect::<Vec<_>>());
    shifts.iter_mut().zip(adjusted).for_each(|(shift, p)| shift.p = p);
    shifts
}

fn shift(here: &Column, there: &Column) -> Option<ColumnShift> {
    let numbers = |column: &Column| -> Option<Vec<f64>> {
        match (column.numbers(), column.times()) {
            (Some(numbers), _) => Some(numbers.iter().flatten().collect()),
            (_, Some(times)) => Some(times.iter().flatten().map(|time| time as f64).collect()),
            _ => None,
        }
    };
    let of_missing = from_counts(here, "missing", &missing_counts(here, there));
    let of_values = match (numbers(here), numbers(there)) {
        (Some(a), Some(b)) => tests::ks_two_sample(&a, &b).map(|test| ColumnShift {
            column: here.name.clone(),
            measure: "kolmogorov-smirnov",
            distance: test.statistic,
            p: test.p,
        }),
        (None, None) => from_counts(here, "total-variation", &level_counts(here, there)?),
        // A number here and a category there are different columns by the same name.
        _ => return None,
    };
    match (of_values, of_missing) {
        (Some(values), Some(missing)) if missing.distance > values.distance => Some(missing),
        (values, missing) => values.or(missing),
    }
}

fn missing_counts(here: &Column, there: &Column) -> [Vec<f64>; 2] {
    [here, there].map(|column| vec![column.missing() as f64, (column.len() - column.missing()) as f64])
}

/// Rows by level of both columns, levels in the order of their first appearance here, then there.
fn level_counts(here: &Column, there: &Column) -> Option<[Vec<f64>; 2]> {
    let coded = [here.to_category(), there.to_category()];
    let mut places = std::collections::HashMap::new();
    let mut counts = [Vec::new(), Vec::new()];
    for (side, column) in coded.iter().enumerate() {
        let categories = column.categories()?;
        let place_of: Vec<usize> = (0..categories.len() as u32)
            .map(|code| {
                let next = places.len();
                *places.entry(categories.level(code).to_owned()).or_insert(next)
            })
            .collect();
        for counts in &mut counts {
            counts.resize(places.len(), 0.0);
        }
        for code in (0..column.len()).filter_map(|row| categories.code(row)) {
            counts[side][place_of[code as usize]] += 1.0;
        }
    }
    Some(counts)
}

/// The total variation distance and the chi-squared test of counts.
fn from_counts(column: &Column, measure: &'static str, counts: &[Vec<f64>; 2]) -> Option<ColumnShift> {
    let used = |place: &usize| counts[0][*place] + counts[1][*place] > 0.0;
    let places: Vec<usize> = (0..counts[0].len()).filter(used).collect();
    let table: Vec<Vec<f64>> =
        counts.iter().map(|side| places.iter().map(|&place| side[place]).collect()).collect();
    let test = tests::chi_squared(&table)?;
    let totals = [0, 1].map(|side: usize| table[side].iter().sum::<f64>());
    let difference = |(a, b): (&f64, &f64)| (a / totals[0] - b / totals[1]).abs();
    let distance = table[0].iter().zip(&table[1]).map(difference).sum::<f64>() / 2.0;
    Some(ColumnShift { column: column.name.clone(), measure, distance, p: test.p })
}
