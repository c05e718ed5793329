//! The unpaired bootstrap: is a metric of one sample of rows that of another?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::describe::deviation;
use crate::distributions::{normal_quantile, normal_two_sided};
use crate::outcome::Owned;
use crate::ranks::by_score;
use crate::resample::draw_weights;
use crate::{Bootstrap, Metric, Outcome};

/// A difference of a metric between two samples of rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnpairedDifference {
    /// The metric of the first.
    pub first: f64,
    /// The metric of the second.
    pub second: f64,
    /// The first minus the second.
    pub difference: f64,
    /// The lower end of the difference's interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The two-sided p-value of no difference.
    pub p: f64,
}

/// The metric of `first` minus that of `second`, whose rows are others. Each sample is resampled by itself; the standard error of the
/// difference is the root of the sum of both variances, interval and p-value are those of a normal with it, so that p-values far below
/// one in the number of resamples have a meaning. `None` when the metric is undefined on either or on most resamples.
pub fn unpaired_bootstrap(
    first: &Outcome<'_>,
    second: &Outcome<'_>,
    metric: &Metric,
    settings: &Bootstrap,
) -> Option<UnpairedDifference> {
    let (first, first_error) = with_error(first, metric, settings, 0)?;
    let (second, second_error) = with_error(second, metric, settings, 1)?;
    let (difference, error) = (first - second, first_error.hypot(second_error));
    let half = normal_quantile(settings.tails()[1]) * error;
    let p = match (error > 0.0, difference.abs() > 0.0) {
        (true, _) => normal_two_sided(difference / error),
        (false, true) => 0.0,
        (false, false) => 1.0,
    };
    Some(UnpairedDifference { first, second, difference, low: difference - half, high: difference + half, p })
}

/// The metric and its standard error.
fn with_error(
    outcome: &Outcome<'_>,
    metric: &Metric,
    settings: &Bootstrap,
    sample: u64,
) -> Option<(f64, f64)> {
    let plan = match by_score(outcome) {
        Some(order) => (metric.plan)(&Owned::of_rows(outcome, &order).outcome()),
        None => (metric.plan)(outcome),
    }?;
    let value = plan.value()?;
    let draw = |r: usize| plan.weighted(&draw_weights(settings.stream(r).at(sample), plan.rows()));
    let values: Vec<Option<f64>> = (0..settings.resamples).into_par_iter().map(draw).collect();
    let values: Vec<f64> = values.into_iter().flatten().collect();
    if values.len() * 2 <= settings.resamples {
        return None;
    }
    Some((value, deviation(&values)?))
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Seed;

    use super::*;

    #[test]
    fn the_error_of_an_accuracy_is_the_binomial_one() {
        let right = |of_ten: u32, rows: u32| -> (Vec<u32>, Vec<f64>) {
            let truth: Vec<u32> = (0..rows).map(|row| row % 2).collect();
            let p = truth.iter().enumerate().flat_map(|(row, &class)| {
                let hit = row as u32 % 10 < of_ten;
                if (class == 1) == hit { [0.1, 0.9] } else { [0.9, 0.1] }
            });
            let p = p.collect();
            (truth, p)
        };
        let ((t, p), (u, q)) = (right(9, 1000), right(8, 500));
        let first = Outcome::Classes { truth: &t, probabilities: &p, classes: 2 };
        let second = Outcome::Classes { truth: &u, probabilities: &q, classes: 2 };
        let settings = Bootstrap { resamples: 4000, ..Bootstrap::new(Seed(1)) };
        let accuracy = crate::metric("accuracy").unwrap();
        let found = unpaired_bootstrap(&first, &second, accuracy, &settings).unwrap();
        let error = (0.9f64 * 0.1 / 1000.0 + 0.8 * 0.2 / 500.0).sqrt();
        assert!((found.difference - 0.1).abs() < 1e-12);
        assert!(((found.high - found.low) / 2.0 / 1.959_964 / error - 1.0).abs() < 0.04, "{found:?}");
        assert!(found.p < 1e-5);
        let same = unpaired_bootstrap(&first, &first, accuracy, &settings).unwrap();
        assert!((same.difference, same.p) == (0.0, 1.0));
    }
}
