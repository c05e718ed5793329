//! McNemar's test: do two classifiers err on different rows by more than chance?

use serde::{Deserialize, Serialize};

use crate::distributions::{chi_squared_upper, fair_binomial_cdf};

/// Which form of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum McNemarVariant {
    /// Binomial, for any counts.
    Exact,
    /// Chi-squared without correction.
    ChiSquared,
    /// Chi-squared with Edwards' continuity correction.
    Corrected,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// The smaller count (exact), else chi-squared with one degree of freedom.
    pub statistic: f64,
    /// The p-value; 1 when the two never disagree.
    pub p: f64,
}

/// `b` rows only the first got right, `c` rows only the second; as `statsmodels` computes it.
pub fn mcnemar(b: u64, c: u64, variant: McNemarVariant) -> McNemar {
    let (small, total) = (b.min(c), b + c);
    if total == 0 {
        return McNemar { statistic: 0.0, p: 1.0 };
    }
    let correction = match variant {
        McNemarVariant::Exact => {
            return McNemar { statistic: small as f64, p: (2.0 * fair_binomial_cdf(small, total)).min(1.0) };
        }
        McNemarVariant::ChiSquared => 0.0,
        McNemarVariant::Corrected => 1.0,
    };
    let statistic = (b.abs_diff(c) as f64 - correction).powi(2) / total as f64;
    McNemar { statistic, p: chi_squared_upper(statistic, 1.0) }
}
