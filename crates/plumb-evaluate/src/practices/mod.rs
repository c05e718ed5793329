//! The practices of evaluation and fairness: one file each, one row each in [`practices`].

mod beats_baseline;
mod beats_scratch;
mod calibration;
mod changed_rows;
mod column_shares;
mod confidence_interval;
mod conformal;
mod cross_validation;
mod decision_threshold;
mod disparate_impact;
mod equalized_odds;
mod forgetting;
mod group_calibration;
mod group_performance;
mod imbalance_aware;
mod input_shift;
mod mitigation;
mod regression_errors;
mod robustness;
mod seed_variance;
mod shift;
mod shortcuts;
mod systematic_errors;
mod test_reads;
mod values_beside_others;

use plumb_ledger::Practice;

use crate::EvaluateContext;

pub use test_reads::TestRead;

/// Every practice of this crate, in the order in which they are judged. A function and no static, because what a
/// context borrows lives shorter than the program.
pub fn practices<'a>() -> Vec<Practice<EvaluateContext<'a>>> {
    vec![
        Practice { page: beats_baseline::PAGE, judge: beats_baseline::judge },
        Practice { page: test_reads::PAGE, judge: test_reads::judge },
        Practice { page: confidence_interval::PAGE, judge: confidence_interval::judge },
        Practice { page: cross_validation::PAGE, judge: cross_validation::judge },
        Practice { page: seed_variance::PAGE, judge: seed_variance::judge },
        Practice { page: imbalance_aware::PAGE, judge: imbalance_aware::judge },
        Practice { page: regression_errors::PAGE, judge: regression_errors::judge },
        Practice { page: systematic_errors::PAGE, judge: systematic_errors::judge },
        Practice { page: shift::PAGE, judge: shift::judge },
        Practice { page: input_shift::PAGE, judge: input_shift::judge },
        Practice { page: calibration::PAGE, judge: calibration::judge },
        Practice { page: conformal::PAGE, judge: conformal::judge },
        Practice { page: decision_threshold::PAGE, judge: decision_threshold::judge },
        Practice { page: robustness::PAGE, judge: robustness::judge },
        Practice { page: beats_scratch::PAGE, judge: beats_scratch::judge },
        Practice { page: forgetting::PAGE, judge: forgetting::judge },
        Practice { page: shortcuts::PAGE, judge: shortcuts::judge },
        Practice { page: column_shares::PAGE, judge: column_shares::judge },
        Practice { page: group_performance::PAGE, judge: group_performance::judge },
        Practice { page: disparate_impact::PAGE, judge: disparate_impact::judge },
        Practice { page: equalized_odds::PAGE, judge: equalized_odds::judge },
        Practice { page: group_calibration::PAGE, judge: group_calibration::judge },
        Practice { page: mitigation::PAGE, judge: mitigation::judge },
    ]
}

/// Below this many rows a slice's rate is a guess: with 30, a rate of one half is known to within 18 points.
pub(crate) const LEAST_ROWS: usize = 30;

/// Chance that a practice allows itself to be wrong about one table, after correction for the number of looks.
pub(crate) const SIGNIFICANCE: f64 = 0.01;

/// What the practices of transfer say of a network that starts from nothing.
const NOT_PRETRAINED: &str = "the network was not trained before";

/// What each practice says when no part could be evaluated.
const NOTHING_JUDGED: &str = "no part has labelled rows to judge";

#[cfg(test)]
mod tests;
