//! Fisher's exact test of a table of two rows and two columns.

use statrs::function::factorial::ln_binomial;

/// Tables whose chance is called the same as the observed one's: what SciPy allows for rounding.
const SAME: f64 = 1e-7;

/// The two-sided p-value: the chance of all tables with the same margins that are at most as likely as this one, as
/// `scipy.stats.fisher_exact`. 1 where a margin is empty. As many steps as the smaller margin.
pub fn fisher_exact([[a, b], [c, d]]: [[u64; 2]; 2]) -> f64 {
    let (first_row, first_column, total) = (a + b, a + c, a + b + c + d);
    let least = (first_row + first_column).saturating_sub(total);
    let most = first_row.min(first_column);
    let all = ln_binomial(total, first_column);
    let chance =
        |x: u64| (ln_binomial(first_row, x) + ln_binomial(total - first_row, first_column - x) - all).exp();
    let bound = chance(a) * (1.0 + SAME);
    (least..=most).map(chance).filter(|chance| *chance <= bound).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_margin_says_nothing() {
        assert!((fisher_exact([[0, 0], [3, 4]]) - 1.0).abs() < 1e-12);
        assert!((fisher_exact([[3, 0], [4, 0]]) - 1.0).abs() < 1e-12);
        assert!((fisher_exact([[0, 0], [0, 0]]) - 1.0).abs() < 1e-12);
    }
}
