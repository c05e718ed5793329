//! Pearson's chi-squared test of independence in a contingency table.

use crate::distributions::chi_squared_upper;

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// The sum of (observed - expected)^2 / expected.
    pub statistic: f64,
    /// (rows - 1)(columns - 1), counted without empty ones.
    pub degrees: usize,
    /// The p-value.
    pub p: f64,
    /// The smallest expected count: below about 5 the p-value is rough.
    pub smallest_expected: f64,
    /// The sum of all counts.
    pub total: f64,
    /// The smaller of the numbers of rows and columns that are not empty.
    pub smaller_side: usize,
}

/// The test without Yates' correction. Empty rows and columns are left out; `None` when fewer than two of either
/// remain, when rows differ in length, or when a count is negative or not finite.
pub fn chi_squared(table: &[Vec<f64>]) -> Option<ChiSquared> {
    pearson(table, 0.0)
}

/// The test with Yates' correction where there is one degree of freedom: SciPy's default.
pub fn chi_squared_yates(table: &[Vec<f64>]) -> Option<ChiSquared> {
    pearson(table, 0.5)
}

fn pearson(table: &[Vec<f64>], correction: f64) -> Option<ChiSquared> {
    let width = table.first()?.len();
    let legal = |row: &Vec<f64>| row.len() == width && row.iter().all(|x| x.is_finite() && *x >= 0.0);
    if !table.iter().all(legal) {
        return None;
    }
    let rows: Vec<f64> = table.iter().map(|row| row.iter().sum()).collect();
    let columns: Vec<f64> = (0..width).map(|c| table.iter().map(|row| row[c]).sum()).collect();
    let filled = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count();
    let (height, width) = (filled(&rows), filled(&columns));
    if height < 2 || width < 2 {
        return None;
    }
    let total: f64 = rows.iter().sum();
    let degrees = (height - 1) * (width - 1);
    let correction = if degrees == 1 { correction } else { 0.0 };
    let (mut statistic, mut smallest_expected) = (0.0, f64::INFINITY);
    for (row, row_sum) in table.iter().zip(&rows).filter(|(_, sum)| **sum > 0.0) {
        for (observed, column_sum) in row.iter().zip(&columns).filter(|(_, sum)| **sum > 0.0) {
            let expected = row_sum * column_sum / total;
            let off = (observed - expected).abs();
            // The correction never moves an observation past its expectation.
            statistic += (off - correction.min(off)).powi(2) / expected;
            smallest_expected = expected.min(smallest_expected);
        }
    }
    let p = chi_squared_upper(statistic, degrees as f64);
    Some(ChiSquared { statistic, degrees, p, smallest_expected, total, smaller_side: height.min(width) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_tables_are_none() {
        let tables = [vec![], vec![vec![]], vec![vec![1.0, 2.0]], vec![vec![1.0, 0.0], vec![2.0, 0.0]]];
        assert!(tables.iter().all(|table| chi_squared(table).is_none()));
        assert!(chi_squared(&[vec![1.0, 2.0], vec![1.0]]).is_none());
        assert!(chi_squared(&[vec![1.0, -2.0], vec![1.0, 3.0]]).is_none());
    }
}
